"""Claiming, cancelling, taking over, stopping, and living with a database in trouble."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import anyio
import psutil
import pytest
from structlog.testing import capture_logs

from db.errors import StoreBusy, StoreFull, StoreReadOnly
from db.events import Event, EventType, Status
from db.sqlite import SqliteStore
from db.store import NewSession, Session, Wish
from runner.lesson import Lesson
from runner.supervisor import Workplace
from tests.runner.conftest import SITE, Bench, Failing, gone

pytestmark = pytest.mark.anyio


async def test_twenty_sessions_at_once_all_reach_their_result(bench: Bench) -> None:
    names = [f"s{number}" for number in range(20)]
    for name in names:
        await bench.create("simulacao", name, etapas=3, intervalo_s=0)
    bench.supervise(capacity=20)
    for name in names:
        assert (await bench.ending(name, within_s=40)).data["desfecho"] == "cotacao"


async def test_the_first_event_comes_with_the_claim_and_promises_nothing(bench: Bench) -> None:
    await bench.create("simulacao", etapas=7)
    bench.supervise(command=["sleep", "600"])
    await bench.until(lambda session: session.last_seq == 1)
    first = (await bench.events())[0].data
    assert (first["etapa"], first["percentual"], first["total_etapas"]) == ("0", 0, 7)
    assert (first["fase"], first["status"]) == ("aviso", "running")


async def test_a_new_session_begins_within_a_moment(bench: Bench) -> None:
    bench.supervise()
    await anyio.wait_all_tasks_blocked()
    await bench.create("simulacao", etapas=1, intervalo_s=0)
    session = await bench.until(lambda session: session.last_seq > 0)
    first = (await bench.events())[0]
    waited = datetime.fromisoformat(first.at) - datetime.fromisoformat(session.created_at)
    assert waited.total_seconds() < 0.3
    await bench.ending()


async def test_no_more_sessions_run_than_there_is_capacity_for(bench: Bench) -> None:
    for name in ("a", "b"):
        await bench.create("waits", name)
    bench.supervise(capacity=1)
    await bench.screen("4")
    assert (await bench.store.session("b")).status is Status.QUEUED
    await bench.store.wish("a", Wish.CANCEL)
    await bench.ending()
    await bench.screen("4", "b")


async def test_a_running_session_is_cancelled_truthfully(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise()
    session = await bench.until(lambda session: session.last_seq == 3)
    await bench.store.wish("a", Wish.CANCEL)
    ending = await bench.ending(within_s=5)
    assert ending.status is Status.CANCELLED
    assert (ending.data["etapa"], ending.data["dados_enviados"]) == ("4", True)
    assert session.pid is not None
    await gone(session.pid)


async def test_a_queued_session_is_cancelled_without_a_worker(bench: Bench) -> None:
    await bench.create("waits")
    await bench.store.wish("a", Wish.CANCEL)
    bench.supervise(command=["/nonexistent"])
    ending = await bench.ending()
    assert (ending.seq, ending.status) == (1, Status.CANCELLED)
    assert ending.data["dados_enviados"] is False


async def test_a_queued_session_is_cancelled_though_every_place_is_taken(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise(capacity=1)
    await bench.until(lambda session: session.last_seq == 3)
    await bench.create("waits", "b")
    await bench.store.wish("b", Wish.CANCEL)
    assert (await bench.ending("b")).status is Status.CANCELLED
    assert (await bench.store.session("a")).ended_at is None


async def test_a_wish_to_cancel_is_fulfilled_even_by_a_death(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise(ttl_s=60)
    session = await bench.until(lambda session: session.last_seq == 3)
    process = psutil.Process(session.pid)
    process.suspend()
    await bench.store.wish("a", Wish.CANCEL)
    process.kill()
    assert (await bench.ending()).status is Status.CANCELLED


def _unreadable(_: Session) -> Mapping[str, Any]:
    raise ValueError("Josefina")


@pytest.mark.parametrize(
    ("automation", "options", "tipo"),
    [
        ("unheard-of", {}, "interno"),
        ("waits", {"unseal": _unreadable}, "interno"),
        ("waits", {"command": ["/nonexistent"]}, "robo_interrompido"),
    ],
)
async def test_what_cannot_be_started_ends_and_troubles_no_other(
    bench: Bench, automation: str, options: dict[str, Any], tipo: str
) -> None:
    await bench.create(automation)
    with capture_logs() as logs:
        bench.supervise(**options)
        ending = await bench.ending()
    assert ending.data["tipo"] == tipo
    assert ending.detail is not None and "Josefina" not in ending.detail
    assert "Josefina" not in str(logs)
    await bench.create("unheard-of", "b")
    await bench.ending("b")


async def test_the_workers_environment_is_the_one_of_the_workplace(bench: Bench) -> None:
    await bench.create("waits")
    environment = {"MARK": "of the workplace", "PYTHONDONTWRITEBYTECODE": "1"}
    bench.supervise(workplace=Workplace(database=bench.url, site=SITE, environment=environment))
    session = await bench.screen("4")
    seen = psutil.Process(session.pid).environ()
    assert {name: seen.get(name) for name in environment} == environment
    assert "HOME" not in seen


async def test_a_session_of_a_dead_runner_in_which_nothing_happened_is_begun_again(
    bench: Bench,
) -> None:
    await bench.create("simulacao", etapas=1, intervalo_s=0)
    lease = await bench.claim(ttl_s=0.01)
    await bench.store.append(lease, EventType.PROGRESS, {"etapa": "0", "status": "running"})
    bench.supervise()
    assert (await bench.ending()).type is EventType.RESULT


async def test_a_session_of_a_dead_runner_that_was_under_way_is_ended(bench: Bench) -> None:
    await bench.create("simulacao")
    lease = await bench.claim(ttl_s=0.01)
    for etapa in ("0", "6"):
        data = {"etapa": etapa, "status": "running", "dados_enviados": etapa == "6"}
        await bench.store.append(lease, EventType.PROGRESS, data)
    bench.supervise(command=["/nonexistent"])
    ending = await bench.ending()
    assert ending.data["tipo"] == "robo_interrompido"
    assert (ending.data["etapa"], ending.data["dados_enviados"]) == ("6", True)


@pytest.mark.parametrize("orphans", [True, False])
async def test_an_orphan_of_a_queue_that_nobody_serves_is_ended_by_who_looks_after_orphans(
    bench: Bench, orphans: bool
) -> None:
    await bench.create("simulacao", "orphan")
    await bench.claim("orphan", ttl_s=0.01)
    await bench.store.create(NewSession(id="mine", automation="simulacao", queue="mine"))
    bench.answers["mine"] = {"etapas": 1, "intervalo_s": 0}
    bench.supervise(queues=["mine"], orphans=orphans)
    await bench.ending("mine")
    if orphans:
        assert (await bench.ending("orphan")).data["tipo"] == "robo_interrompido"
    else:
        assert (await bench.store.session("orphan")).status is Status.RUNNING


async def test_a_session_that_outlived_several_runners_is_not_begun_for_ever(
    bench: Bench,
) -> None:
    await bench.create("simulacao")
    for _ in range(3):
        await bench.claim(ttl_s=0)
    bench.supervise(command=["/nonexistent"])
    detail = (await bench.ending()).detail
    assert detail is not None and "its runners died" in detail


async def test_a_supervisor_that_is_killed_takes_its_worker_along_which_says_so_first(
    bench: Bench,
) -> None:
    await bench.create("waits")
    with subprocess.Popen([sys.executable, "-m", "tests.runner.supervise", bench.url]) as first:
        session = await bench.until(lambda session: session.last_seq == 3)
        killed = datetime.now(UTC)
        first.kill()
        first.wait()
    ending = await bench.ending()
    assert (datetime.fromisoformat(ending.at) - killed).total_seconds() <= 2
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("robo_interrompido", True)
    assert session.pid is not None
    await gone(session.pid)


async def test_after_supervisor_and_worker_were_killed_the_next_supervisor_ends_the_session(
    bench: Bench,
) -> None:
    await bench.create("waits")
    with subprocess.Popen([sys.executable, "-m", "tests.runner.supervise", bench.url]) as first:
        session = await bench.until(lambda session: session.last_seq == 3)
        worker = psutil.Process(session.pid)
        worker.suspend()
        first.kill()
        first.wait()
        worker.kill()
    bench.supervise(command=["/nonexistent"])
    ending = await bench.ending()
    assert ending.detail is not None and "its runner is gone" in ending.detail
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("robo_interrompido", True)


async def test_a_stopped_runner_waits_for_what_is_nearly_done(bench: Bench) -> None:
    # On its last screen it submits; that is its eighth event.
    await bench.create("simulacao", etapas=3, intervalo_s=0.5)
    await bench.create("simulacao", "b")
    bench.supervise(grace_s=20, capacity=1)
    await bench.until(lambda session: session.last_seq >= 8)
    bench.stop.set()
    assert (await bench.ending()).type is EventType.RESULT
    assert (await bench.store.session("b")).status is Status.QUEUED


async def test_a_stopped_runner_ends_what_does_not_end_by_itself(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise(grace_s=0.05)
    session = await bench.until(lambda session: session.last_seq == 3)
    bench.stop.set()
    ending = await bench.ending()
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("robo_interrompido", True)
    assert ending.detail is not None and "the runner was stopped" in ending.detail
    assert session.pid is not None
    await gone(session.pid)


async def test_a_database_locked_longer_than_the_leases_live_loses_nothing(
    bench: Bench, database: Any
) -> None:
    await bench.create("simulacao", etapas=40, intervalo_s=0.05)
    with capture_logs() as logs:
        async with SqliteStore(database, busy_timeout_s=0.5) as impatient:
            supervisor = bench.supervise(store=impatient, ttl_s=1)
            session = await bench.screen("2")
            with closing(sqlite3.connect(database, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                await bench.until(lambda session: _run_out(session) and _in_trouble(logs))
                other.execute("ROLLBACK")
            ending = await bench.ending()
            assert ending.type is EventType.RESULT, ending
            bench.stop.set()
            await bench.left(supervisor)
    assert (await bench.store.session("a")).generation == session.generation
    told = [log["event"] for log in logs if "store" in log["event"]]
    assert told[:2] == ["store in trouble, trying again", "store is well again"]
    assert all(one != next_one for one, next_one in pairwise(told))


def _in_trouble(logs: Sequence[Mapping[str, Any]]) -> bool:
    return any("in trouble" in log["event"] for log in logs)


def _run_out(session: Session) -> bool:
    assert session.lease_until is not None
    return datetime.fromisoformat(session.lease_until) < datetime.now(UTC)


@pytest.mark.parametrize("error", [StoreFull("x"), StoreReadOnly("x")])
async def test_a_store_in_trouble_is_reported_once_and_tried_again(
    bench: Bench, error: StoreFull | StoreReadOnly
) -> None:
    failing = Failing(bench.store, "claim")
    failing.error = error
    await bench.create("unheard-of")
    with capture_logs() as logs:
        bench.supervise(store=failing, ttl_s=0.5)
        await bench.until(lambda _: failing.asked >= 3)
        failing.error = None
        await bench.ending()
    trouble = [log for log in logs if log["event"].startswith("store in trouble")]
    assert [log["code"] for log in trouble] == [error.code]


async def test_an_ending_waits_for_a_full_disk(bench: Bench) -> None:
    failing = Failing(bench.store, "append")
    failing.error = StoreFull("x")
    await bench.create("unheard-of")
    bench.supervise(store=failing)
    await bench.until(lambda _: failing.asked >= 2)
    failing.error = None
    assert (await bench.ending()).data["tipo"] == "interno"


async def test_a_lease_lost_before_the_first_event_is_left_to_the_other(bench: Bench) -> None:
    failing = Failing(bench.store, "append")
    failing.error = StoreBusy("x")
    await bench.create("waits")
    bench.supervise(store=failing, command=["/nonexistent"])
    await bench.until(lambda _: failing.asked >= 1)
    await bench.store.fence("a", "newer", ttl_s=60)
    failing.error = None
    asked = failing.asked
    await bench.until(lambda _: failing.asked > asked)
    assert (await bench.store.session("a")).last_seq == 0


async def test_one_sessions_trouble_never_touches_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = bench.supervisor(ttl_s=0.5)
    run = supervisor._run

    async def stumble(session: Session, lease: Any) -> None:
        if lease.generation == 1 and session.id == "a":
            raise RuntimeError("Josefina")
        await run(session, lease)

    monkeypatch.setattr(supervisor, "_run", stumble)
    for name in ("a", "b"):
        await bench.create("unheard-of", name)
    with capture_logs() as logs:
        bench.start(supervisor.run, bench.stop)
        await bench.ending("b")
        await bench.ending("a")
    failed = next(log for log in logs if log["event"] == "session's task failed")
    assert failed["session"] == "a"
    assert "Josefina" not in str(failed)


def test_the_supervisor_never_loads_playwright_nor_a_flow() -> None:
    code = (
        "import sys, runner.supervisor; "
        "print([m for m in sys.modules if m.startswith(('playwright', 'runner.flows'))])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert loaded.stdout.strip() == b"[]"


async def test_what_completed_runs_took_weighs_the_next_ones_screens(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("x", "y"):
        await bench.create("walks", name)
    read = anyio.Event()

    def taught(runs: list[list[Event]]) -> Lesson:
        walked = [run for run in runs if run[-1].type is EventType.RESULT]
        if len(walked) == 2:
            read.set()
        return Lesson(weights={"1": 90, "2": 10}, remaining={"1": (300, 900)})

    monkeypatch.setattr("runner.learner.learn", taught)
    monkeypatch.setattr("runner.learner.LEARN_S", 0.1)
    bench.supervise()
    with anyio.fail_after(20):
        await read.wait()
    await bench.create("walks")
    await bench.ending()
    done = [event.data for event in await bench.events() if event.data.get("fase") == "concluiu"]
    # Linear it would be 6.7: this automation says that it has fifteen screens.
    assert [data["percentual"] for data in done] == [90, 99]
    assert all(250 < data["restante_s"][0] < data["restante_s"][1] <= 900 for data in done)


async def test_what_was_assumed_is_told_with_the_first_event(bench: Bench) -> None:
    bench.answers["a"] = {"etapas": 2, "intervalo_s": 0, "fim": "cotacao"}
    new = NewSession(id="a", automation="simulacao", queue="q", assumed=["fim"])
    await bench.store.create(new)
    bench.supervise()
    await bench.ending()
    first, *others = await bench.events()
    (assumed,) = first.data["assumidas"]
    assert (assumed["campo"], assumed["valor"]) == ("fim", "cotacao")
    assert not [event for event in others if "assumidas" in event.data]
