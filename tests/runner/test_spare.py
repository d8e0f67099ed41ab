"""Workers that wait for a session: given once, replaced in time, never too many or left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import anyio
import psutil
import pytest
from structlog.testing import capture_logs

from db.events import EventType
from db.store import Wish
from runner import spare
from runner.job import Warmup
from runner.process import Child
from runner.spare import Spares
from runner.supervisor import Supervisor
from tests.runner.conftest import COMMAND, PACE_S, Bench, gone

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments of calm that a test can wait for."""
    for name, seconds in (("CALM_S", 0.05), ("LOOK_S", 0.01), ("FIRST_PAUSE_S", 0.01)):
        monkeypatch.setattr(spare, name, seconds)


def workers(*, of: int | None = None) -> list[psutil.Process]:
    """The workers that live at this moment, below this process or that one."""
    found = []
    for process in psutil.Process(of).children(recursive=True):
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and "tests.runner.entry" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not condition():
            await anyio.sleep(PACE_S)


async def one_spare(*besides: int | None, of: int | None = None) -> psutil.Process:
    """The only worker besides these, once there is one."""

    def others() -> list[psutil.Process]:
        return [worker for worker in workers(of=of) if worker.pid not in besides]

    await until(lambda: len(others()) == 1)
    return others()[0]


async def ready_spare(supervisor: Supervisor, *besides: int) -> psutil.Process:
    """The spare that would be given, once it is there to be given."""

    def others() -> list[int]:
        waiting = supervisor._spares._waiting
        return [spare.child.pid for spare in waiting if spare.child.pid not in besides]

    await until(lambda: len(others()) == 1)
    return psutil.Process(others()[0])


async def test_a_session_gets_the_process_that_waits_and_a_new_one_takes_its_place(
    bench: Bench, tmp_path: Path
) -> None:
    supervisor = bench.supervise(capacity=2, spares=1)
    first = await ready_spare(supervisor)
    await bench.create("lingers", file=str(tmp_path / "go"))
    session = await bench.screen("4")
    assert session.pid == first.pid
    second = await ready_spare(supervisor, first.pid)
    await bench.create("lingers", "b", file=str(tmp_path / "go"))
    assert (await bench.screen("4", "b")).pid == second.pid
    (tmp_path / "go").touch()
    for name in ("a", "b"):
        assert (await bench.ending(name)).type is EventType.RESULT
    # Each session has had a process of its own.
    await gone(first.pid)
    await gone(second.pid)


async def test_an_automation_without_a_browser_leaves_the_spare_to_others(bench: Bench) -> None:
    bench.supervise(capacity=2, spares=1)
    waiting = await one_spare()
    await bench.create("simulacao", etapas=1, intervalo_s=60)
    session = await bench.screen("1")
    assert session.pid != waiting.pid
    assert waiting.is_running()


async def test_spares_make_room_for_sessions_that_need_no_browser(bench: Bench) -> None:
    bench.supervise(capacity=2, spares=2)
    await until(lambda: len(workers()) == 2)
    waiting = workers()
    for name in ("a", "b"):
        await bench.create("simulacao", name, etapas=1, intervalo_s=60)
    pids = {(await bench.screen("1", name)).pid for name in ("a", "b")}
    for process in waiting:
        await gone(process.pid)
    assert pids.isdisjoint(process.pid for process in waiting)
    assert {worker.pid for worker in workers()} == pids


