"""A runner that has to stop: what may go back goes back, what is told stays true."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psutil
import pytest

from db.events import Event, EventType, Status
from db.snapshot import Snapshot
from db.store import EventLog, Lease, Runs, Session, Wish
from runner.ending import BACK_MESSAGE, fence, history
from runner.job import Job
from runner.reception import AGAIN_MESSAGE
from runner.supervisor import Supervisor
from tests.runner.conftest import PACE_S, Bench, gone

pytestmark = pytest.mark.anyio


class Decided:
    """Set once a leaving runner has looked at what its session has come to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.event = anyio.Event()

        async def looking(store: EventLog, session_id: str) -> Snapshot:
            picture = await history(store, session_id)
            self.event.set()
            return picture

        monkeypatch.setattr("runner.attempt.history", looking)

    async def wait(self) -> None:
        with anyio.fail_after(20):
            await self.event.wait()


async def lingering(bench: Bench, name: str = "a") -> Session:
    """The session once all that comes before its long wait is written."""

    async def there() -> bool:
        done = [event for event in await bench.events(name) if event.data.get("fase") == "concluiu"]
        return bool(done) and done[-1].data["etapa"] == "4"

    with anyio.fail_after(20):
        while not await there():
            await anyio.sleep(PACE_S)
    return await bench.store.session(name)


