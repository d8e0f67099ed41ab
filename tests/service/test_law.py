"""The subscription law: whatever happens in whatever order, a reader sees 1…n, once each."""

from __future__ import annotations

import random
from collections.abc import Iterator

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from db.errors import StoreBusy
from db.events import Event, EventType
from db.sqlite import SqliteStore
from db.store import NewSession
from service import sse
from service.broadcast import Broadcast
from service.tail import Poll, Tail
from tests.service.conftest import Pen

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True, scope="module")
def short_pages() -> Iterator[None]:
    """Pages of three and four events, so that a few events are a long history."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.broadcast.REPLAY_PAGE", 3)
        patch.setattr("service.tail.TAIL_PAGE", 4)
        patch.setattr("service.tail.FIRST_PAUSE_S", 0)
        patch.setattr("service.tail.LONGEST_PAUSE_S", 0)
        yield


class FakeLog:
    """A log in memory; every answer is late by some turns of the loop, before and after looking."""

    def __init__(self, chance: random.Random, *, faults: float = 0) -> None:
        self.rows: list[Event] = []
        self._chance = chance
        self._faults = faults

    def append(self, session_id: str) -> None:
        seq = 1 + sum(row.session_id == session_id for row in self.rows)
        body = f'{{"n":{seq}}}'
        self.rows.append(
            Event(session_id=session_id, seq=seq, type=EventType.PROGRESS, at="", body=body)
        )

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        await self._late(fault=False)
        rows = [row for row in self.rows if row.session_id == session_id and row.seq > after]
        await self._late(fault=False)
        return rows[:limit]

    async def since(self, position: int, *, limit: int) -> tuple[list[Event], int]:
        await self._late()
        rows = self.rows[position : position + limit]
        await self._late()
        return rows, position + len(rows)

    async def head(self) -> int:
        await self._late()
        head = len(self.rows)
        await self._late()
        return head

    async def version(self) -> int:
        return await self.head()

    async def _late(self, *, fault: bool = True) -> None:
        for _ in range(self._chance.randrange(4)):
            await checkpoint()
        if fault and self._chance.random() < self._faults:
            raise StoreBusy


class Reader:
    """Reads until told to leave, and keeps what it saw."""

    def __init__(self, broadcast: Broadcast, session_id: str, after: int) -> None:
        self.session_id, self.after = session_id, after
        self.cursor, self.seen = after, b""
        self._broadcast = broadcast
        self.scope = anyio.CancelScope()

    async def run(self) -> None:
        with self.scope, self._broadcast.subscribe(self.session_id, self.after) as subscription:
            while batch := await subscription.next():
                self.seen += batch.data
                self.cursor = batch.cursor


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 2), st.integers(1, 6)),
        st.tuples(st.just("join"), st.integers(0, 2), st.integers(0, 9)),
        st.tuples(st.just("leave"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("turn"), st.integers(1, 12), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


async def play(
    actions: list[tuple[str, int, int]], log: FakeLog, window_bytes: int
) -> list[Reader]:
    """Let the actions happen to a broadcast and its tail; every reader that stayed, at the end."""
    broadcast = Broadcast(log, window_bytes=window_bytes)
    readers: list[Reader] = []
    left: list[Reader] = []
    async with anyio.create_task_group() as group:

        async def run_tail(scope: anyio.CancelScope) -> None:
            with scope:
                await Tail(log, broadcast, bell=Poll(log, period_s=0)).run()

        tail = anyio.CancelScope()
        group.start_soon(run_tail, tail)
        for what, first, second in actions:
            name = f"s{first}"
            if what == "append":
                for _ in range(second):
                    log.append(name)
            elif what == "join":
                last = sum(row.session_id == name for row in log.rows)
                readers.append(Reader(broadcast, name, min(second, last)))
                group.start_soon(readers[-1].run)
            elif what == "leave" and readers:
                left.append(readers.pop(first % len(readers)))
                left[-1].scope.cancel()
            elif what == "restart":
                tail.cancel()
                tail = anyio.CancelScope()
                group.start_soon(run_tail, tail)
            else:
                for _ in range(first):
                    await checkpoint()
        await everyone_at_the_end(log, readers)
        broadcast.close()
        tail.cancel()
    return readers + left


async def everyone_at_the_end(log: FakeLog, readers: list[Reader]) -> None:
    def behind() -> bool:
        return any(
            reader.cursor < sum(row.session_id == reader.session_id for row in log.rows)
            for reader in readers
        )

    with anyio.fail_after(10):
        while behind():
            await checkpoint()


def assert_each_event_once(log: FakeLog, readers: list[Reader]) -> None:
    for reader in readers:
        rows = [row for row in log.rows if row.session_id == reader.session_id]
        expected = b"".join(sse.frame(row) for row in rows[reader.after : reader.cursor])
        assert reader.seen == expected


@settings(max_examples=300)
@given(ACTIONS, st.integers(0, 2**32), st.sampled_from([1, 300, 1 << 20]))
async def test_every_reader_sees_each_event_once_in_order_whatever_the_interleaving(
    actions: list[tuple[str, int, int]], seed: int, window_bytes: int
) -> None:
    log = FakeLog(random.Random(seed))
    assert_each_event_once(log, await play(actions, log, window_bytes))


@settings(max_examples=50)
@given(ACTIONS, st.integers(0, 2**32))
async def test_a_store_that_fails_now_and_then_costs_nobody_an_event(
    actions: list[tuple[str, int, int]], seed: int
) -> None:
    chance = random.Random(seed)
    log = FakeLog(chance, faults=0.2)
    assert_each_event_once(log, await play(actions, log, 300))


class HeldLog(FakeLog):
    """A log whose answers to `events` are taken at once and handed over when the test says so."""

    def __init__(self) -> None:
        super().__init__(random.Random(0))
        self.taken, self.give = anyio.Event(), anyio.Event()
        self.hold = True

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        rows = [row for row in self.rows if row.session_id == session_id and row.seq > after]
        if self.hold:
            self.taken.set()
            await self.give.wait()
        return rows[:limit]


@pytest.mark.parametrize("before", [0, 1, 3])
async def test_nothing_falls_between_the_tails_position_and_a_page_read_before_it(
    before: int,
) -> None:
    log = HeldLog()
    broadcast = Broadcast(log)
    for _ in range(before):
        log.append("s")
    reader = Reader(broadcast, "s", 0)
    async with anyio.create_task_group() as group:
        group.start_soon(reader.run)
        await log.taken.wait()
        # The page is taken; now a commit, and only then the tail's head, which is beyond it.
        log.append("s")
        broadcast.heal()
        log.hold = False
        log.give.set()
        with anyio.fail_after(5):
            while reader.cursor < before + 1:
                await checkpoint()
        broadcast.close()
    assert_each_event_once(log, [reader])


async def test_a_thousand_readers_arriving_together_cost_one_read_of_the_log() -> None:
    log = FakeLog(random.Random(1))
    reads = 0
    original = log.events

    async def counted(session_id: str, *, after: int, limit: int) -> list[Event]:
        nonlocal reads
        reads += 1
        return await original(session_id, after=after, limit=limit)

    log.events = counted  # type: ignore[method-assign]  # the count is the point
    for _ in range(2):
        log.append("s")
    broadcast = Broadcast(log)
    readers = [Reader(broadcast, "s", 0) for _ in range(1000)]
    async with anyio.create_task_group() as group:
        for reader in readers:
            group.start_soon(reader.run)
        await everyone_at_the_end(log, readers)
        broadcast.close()
    assert reads == 1


async def test_readers_far_behind_in_step_share_each_page() -> None:
    log = FakeLog(random.Random(1))
    for _ in range(12):
        log.append("s")
    reads = []
    original = log.events

    async def counted(session_id: str, *, after: int, limit: int) -> list[Event]:
        reads.append(after)
        return await original(session_id, after=after, limit=limit)

    log.events = counted  # type: ignore[method-assign]  # the count is the point
    broadcast = Broadcast(log)
    ahead = [row for row in log.rows if row.seq > 11]
    readers = [Reader(broadcast, "s", 0) for _ in range(20)]
    async with anyio.create_task_group() as group:
        group.start_soon(Reader(broadcast, "s", 12).run)
        await checkpoint()
        broadcast.publish(ahead)
        for reader in readers:
            group.start_soon(reader.run)
        await everyone_at_the_end(log, readers)
        broadcast.close()
    assert_each_event_once(log, readers)
    assert len([after for after in reads if after < 9]) == 3


async def test_a_session_nobody_reads_is_forgotten() -> None:
    log = FakeLog(random.Random(0))
    broadcast = Broadcast(log)
    with broadcast.subscribe("s", 0):
        with broadcast.subscribe("s", 0):
            assert broadcast.listening
        assert broadcast.listening
    assert not broadcast.listening


async def test_a_reader_that_is_never_short_of_news_lets_others_run() -> None:
    log = FakeLog(random.Random(0))
    broadcast = Broadcast(log)
    with broadcast.subscribe("s", 0) as subscription, broadcast.subscribe("s", 0):
        for _ in range(50):
            log.append("s")
        broadcast.publish(log.rows)
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await checkpoint()

        async with anyio.create_task_group() as group:
            group.start_soon(count)
            while (batch := await subscription.next()) and batch.cursor < 50:
                broadcast.publish(log.rows)
            group.cancel_scope.cancel()
        assert turns >= 1


async def test_on_a_real_file_live_and_replayed_bytes_are_the_same(store: SqliteStore) -> None:
    await store.create(NewSession(id="s", automation="test", queue="q"))
    pen = await Pen.take(store, "s")
    broadcast = Broadcast(store)
    live = Reader(broadcast, "s", 0)
    async with anyio.create_task_group() as group:
        group.start_soon(Tail(store, broadcast).run)
        group.start_soon(live.run)
        for _ in range(20):
            await pen.progress(mensagem="ação \u2028 fim")
        await pen.result()
        with anyio.fail_after(10):
            while live.cursor < 21:
                await anyio.lowlevel.checkpoint()
        late = Reader(Broadcast(store), "s", 0)
        group.start_soon(late.run)
        with anyio.fail_after(10):
            while late.cursor < 21:
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert live.seen == late.seen
    assert live.seen.count(b"\n\n") == 21
