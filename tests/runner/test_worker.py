"""The worker: endings, watches and the lifeline, within one process where that is possible."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from db.errors import StoreBusy
from db.events import Event, EventType, Status
from db.store import Lease, Wish
from runner.lesson import Lesson
from runner.worker import work
from tests.runner.conftest import COMMAND, PERSON, SITE, Bench, Failing, given, gone
from tests.runner.flows import AUTOMATIONS

pytestmark = pytest.mark.anyio


def _no_page() -> AbstractAsyncContextManager[Any]:
    raise AssertionError("nobody asked for a browser")


async def run(
    bench: Bench,
    automation: str,
    answers: Mapping[str, Any] | None = None,
    *,
    lease: Lease | None = None,
    limits: Mapping[str, Any] | None = None,
    **options: Any,
) -> Event | None:
    """Do the work here; the session's last event."""
    if lease is None:
        await bench.create(automation)
        lease = await bench.claim()
    given: dict[str, Any] = {
        "store": bench.store,
        "lease": lease,
        "automation": replace(AUTOMATIONS[automation], **(limits or {})),
        "answers": answers or {},
        "site": SITE,
        "page": _no_page,
    }
    with anyio.fail_after(20):
        await work(**{**given, **options})
    events = await bench.events()
    return events[-1] if events else None


async def test_a_result_ends_the_work(bench: Bench) -> None:
    ending = await run(bench, "simulacao", {"etapas": 2, "intervalo_s": 0})
    assert ending is not None and ending.type is EventType.RESULT
    assert (await bench.store.session("a")).ended_at is not None


async def test_the_first_renewal_tells_the_process_id(bench: Bench) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(run, bench, "waits")
        session = await bench.until(lambda session: session.last_seq == 2)
        await bench.store.wish("a", Wish.CANCEL)
    assert session.pid == psutil.Process().pid


async def test_a_deadline_names_the_screen(bench: Bench) -> None:
    ending = await run(bench, "waits", limits={"deadline_s": 0.2})
    assert ending is not None
    assert (ending.data["tipo"], ending.data["etapa"]) == ("tempo_esgotado", "4")
    assert ending.data["dados_enviados"] is True
    assert ending.detail == '{"limite":"deadline_s","segundos":0.2}'


async def test_a_silence_ends_the_work_before_the_deadline(bench: Bench) -> None:
    ending = await run(bench, "waits", limits={"silence_s": 0.2})
    assert ending is not None and ending.data["tipo"] == "tempo_esgotado"
    assert ending.detail is not None and "silence_s" in ending.detail


async def test_a_flow_that_speaks_is_not_silent(bench: Bench) -> None:
    answers = {"etapas": 4, "intervalo_s": 0.1}
    ending = await run(bench, "simulacao", answers, limits={"silence_s": 0.3})
    assert ending is not None and ending.type is EventType.RESULT


async def test_what_the_site_broke_is_tried_once_more_and_the_visitor_sees_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.worker.AGAIN_S", 0)
    ending = await run(bench, "stumbles", {"nome": "1"})
    assert ending is not None and ending.type is EventType.RESULT
    told = [(event.data.get("fase"), event.data.get("tentativa")) for event in await bench.events()]
    assert told[:-1] == [("entrou", None), ("aviso", 2), ("entrou", 2)]


