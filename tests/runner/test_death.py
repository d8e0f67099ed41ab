"""Whatever dies or hangs, the session gets its one true ending."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
import psutil
import pytest

from db.errors import StoreBusy, StoreFull
from db.events import EventType
from db.sqlite import SqliteStore
from db.store import Lease
from runner import attempt, pulse
from runner.process import Child
from tests.runner.conftest import COMMAND, PERSON, Bench, Failing, given, gone

pytestmark = pytest.mark.anyio


async def test_a_worker_that_is_killed_gets_exactly_one_ending_within_two_seconds(
    bench: Bench,
) -> None:
    await bench.create("waits")
    bench.supervise()
    session = await bench.until(lambda session: session.last_seq == 3)
    killed = datetime.now(UTC)
    psutil.Process(session.pid).kill()
    ending = await bench.ending()
    assert (datetime.fromisoformat(ending.at) - killed).total_seconds() <= 2
    assert ending.data["tipo"] == "robo_interrompido"
    assert (ending.data["etapa"], ending.data["dados_enviados"]) == ("4", True)
    assert ending.detail is not None and '"sinal":"SIGKILL"' in ending.detail


async def test_a_simulated_death_ends_the_session(bench: Bench) -> None:
    await bench.create("simulacao", etapas=2, intervalo_s=0, fim="morte")
    bench.supervise()
    ending = await bench.ending()
    assert ending.data["tipo"] == "robo_interrompido"
    assert ending.data["dados_enviados"] is False


async def test_an_exit_with_code_0_but_without_a_result_is_a_failure(bench: Bench) -> None:
    await bench.create("leaves")
    bench.supervise()
    ending = await bench.ending()
    assert (ending.data["tipo"], ending.data["etapa"]) == ("robo_interrompido", "2")
    assert ending.detail is not None and '"saida":0' in ending.detail


async def test_a_blocked_event_loop_is_ended_from_outside(bench: Bench) -> None:
    await bench.create("simulacao", etapas=2, intervalo_s=0, fim="silencio")
    bench.supervise(ttl_s=1)
    session = await bench.until(lambda session: session.pid is not None)
    ending = await bench.ending()
    assert (ending.data["tipo"], ending.data["etapa"]) == ("robo_parado", "1")
    assert session.pid is not None
    await gone(session.pid)


async def test_a_worker_that_never_begins_is_a_hang(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "START_S", 0.3)
    await bench.create("returns")
    bench.supervise(command=["sleep", "600"], ttl_s=1)
    ending = await bench.ending()
    assert ending.data["tipo"] == "robo_parado"
    assert ending.detail is not None and "never began" in ending.detail


async def test_a_worker_that_cannot_begin_on_a_full_disk_is_no_hang(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "START_S", 0.3)
    full = Failing(bench.store, "renew")
    full.error = StoreFull("x")
    await bench.create("returns")
    bench.supervise(command=["sleep", "600"], store=full, ttl_s=1)
    # Far more looks than fit into a start, and no verdict.
    with anyio.fail_after(20):
        while full.asked < 12:
            await anyio.sleep(0.01)
    assert (await bench.store.session("a")).ended_at is None
    full.error = None
    assert (await bench.ending()).data["tipo"] == "robo_parado"


async def test_a_start_that_outlasts_the_lease_is_no_hang(bench: Bench) -> None:
    await bench.create("returns")
    slow = "import runpy, time; time.sleep(1.2); runpy.run_module({!r}, run_name='__main__')"
    slow = slow.format("tests.runner.entry")
    bench.supervise(command=[sys.executable, "-c", slow], ttl_s=0.5)
    assert (await bench.ending()).data["etapa"] == "3"


async def test_a_stopped_worker_that_was_fenced_cannot_write_and_leaves(bench: Bench) -> None:
    await bench.create("simulacao")
    lease = await bench.claim()
    job = bench.job(lease, "simulacao", etapas=1000, intervalo_s=0, fim="cotacao")
    async with given(COMMAND, job) as child:
        await bench.screen("1")
        process = psutil.Process(child.pid)
        newer = await _fence_while_stopped(bench, process)
        written = (await bench.store.session("a")).last_seq
        process.send_signal(signal.SIGCONT)
        with anyio.fail_after(10):
            assert await child.wait() == 0
    assert (await bench.store.session("a")).last_seq == written
    await bench.store.append(newer, EventType.RESULT, {"desfecho": "cotacao_manual"})


async def _fence_while_stopped(bench: Bench, process: psutil.Process) -> Lease:
    async with SqliteStore(bench.database, busy_timeout_s=0.05) as impatient:
        for _ in range(100):
            process.send_signal(signal.SIGSTOP)
            await bench.until(lambda _: process.status() == psutil.STATUS_STOPPED)
            try:
                return await impatient.fence("a", "newer", ttl_s=60)
            except StoreBusy:
                # It was stopped in the middle of a commit.
                process.send_signal(signal.SIGCONT)
    raise AssertionError("the worker does nothing but write")


async def test_a_stopped_worker_that_holds_the_databases_lock_is_ended_all_the_same(
    bench: Bench,
) -> None:
    await bench.create("holds_lock", file=str(bench.database))
    bench.supervise(ttl_s=1)
    ending = await bench.ending(within_s=10)
    assert (ending.data["tipo"], ending.data["etapa"]) == ("robo_parado", "2")


async def test_a_worker_that_blocks_the_database_for_long_is_ended_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "GIVE_UP_S", 1)
    async with SqliteStore(bench.database, busy_timeout_s=0.05) as impatient:
        await bench.create("holds_lock", file=str(bench.database), nome="awake")
        supervisor = bench.supervise(store=impatient, ttl_s=1)
        ending = await bench.ending()
        bench.stop.set()
        await bench.left(supervisor)
    assert ending.data["tipo"] == "robo_parado"
    assert ending.detail is not None and "the database" in ending.detail


async def test_a_browser_in_a_session_of_its_own_goes_with_its_worker(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "FIRST_LOOK_S", 0.05)
    note = tmp_path / "stray"
    await bench.create("has_child", file=str(note))
    bench.supervise()
    session = await bench.screen("5")
    stray = int(note.read_text())
    looks = Looks(monkeypatch)
    await looks.again()
    psutil.Process(session.pid).kill()
    assert (await bench.ending()).data["tipo"] == "robo_interrompido"
    await gone(stray)


class Looks:
    """Tells when the supervisor has looked for descendants once more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._looked = anyio.Event()
        look = Child.note_family

        async def looking(child: Child) -> None:
            await look(child)
            self._looked.set()

        monkeypatch.setattr(Child, "note_family", looking)

    async def again(self) -> None:
        with anyio.fail_after(5):
            await self._looked.wait()


