"""The one reader of the log's end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import anyio
import pytest
from anyio.lowlevel import checkpoint
from structlog.testing import capture_logs

from db.errors import StoreBusy, StoreError, StoreMissing
from db.events import Event, EventType
from service.tail import Ring, Tail, Watch
from service.tally import Tally

pytestmark = pytest.mark.anyio


class FakeLog:
    """Counts what it is asked; fails while it has a fault."""

    def __init__(self) -> None:
        self.rows: list[Event] = []
        self.asked = 0
        self.fault: StoreError | None = None

    def append(self) -> None:
        seq = len(self.rows) + 1
        self.rows.append(Event(session_id="s", seq=seq, type=EventType.PROGRESS, at="", body="{}"))

    async def since(self, position: int, *, limit: int) -> tuple[list[Event], int]:
        await self._ask()
        rows = self.rows[position : position + limit]
        return rows, position + len(rows)

    async def head(self) -> int:
        await self._ask()
        return len(self.rows)

    async def version(self) -> int:
        await self._ask()
        return len(self.rows)

    def bell(self) -> AbstractContextManager[Ring | None]:
        return nullcontext()

    async def _ask(self) -> None:
        self.asked += 1
        await checkpoint()
        if self.fault:
            raise self.fault


class Listeners:
    """Listens or not, as told; keeps what it was handed, and when it was healed."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.heals = 0
        self._on = anyio.Event()

    @property
    def listening(self) -> bool:
        return self._on.is_set()

    def listen(self) -> None:
        self._on.set()

    def leave(self) -> None:
        self._on = anyio.Event()

    async def wanted(self) -> None:
        await self._on.wait()

    def publish(self, events: Sequence[Event]) -> None:
        self.seen.extend(event.seq for event in events)

    def heal(self) -> None:
        self.heals += 1


@asynccontextmanager
async def tailing(log: FakeLog, listeners: Listeners) -> AsyncIterator[Tail]:
    tail = Tail(log, listeners, bell=Watch(log, None, Tally(), poll_s=0))
    async with anyio.create_task_group() as group:
        group.start_soon(tail.run)
        yield tail
        group.cancel_scope.cancel()


async def turns(count: int = 50) -> None:
    for _ in range(count):
        await checkpoint()


async def until(log: FakeLog, listeners: Listeners) -> None:
    with anyio.fail_after(5):
        while not listeners.seen or listeners.seen[-1] < len(log.rows):
            await anyio.sleep(0)


async def test_it_asks_nothing_while_nobody_listens() -> None:
    log, listeners = FakeLog(), Listeners()
    async with tailing(log, listeners):
        await turns()
        assert log.asked == 0
        listeners.listen()
        await turns()
        assert log.asked > 0
        listeners.leave()
        await turns()
        asked = log.asked
        log.append()
        await turns()
        assert log.asked == asked


async def test_on_waking_it_heals_and_hands_on_only_what_comes_after() -> None:
    log, listeners = FakeLog(), Listeners()
    log.append()
    async with tailing(log, listeners):
        listeners.listen()
        await turns()
        assert (listeners.heals, listeners.seen) == (1, [])
        log.append()
        await until(log, listeners)
    assert listeners.seen == [2]


async def test_who_comes_back_after_a_silence_is_healed_again() -> None:
    log, listeners = FakeLog(), Listeners()
    async with tailing(log, listeners):
        listeners.listen()
        await turns()
        listeners.leave()
        await turns()
        log.append()
        listeners.listen()
        await turns()
        assert listeners.heals == 2
        log.append()
        await until(log, listeners)
    assert listeners.seen == [2]


async def test_a_backlog_of_several_pages_is_handed_on_without_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.tail.TAIL_PAGE", 3)
    log, listeners = FakeLog(), Listeners()
    async with tailing(log, listeners):
        listeners.listen()
        await turns()
        for _ in range(10):
            log.append()
        await until(log, listeners)
    assert listeners.seen == list(range(1, 11))