async def test_what_fails_again_is_the_ending(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.worker.AGAIN_S", 0)
    ending = await run(bench, "stumbles", {"nome": "9"})
    assert ending is not None and ending.data["tipo"] == "erro_do_site"
    entered = [event for event in await bench.events() if event.data.get("fase") == "entrou"]
    assert len(entered) == 2


@pytest.mark.parametrize(
    "answers",
    [
        # Something was submitted; the visitor's own answer was refused; the browser died.
        {"nome": "9", "cpf": "erro_do_site", "email": "submits"},
        {"nome": "9", "cpf": "placa_desconhecida"},
        {"nome": "9", "cpf": "navegador_caiu"},
    ],
)
async def test_what_another_try_cannot_mend_is_the_ending_at_once(
    bench: Bench, answers: dict[str, str]
) -> None:
    ending = await run(bench, "stumbles", answers)
    assert ending is not None and ending.data["tipo"] == answers["cpf"]
    assert not [event for event in await bench.events() if "tentativa" in event.data]


async def test_what_all_share_is_done_by_one_at_a_time_and_who_waits_says_so(
    bench: Bench, tmp_path: Path
) -> None:
    answers = {"file": str(tmp_path / "go on")}
    leases = []
    for name in ("x", "y"):
        await bench.create("shares", name)
        leases.append(await bench.claim(name))
    async with anyio.create_task_group() as group:
        for lease in leases:
            group.start_soon(partial(run, bench, "shares", answers, lease=lease))
            await bench.screen("15" if lease is leases[0] else "14", lease.session_id)
        await bench.until(lambda session: session.last_seq == 2, "y")
        # The second one has said that it waits, and has not come further.
        waiting = (await bench.events("y"))[-1].data
        assert (waiting["fase"], waiting["etapa"]) == ("aviso", "14")
        (tmp_path / "go on").touch()
    for name in ("x", "y"):
        assert (await bench.ending(name)).type is EventType.RESULT
    told = [(event.data.get("fase"), event.data.get("etapa")) for event in await bench.events("y")]
    assert told[:-1] == [("entrou", "14"), ("aviso", "14"), ("entrou", "15")]


async def test_the_percentage_goes_by_what_earlier_runs_have_taught(bench: Bench) -> None:
    await run(bench, "walks", lesson=Lesson(weights={"1": 90, "2": 10}, remaining={}))
    seen = [event.data["percentual"] for event in await bench.events() if "fase" in event.data]
    assert seen == [0, 90, 90, 99]


async def test_a_failure_within_a_task_group_is_the_ending(bench: Bench) -> None:
    ending = await run(bench, "fails")
    assert ending is not None
    assert (ending.data["tipo"], ending.data["etapa"]) == ("cpf_recusado", "9")


async def test_any_other_exception_is_told_without_its_words(bench: Bench) -> None:
    ending = await run(bench, "raises", PERSON)
    assert ending is not None
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("interno", True)
    assert ending.detail is not None
    assert "RuntimeError < ValueError" in ending.detail and "flows.py:" in ending.detail
    assert "Josefina" not in ending.detail


async def test_a_flow_that_does_not_exist_is_an_ending_too(bench: Bench) -> None:
    ending = await run(bench, "missing")
    assert ending is not None and ending.data["tipo"] == "interno"
    assert ending.detail is not None and "AttributeError" in ending.detail


async def test_a_flow_without_a_result_is_a_failure(bench: Bench) -> None:
    ending = await run(bench, "returns")
    assert ending is not None
    assert (ending.data["tipo"], ending.data["etapa"]) == ("robo_interrompido", "3")


async def test_a_session_cancelled_before_its_first_step_is_not_begun(bench: Bench) -> None:
    await bench.create("waits")
    lease = await bench.claim()
    await bench.store.wish("a", Wish.CANCEL)
    ending = await run(bench, "waits", lease=lease)
    assert ending is not None and (ending.seq, ending.data["tipo"]) == (1, "cancelado")


async def test_a_cancel_stops_the_flow_and_is_true_about_what_was_sent(bench: Bench) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(run, bench, "waits")
        await bench.until(lambda session: session.last_seq == 2)
        await bench.store.wish("a", Wish.CANCEL)
    ending = (await bench.events())[-1]
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("cancelado", True)


async def test_a_worker_that_lost_its_session_writes_nothing_more(bench: Bench) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(run, bench, "waits")
        await bench.until(lambda session: session.last_seq == 2)
        await bench.store.fence("a", "newer", ttl_s=60)
    assert len(await bench.events()) == 2


async def test_a_worker_whose_session_is_already_lost_does_not_begin(bench: Bench) -> None:
    await bench.create("waits")
    lease = await bench.claim()
    await bench.store.fence("a", "newer", ttl_s=60)
    assert await run(bench, "waits", lease=lease) is None


async def test_a_flow_that_finds_its_session_lost_ends_quietly(bench: Bench) -> None:
    await bench.create("simulacao")
    lease = await bench.claim()
    answers = {"etapas": 1000, "intervalo_s": 0}
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: run(bench, "simulacao", answers, lease=lease))
        await bench.until(lambda session: session.last_seq > 2)
        await bench.store.fence("a", "newer", ttl_s=60)
    assert (await bench.store.session("a")).ended_at is None


