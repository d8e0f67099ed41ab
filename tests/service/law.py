"""What the tests of the subscription law share: a log in memory, readers who keep what they saw.

Every answer of the log is late by some turns of the loop, before and after looking, so that what
can come in between does come in between.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import anyio
from anyio.lowlevel import checkpoint

from db.events import Event, EventType
from service import sse
from service.broadcast import Broadcast


class FakeLog:
    """A log in memory; it looks after up to `turns` of the loop and answers after as many again."""

    def __init__(self, chance: random.Random, *, turns: int = 3) -> None:
        self.rows: list[Event] = []
        self.sessions: defaultdict[str, list[Event]] = defaultdict(list)
        self._chance = chance
        self._turns = turns

    def append(self, session_id: str, type: EventType = EventType.PROGRESS) -> None:
        """One more event at the log's end."""
        seq = len(self.sessions[session_id]) + 1
        body = f'{{"n":{seq}}}'
        event = Event(session_id=session_id, seq=seq, type=type, at="", body=body)
        self.sessions[session_id].append(event)
        self.rows.append(event)

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        """The session's events behind `after`, as they were at some moment of the question."""
        await self._late()
        rows = self.sessions[session_id][after : after + limit]
        await self._late()
        return rows

    async def since(self, position: int, *, limit: int) -> tuple[list[Event], int]:
        """What stands behind the position, and the next one."""
        await self._late()
        rows = self.rows[position : position + limit]
        await self._late()
        return rows, position + len(rows)

    async def head(self) -> int:
        """The position behind the last row."""
        await self._late()
        head = len(self.rows)
        await self._late()
        return head

    async def version(self) -> int:
        """Changes with every row."""
        return await self.head()

    def bell(self) -> AbstractContextManager[None]:
        """Nothing is heard of a commit."""
        return nullcontext()

    async def _late(self) -> None:
        for _ in range(self._chance.randint(0, self._turns)):
            await checkpoint()


class Witness(Protocol):
    """Somebody who reads a session from `after` on."""

    session_id: str
    after: int
    cursor: int
    seen: bytes


class Reader:
    """Reads until told to leave, and keeps what it saw."""

    def __init__(self, broadcast: Broadcast, session_id: str, after: int) -> None:
        self.session_id, self.after = session_id, after
        self.cursor, self.seen = after, b""
        self._broadcast = broadcast
        self.scope = anyio.CancelScope()

    async def run(self) -> None:
        """Subscribe and read on."""
        with self.scope, self._broadcast.subscribe(self.session_id, self.after) as subscription:
            while batch := await subscription.next():
                self.seen += batch.data
                self.cursor = batch.cursor


async def everyone_at_the_end(log: FakeLog, readers: Sequence[Witness]) -> None:
    """Until no reader is behind the log; fails after a deadline."""
    with anyio.fail_after(10):
        while any(reader.cursor < len(log.sessions[reader.session_id]) for reader in readers):
            await checkpoint()


def assert_each_event_once(log: FakeLog, readers: Sequence[Witness]) -> None:
    """Each reader saw exactly the bytes between where it began and where it stands."""
    for reader in readers:
        rows = log.sessions[reader.session_id][reader.after : reader.cursor]
        assert reader.seen == b"".join(sse.frame(row) for row in rows)