@pytest.mark.parametrize("fault", [StoreBusy(), StoreMissing("gone")])
async def test_it_survives_a_store_in_trouble_and_loses_nothing(
    fault: StoreError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tail.FIRST_PAUSE_S", 0)
    monkeypatch.setattr("service.tail.LONGEST_PAUSE_S", 0)
    log, listeners = FakeLog(), Listeners()
    with capture_logs() as lines:
        async with tailing(log, listeners) as tail:
            listeners.listen()
            await turns()
            log.fault = fault
            log.append()
            await turns(200)
            assert tail.trouble == fault.code
            log.fault = None
            log.append()
            await until(log, listeners)
            await turns()
            assert tail.trouble is None
    assert listeners.seen == [1, 2]
    assert [line["code"] for line in lines] == [fault.code, fault.code]
    assert [line["log_level"] for line in lines] == ["warning", "info"]


async def test_trouble_of_another_kind_is_said_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.tail.LONGEST_PAUSE_S", 0)
    monkeypatch.setattr("service.tail.FIRST_PAUSE_S", 0)
    log, listeners = FakeLog(), Listeners()
    log.fault = StoreBusy()
    with capture_logs() as lines:
        async with tailing(log, listeners):
            listeners.listen()
            await turns()
            log.fault = StoreMissing()
            await turns()
    assert [line["code"] for line in lines] == ["banco_ocupado", "banco_ausente"]


async def test_an_old_trouble_is_forgotten_once_nobody_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.tail.FIRST_PAUSE_S", 0)
    monkeypatch.setattr("service.tail.LONGEST_PAUSE_S", 0)
    log, listeners = FakeLog(), Listeners()
    log.fault = StoreBusy()
    async with tailing(log, listeners) as tail:
        listeners.listen()
        await turns()
        assert tail.trouble == "banco_ocupado"
        listeners.leave()
        await turns()
        assert tail.trouble is None


async def test_a_bug_in_reading_does_not_silence_everyone_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.tail.FIRST_PAUSE_S", 0)
    log, listeners = FakeLog(), Listeners()
    original, failed = log.since, False

    async def once_wrong(position: int, *, limit: int) -> tuple[list[Event], int]:
        nonlocal failed
        if not failed:
            failed = True
            raise ZeroDivisionError
        return await original(position, limit=limit)

    log.since = once_wrong  # type: ignore[method-assign]  # one fault, of no known kind
    with capture_logs() as lines:
        async with tailing(log, listeners):
            listeners.listen()
            await turns()
            log.append()
            await until(log, listeners)
    assert lines[0]["code"] == "ZeroDivisionError"


async def test_the_floor_says_yes_at_first_and_then_only_after_a_change() -> None:
    log = FakeLog()
    watch = Watch(log, None, Tally(), poll_s=0)
    assert await watch.rung()
    assert not await watch.rung()
    log.append()
    assert await watch.rung()


class Chime:
    """Rings when told."""

    def __init__(self) -> None:
        self.rung = anyio.Event()

    async def wait(self) -> None:
        await self.rung.wait()
        self.rung = anyio.Event()


async def test_a_ring_is_heard_without_asking_the_log() -> None:
    log, chime, tally = FakeLog(), Chime(), Tally()
    watch = Watch(log, chime, tally, floor_s=3600)
    chime.rung.set()
    assert await watch.rung()
    assert (log.asked, tally.rings, tally.misses) == (0, 1, 0)


async def test_what_rang_is_not_taken_for_missed_by_the_next_look() -> None:
    log, chime, tally = FakeLog(), Chime(), Tally()
    watch = Watch(log, chime, tally, floor_s=0)
    assert await watch.rung()
    for _ in range(3):
        log.append()
        chime.rung.set()
        watch._floor_s = 3600
        assert await watch.rung()
        watch._floor_s = 0
        assert await watch.rung() and not await watch.rung()
    assert (tally.rings, tally.misses) == (3, 0)


async def test_a_bell_that_stays_silent_is_not_relied_on() -> None:
    log, tally = FakeLog(), Tally()
    watch = Watch(log, Chime(), tally, floor_s=0.01, poll_s=0)
    await watch.rung()
    log.append()
    assert await watch.rung()
    assert tally.misses == 1
    # From here on it asks as if there were no bell: an hour's pause is not kept.
    watch._floor_s = 3600
    log.append()
    with anyio.fail_after(10):
        assert await watch.rung()
    assert tally.misses == 2