async def test_a_worker_that_ended_well_but_does_not_leave_is_removed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "LEAVE_S", 0.2)
    await bench.create("clings")
    bench.supervise(ttl_s=1)
    assert (await bench.ending()).type is EventType.RESULT
    (worker,) = psutil.Process().children()
    await gone(worker.pid)


async def test_a_session_that_another_holder_took_is_left_to_him(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise(ttl_s=1)
    session = await bench.until(lambda session: session.last_seq == 3)
    newer = await bench.store.fence("a", "newer", ttl_s=60)
    assert session.pid is not None
    await gone(session.pid)
    assert (await bench.store.session("a")).last_seq == 3
    await bench.store.append(newer, EventType.RESULT, {"desfecho": "cotacao_manual"})


async def test_the_last_words_are_kept_without_anything_personal(bench: Bench) -> None:
    await bench.create("talks", **PERSON)
    bench.supervise()
    detail = (await bench.ending()).detail
    assert detail is not None
    assert '"saida":7' in detail and "step: cpf is" in detail
    for word in ("Josefina", "Quarentena", "529", "98765", "@", "pass-word"):
        assert word not in detail


async def test_nothing_personal_is_in_arguments_or_environment_of_a_worker(bench: Bench) -> None:
    await bench.create("waits", **PERSON)
    bench.supervise()
    session = await bench.screen("4")
    process = psutil.Process(session.pid)
    open_to_all = [*process.cmdline(), *process.environ().values(), process.name()]
    for word in (*PERSON.values(), "pass-word-of-site", "corretor@example.org"):
        assert not [text for text in open_to_all if word in text]
