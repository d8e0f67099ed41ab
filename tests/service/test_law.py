"""The subscription law in particular: the moments in which it could break, and what it costs.

Whatever happens in whatever order is in test_model.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import anyio
import pytest
from anyio.lowlevel import checkpoint

from db.events import Event
from db.sqlite import SqliteStore
from db.store import NewSession
from service.broadcast import Broadcast
from service.tail import Tail
from service.window import WRITE_BYTES
from tests.service.conftest import Pen
from tests.service.law import FakeLog, Reader, assert_each_event_once, everyone_at_the_end

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True, scope="module")
def short_pages() -> Iterator[None]:
    """Pages of three events, so that a few are a long history."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.broadcast.REPLAY_PAGE", 3)
        yield


class HeldLog(FakeLog):
    """A log whose answers to `events` are taken at once and handed over when the test says so."""

    def __init__(self) -> None:
        super().__init__(random.Random(0))
        self.taken, self.give = anyio.Event(), anyio.Event()
        self.hold = True

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        rows = self.sessions[session_id][after : after + limit]
        if self.hold:
            self.taken.set()
            await self.give.wait()
        return rows


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


class LateHead(FakeLog):
    """A log that looks for its head when the test says so."""

    def __init__(self) -> None:
        super().__init__(random.Random(0))
        self.look = anyio.Event()

    async def head(self) -> int:
        await self.look.wait()
        return await super().head()


class Silent:
    """A bell that never rings."""

    async def rung(self) -> bool:
        await anyio.sleep_forever()
        return False


async def test_what_the_tail_skips_is_read_by_whoever_is_there() -> None:
    log = LateHead()
    broadcast = Broadcast(log)
    reader = Reader(broadcast, "s", 0)
    async with anyio.create_task_group() as group:
        group.start_soon(reader.run)
        group.start_soon(Tail(log, broadcast, bell=Silent()).run)
        for _ in range(30):
            await checkpoint()
        # The reader has found nothing, and the tail is about to begin behind this event.
        log.append("s")
        log.look.set()
        await everyone_at_the_end(log, [reader])
        group.cancel_scope.cancel()
    assert_each_event_once(log, [reader])


async def test_a_wait_that_is_given_up_loses_nothing() -> None:
    log = FakeLog(random.Random(0))
    broadcast = Broadcast(log)
    with broadcast.subscribe("s", 0) as subscription, broadcast.subscribe("s", 0):
        log.append("s")
        broadcast.publish(log.rows)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await subscription.next()
        assert subscription.cursor == 0
        batch = await subscription.next()
        assert batch is not None
        assert batch.cursor == 1


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


async def test_what_is_long_is_not_read_again_for_every_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.broadcast.REPLAY_PAGE", 200)
    log = FakeLog(random.Random(0))
    broadcast = Broadcast(log)
    read = 0
    original = log.events

    async def counting(session_id: str, *, after: int, limit: int) -> list[Event]:
        nonlocal read
        rows = await original(session_id, after=after, limit=limit)
        read += len(rows)
        return rows

    log.events = counting  # type: ignore[method-assign]  # to count what is asked of it
    long = f'"{"x" * (WRITE_BYTES // 5)}"'
    for _ in range(400):
        log.append("s")
    log.sessions["s"] = [replace(event, body=long) for event in log.sessions["s"]]
    with broadcast.subscribe("s", 0) as subscription:
        cursor = 0
        while cursor < 400:
            batch = await subscription.next()
            assert batch is not None
            cursor = batch.cursor
    # The first page was a full one; after it about two writes' worth are read for each write.
    assert read < 200 + 3 * 400


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