class Looks:
    """Counts how often spares were looked after."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        tend = Spares._tend

        async def tending(spares: Spares) -> None:
            await tend(spares)
            self.count += 1

        monkeypatch.setattr(Spares, "_tend", tending)

    async def more(self) -> None:
        count = self.count
        await until(lambda: self.count > count + 10)


async def test_there_are_never_more_spares_and_sessions_than_places(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: set[Child] = set()
    seen: list[int] = []
    start, leave = Child.start, Child.__aexit__

    async def starting(child: Child) -> None:
        alive.add(child)
        seen.append(len(alive))
        await start(child)

    async def leaving(child: Child, *error: object) -> None:
        await leave(child, *error)
        alive.discard(child)

    monkeypatch.setattr(Child, "start", starting)
    monkeypatch.setattr(Child, "__aexit__", leaving)
    looks = Looks(monkeypatch)
    bench.supervise(capacity=3, spares=2)
    await until(lambda: len(workers()) == 2)
    for number in range(3):
        await bench.create("lingers", f"s{number}")
        await bench.screen("4", f"s{number}")
    await looks.more()
    assert len(workers()) == len(alive) == 3
    await bench.store.wish("s0", Wish.CANCEL)
    await bench.ending("s0")
    # Its place is free: for a spare.
    await until(lambda: len(workers()) == 3)
    await looks.more()
    assert max(seen) == 3


async def test_a_new_spare_waits_for_a_calm_moment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[float] = []
    start = Spares._start

    async def starting(spares: Spares, now: float) -> None:
        started.append(now)
        await start(spares, now)

    monkeypatch.setattr(Spares, "_start", starting)
    monkeypatch.setattr(spare, "CALM_S", 1.0)
    await ready_spare(bench.supervise(capacity=2, spares=1))
    before = anyio.current_time()
    await bench.create("lingers")
    await until(lambda: len(started) == 2)
    assert started[1] - before >= 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_spare_that_is_dead_or_stopped_is_replaced(
    bench: Bench, number: signal.Signals
) -> None:
    supervisor = bench.supervise(capacity=2, spares=1)
    first = await ready_spare(supervisor)
    first.send_signal(number)
    await gone(first.pid)
    second = await ready_spare(supervisor, first.pid)
    await bench.create("lingers")
    assert (await bench.screen("4")).pid == second.pid


async def test_a_spare_that_has_waited_for_long_is_replaced_without_a_word(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "LIFE_S", 0.5)
    with capture_logs() as logs:
        bench.supervise(capacity=2, spares=1)
        first = await one_spare()
        await gone(first.pid)
        await one_spare(first.pid)
    assert "spare died" not in [log["event"] for log in logs]


@asynccontextmanager
async def tended(*, count: int = 1, command: tuple[str, ...] = COMMAND) -> AsyncIterator[Spares]:
    """Spares alone, without a supervisor."""
    spares = Spares(lambda: Child(command), Warmup(), count=count, free=lambda: count)
    async with anyio.create_task_group() as group:
        group.start_soon(spares.run)
        yield spares
        group.cancel_scope.cancel()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_spare_that_is_not_well_is_not_given(number: signal.Signals) -> None:
    # Nobody looks after them: only the giving itself can tell.
    spares = Spares(lambda: Child(COMMAND), Warmup(), count=2, free=lambda: 2)
    for _ in range(2):
        await spares._start(anyio.current_time())
    ill, well = (one.child for one in spares._waiting)
    async with ill, well:
        process = psutil.Process(ill.pid)
        process.send_signal(number)
        held = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
        await until(lambda: not ill.running or process.status() in held)
        assert spares.take() is well
        assert spares.take() is None
        assert well.running


async def test_a_spare_is_kept_for_the_session_that_is_about_to_take_it() -> None:
    free, coming = 1, 0
    spares = Spares(
        lambda: Child(COMMAND), Warmup(), count=1, free=lambda: free, coming=lambda: coming
    )
    await spares._start(anyio.current_time())
    (kept,) = (one.child for one in spares._waiting)
    free, coming = 0, 1
    await spares._tend()
    assert kept.running
    coming = 0
    await spares._tend()
    assert spares.take() is None
    assert workers() == []


async def test_where_spares_keep_dying_the_pauses_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []
    start = Spares._start

    async def starting(spares: Spares, now: float) -> None:
        started.append(now)
        await start(spares, now)

    monkeypatch.setattr(Spares, "_start", starting)
    monkeypatch.setattr(spare, "LONGEST_PAUSE_S", 0.1)
    async with tended(command=("true",)):
        await until(lambda: len(started) == 7)
    gaps = [after - before for before, after in pairwise(started)]
    # At least 0.01, 0.02, 0.04, 0.08 and then the longest, each four fifths of it.
    least = [0.8 * min(0.01 * 2**number, 0.1) for number in range(6)]
    assert all(gap >= pause for gap, pause in zip(gaps, least, strict=True))


async def test_spares_that_cannot_be_started_are_told_and_tried_again() -> None:
    with capture_logs() as logs:
        async with tended(command=("/nonexistent",)) as spares:
            await until(lambda: len(logs) >= 3)
            assert spares.take() is None
    assert {log["event"] for log in logs} == {"no spare could be started"}


async def test_where_every_spare_dies_a_session_starts_cold(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "FIRST_PAUSE_S", 3600)
    with capture_logs() as logs:
        bench.supervise(capacity=2, spares=1, command=[*COMMAND, "brittle"])
        await until(lambda: "spare died" in [log["event"] for log in logs])
        await bench.create("walks")
        ending = await bench.ending()
    assert ending.type is EventType.RESULT


async def test_a_spare_that_dies_while_it_is_given_ends_the_session_truthfully(
    bench: Bench,
) -> None:
    await ready_spare(bench.supervise(capacity=2, spares=1, command=[*COMMAND, "faint"]))
    await bench.create("walks")
    ending = await bench.ending()
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("robo_interrompido", False)
    assert ending.detail is not None and '"saida":9' in ending.detail


async def test_a_spare_that_is_killed_just_before_it_is_given_is_no_hang(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Spares.take

    def killing(spares: Spares) -> Child | None:
        child = take(spares)
        if child is not None:
            os.kill(child.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(Spares, "take", killing)
    await ready_spare(bench.supervise(capacity=2, spares=1))
    await bench.create("walks")
    assert (await bench.ending()).data["tipo"] == "robo_interrompido"


async def test_no_spare_outlives_a_runner_that_stops(bench: Bench) -> None:
    supervisor = bench.supervise(capacity=3, spares=2)
    await until(lambda: len(workers()) == 2)
    waiting = workers()
    bench.stop.set()
    await bench.left(supervisor)
    for process in waiting:
        await gone(process.pid)
    assert supervisor._spares.take() is None


async def test_who_asks_while_the_spares_are_being_dismissed_gets_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Child | None] = []
    kill = Child.kill

    async with tended(count=2) as spares:

        async def killing(child: Child, **options: float) -> None:
            asked.append(spares.take())
            await kill(child, **options)

        await until(lambda: len(spares._waiting) == 2)
        monkeypatch.setattr(Child, "kill", killing)
    assert asked and set(asked) == {None}
    assert workers() == []


async def test_spares_are_gone_when_their_runner_is_killed(bench: Bench) -> None:
    command = [sys.executable, "-m", "tests.runner.supervise", bench.url, "2"]
    with subprocess.Popen(command) as runner:
        await until(lambda: len(workers(of=runner.pid)) == 2)
        waiting = workers(of=runner.pid)
        runner.kill()
        runner.wait()
    for process in waiting:
        await gone(process.pid)
    assert len(waiting) == 2