async def test_what_has_sent_nothing_goes_back_and_the_next_runner_brings_it_to_its_result(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.create("lingers", file=str(tmp_path / "go"))
    supervisor = bench.supervise(grace_s=20)
    running = await lingering(bench)
    bench.stop.set()
    await bench.left(supervisor)
    session = await bench.store.session("a")
    assert (session.status, session.pid, session.lease_owner) == (Status.QUEUED, None, None)
    back = (await bench.events())[-1].data
    assert (back["fase"], back["status"], back["mensagem"]) == ("fila", "queued", BACK_MESSAGE)
    assert running.pid is not None
    await gone(running.pid)

    (tmp_path / "go").touch()
    bench.stop = anyio.Event()
    bench.supervise()
    assert (await bench.ending()).type is EventType.RESULT
    events = await bench.events()
    again = events[back_at(events) + 1].data
    assert (again["mensagem"], again["status"]) == (AGAIN_MESSAGE, "running")
    shown = [event.data["percentual"] for event in events if "percentual" in event.data]
    assert shown == sorted(shown) and back["percentual"] == shown[-1] > 0
    assert (await bench.store.session("a")).lapses == 0


def back_at(events: list[Event]) -> int:
    phases = [event.data.get("fase") for event in events]
    assert phases.count("fila") == 1
    return phases.index("fila")


async def test_what_has_submitted_may_finish_within_the_grace(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = Decided(monkeypatch)
    await bench.create("lingers", file=str(tmp_path / "go"), email="josefina@example.org")
    supervisor = bench.supervise(grace_s=60)
    await lingering(bench)
    bench.stop.set()
    await decided.wait()
    (tmp_path / "go").touch()
    assert (await bench.ending()).type is EventType.RESULT
    await bench.left(supervisor)
    assert (await bench.store.session("a")).generation == 1


async def test_what_has_submitted_is_ended_truthfully_after_the_grace(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = Decided(monkeypatch)
    await bench.create("lingers", email="josefina@example.org")
    supervisor = bench.supervise(grace_s=0.2)
    running = await lingering(bench)
    bench.stop.set()
    await decided.wait()
    await bench.left(supervisor)
    ending = await bench.ending()
    assert ending.data["tipo"] == "robo_interrompido"
    assert (ending.data["etapa"], ending.data["dados_enviados"]) == ("4", True)
    assert running.pid is not None
    await gone(running.pid)


async def test_what_is_about_to_end_by_its_own_forecast_is_let_finish(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = Decided(monkeypatch)
    await bench.create("lingers", file=str(tmp_path / "go"), nome="soon")
    supervisor = bench.supervise(grace_s=60)
    await lingering(bench)
    bench.stop.set()
    await decided.wait()
    (tmp_path / "go").touch()
    assert (await bench.ending()).type is EventType.RESULT
    await bench.left(supervisor)
    assert "fila" not in [event.data.get("fase") for event in await bench.events()]


async def test_a_forecast_beyond_the_grace_is_not_waited_for(bench: Bench) -> None:
    await bench.create("lingers", nome="soon")
    supervisor = bench.supervise(grace_s=0.5)
    await lingering(bench)
    bench.stop.set()
    await bench.left(supervisor)
    assert (await bench.store.session("a")).status is Status.QUEUED


async def test_who_cancels_while_the_runner_stops_reads_that_it_was_cancelled(bench: Bench) -> None:
    await bench.create("lingers")
    supervisor = bench.supervise(grace_s=20, ttl_s=60)
    running = await lingering(bench)
    # It cannot hear the wish itself.
    psutil.Process(running.pid).suspend()
    await bench.store.wish("a", Wish.CANCEL)
    bench.stop.set()
    await bench.left(supervisor)
    ending = await bench.ending()
    assert (ending.status, ending.data["dados_enviados"]) == (Status.CANCELLED, False)


@asynccontextmanager
async def hurried(supervisor: Supervisor) -> AsyncIterator[anyio.CancelScope]:
    """The supervisor runs; cancelling the scope is the second signal."""
    left = anyio.Event()
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            await supervisor.run(anyio.Event())
        left.set()

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        yield scope
        scope.cancel()
        with anyio.fail_after(20):
            await left.wait()


async def test_a_second_signal_puts_everything_in_order_at_once(bench: Bench) -> None:
    await bench.create("lingers")
    await bench.create("lingers", "submitted", email="josefina@example.org")
    await bench.create("lingers", "unwanted")
    async with hurried(bench.supervisor(grace_s=3600, ttl_s=60, spares=1)) as scope:
        running = [await lingering(bench, name) for name in ("a", "submitted", "unwanted")]
        psutil.Process(running[2].pid).suspend()
        await bench.store.wish("unwanted", Wish.CANCEL)
        scope.cancel()
    assert (await bench.store.session("a")).status is Status.QUEUED
    assert (await bench.events())[-1].data["mensagem"] == BACK_MESSAGE
    ending = await bench.ending("submitted")
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("robo_interrompido", True)
    assert (await bench.ending("unwanted")).status is Status.CANCELLED
    for session in running:
        assert session.pid is not None
        await gone(session.pid)


async def test_a_second_signal_while_a_session_is_being_ended_lets_it_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, signalled = anyio.Event(), anyio.Event()

    async def fencing(store: Runs, job: Job) -> Lease | None:
        ending.set()
        await signalled.wait()
        return await fence(store, job)

    monkeypatch.setattr("runner.attempt.fence", fencing)
    await bench.create("lingers", email="josefina@example.org")
    async with hurried(bench.supervisor(grace_s=3600, ttl_s=60)) as scope:
        running = await lingering(bench)
        psutil.Process(running.pid).kill()
        await ending.wait()
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        signalled.set()
    told = await bench.ending()
    assert (told.data["tipo"], told.data["dados_enviados"]) == ("robo_interrompido", True)
    assert told.detail is not None and "SIGKILL" in told.detail


async def test_an_orphan_is_ended_though_every_place_is_taken(bench: Bench) -> None:
    await bench.create("lingers")
    bench.supervise(capacity=1)
    await lingering(bench)
    await bench.create("lingers", "orphan")
    lease = await bench.claim("orphan", ttl_s=1)
    for etapa in ("0", "6"):
        data = {"etapa": etapa, "status": "running", "dados_enviados": etapa == "6"}
        await bench.store.append(lease, EventType.PROGRESS, data)
    ending = await bench.ending("orphan")
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("robo_interrompido", True)
    assert (await bench.store.session("a")).ended_at is None


async def test_an_orphan_that_nobody_touched_waits_until_there_is_a_place(bench: Bench) -> None:
    await bench.create("lingers")
    bench.supervise(capacity=1)
    await lingering(bench)
    await bench.create("lingers", "orphan")
    await bench.claim("orphan", ttl_s=0.01)
    released = await bench.until(
        lambda session: session.lapses == 1 and not session.lease_owner, "orphan"
    )
    assert (released.status, released.pid) == (Status.QUEUED, None)
    await bench.store.wish("a", Wish.CANCEL)
    await bench.ending()
    await lingering(bench, "orphan")