async def test_a_renewal_that_fails_is_tried_again(bench: Bench) -> None:
    failing = Failing(bench.store, "renew")
    failing.error = StoreBusy("x")
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: run(bench, "waits", store=failing, ttl_s=0.5))
        await bench.until(lambda session: session.last_seq == 2)
        await bench.store.wish("a", Wish.CANCEL)
        failing.error = None
    assert (await bench.events())[-1].data["tipo"] == "cancelado"


async def test_a_worker_without_its_supervisor_ends_even_while_it_blocks(bench: Bench) -> None:
    await bench.create("simulacao")
    lease = await bench.claim()
    job = bench.job(lease, "simulacao", etapas=2, intervalo_s=0, fim="silencio")
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        process.stdin.write(job.line())
        process.stdin.flush()
        await bench.screen("1")
        process.stdin.close()
        assert await anyio.to_thread.run_sync(process.wait) == -9


async def test_a_worker_without_its_supervisor_takes_its_browser_along(
    bench: Bench, tmp_path: Any
) -> None:
    note = tmp_path / "stray"
    await bench.create("has_child")
    job = bench.job(await bench.claim(), "has_child", file=str(note))
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        process.stdin.write(job.line())
        process.stdin.flush()
        await bench.screen("5")
        process.stdin.close()
        await gone(int(note.read_text()))


async def test_a_database_locked_for_a_moment_loses_no_event(bench: Bench) -> None:
    await bench.create("simulacao")
    job = bench.job(await bench.claim(), "simulacao", etapas=20, intervalo_s=0)
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30); "
        "c.execute('BEGIN IMMEDIATE'); print(flush=True); sys.stdin.read(); c.execute('ROLLBACK')"
    )
    async with given(COMMAND, job) as child:
        await bench.screen("1")
        with subprocess.Popen(
            [sys.executable, "-c", code, str(bench.database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other:
            assert other.stdin is not None and other.stdout is not None
            await anyio.to_thread.run_sync(other.stdout.readline)
            before = (await bench.store.session("a")).last_seq
            with anyio.move_on_after(0.5):
                await bench.until(lambda session: session.last_seq > before)
            assert (await bench.store.session("a")).last_seq == before
            other.stdin.close()
        assert (await bench.ending()).type is EventType.RESULT
        assert await child.wait() == 0
    assert len(await bench.events()) == 20 * 2 + 3


async def test_a_worker_that_had_not_begun_gives_its_session_back_when_its_supervisor_goes(
    bench: Bench,
) -> None:
    await bench.create("sleeps")
    job = bench.job(await bench.claim(ttl_s=600), "sleeps")
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        process.stdin.write(job.line())
        process.stdin.flush()
        await bench.until(lambda session: session.pid is not None)
        process.stdin.close()
        await bench.until(lambda session: session.status is Status.QUEUED)
        assert await anyio.to_thread.run_sync(process.wait) == 0
    assert await bench.events() == []
    await bench.claim()


async def test_a_worker_that_starts_without_its_supervisor_does_not_begin(bench: Bench) -> None:
    await bench.create("simulacao")
    job = bench.job(await bench.claim(ttl_s=600), "simulacao", etapas=1000, intervalo_s=0)
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, start_new_session=True) as process:
        # The job is in the pipe, and nobody at its other end, before the interpreter is up.
        await anyio.to_thread.run_sync(process.communicate, job.line())
        assert process.returncode == 0
    assert (await bench.store.session("a")).status is Status.QUEUED
    assert await bench.events() == []


def test_opening_a_page_is_what_loads_the_browser() -> None:
    code = (
        "import sys, runner.worker; page = runner.worker.page_opener(''); "
        "print('playwright' in sys.modules); page(); print('playwright' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert told.stdout.split() == [b"False", b"True"]
