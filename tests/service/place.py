"""The parts of the law's model: a log that obeys, a bell, readers as clients are, a service's life.

Nothing here draws lots but the log's delays: what happens when is for the machine in test_model.py
to say.
"""

from __future__ import annotations

import random
from collections import Counter

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from db.errors import StoreBusy, StoreError
from db.events import Event
from service.broadcast import Broadcast
from service.tail import Tail
from service.window import Batch
from tests.service.law import FakeLog


class Log(FakeLog):
    """A log that fails and dawdles as it is told; it counts what it was asked.

    `troubles`: how many of the next calls fail, by name ("events", "since", "head"). `turns`: how
    long the next call is held besides, by name and side ("question", "answer").
    """

    def __init__(self, chance: random.Random, *, turns: int) -> None:
        super().__init__(chance, turns=turns)
        self.troubles: Counter[str] = Counter()
        self.turns: dict[tuple[str, str], int] = {}
        self.asked = 0

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        await self._gate("events", "question")
        rows = await super().events(session_id, after=after, limit=limit)
        await self._gate("events", "answer")
        return rows

    async def since(self, position: int, *, limit: int) -> tuple[list[Event], int]:
        await self._gate("since", "question")
        found = await super().since(position, limit=limit)
        await self._gate("since", "answer")
        return found

    async def head(self) -> int:
        await self._gate("head", "question")
        head = await super().head()
        await self._gate("head", "answer")
        return head

    async def _gate(self, name: str, side: str) -> None:
        # A question that is held sees what is committed meanwhile; an answer does not.
        self.asked += 1
        await turn(self.turns.pop((name, side), 0))
        if side == "answer" and self.troubles[name]:
            self.troubles[name] -= 1
            raise StoreBusy


class Bell:
    """Rings when told, in vain or in time; what happens without a ring waits for the next one."""

    def __init__(self) -> None:
        self._rung = anyio.Event()

    def ring(self) -> None:
        """Say that something may have been committed."""
        self._rung.set()

    async def rung(self) -> bool:
        """True after a ring."""
        await self._rung.wait()
        self._rung = anyio.Event()
        return True


class Client:
    """A reader as clients are: slow at times, and after any trouble back with its own cursor."""

    def __init__(self, place: Place, session_id: str, after: int) -> None:
        self.session_id, self.after = session_id, after
        self.cursor, self.seen, self.ended = after, b"", False
        self.scope, self.idle = anyio.CancelScope(), anyio.CancelScope()
        self.dawdles = 0
        self._place = place

    async def run(self) -> None:
        """Come, read, and come again until the ending or `scope`'s cancellation."""
        with self.scope:
            while not self.ended:
                await self._place.up.wait()
                try:
                    await self._visit()
                except StoreError:
                    await checkpoint()

    async def _visit(self) -> None:
        with self._place.broadcast.subscribe(self.session_id, self.cursor) as subscription:
            while not self.ended:
                batch: Batch | None = None
                with anyio.CancelScope() as self.idle:
                    batch = await subscription.next()
                if batch is not None:
                    self._take(batch)
                elif not self.idle.cancelled_caught:
                    return
                dawdles, self.dawdles = self.dawdles, 0
                await turn(dawdles)

    def _take(self, batch: Batch) -> None:
        self.seen += batch.data
        self.cursor, self.ended = batch.cursor, batch.ending is not None


class Place:
    """One service's broadcast and tail, which may be started anew over the same log."""

    def __init__(self, log: Log, window_bytes: int) -> None:
        self.log, self._window_bytes = log, window_bytes
        self.bell, self.up, self.gone = Bell(), anyio.Event(), anyio.Event()
        self.group: TaskGroup
        self.broadcast: Broadcast
        self._tail = anyio.CancelScope()

    async def run(self) -> None:
        """Be there until `gone`."""
        async with anyio.create_task_group() as self.group:
            self.start()
            await self.gone.wait()
            self.group.cancel_scope.cancel()

    def start(self) -> None:
        """A broadcast that knows nothing, and its tail."""
        self.broadcast = Broadcast(self.log, window_bytes=self._window_bytes)
        self.start_tail()
        self.up.set()

    def start_tail(self) -> None:
        """A new tail in place of the one there is: it skips to the log's head."""
        self._tail.cancel()
        self._tail = anyio.CancelScope()
        self.group.start_soon(self._follow, self._tail)

    def restart(self, down: int) -> None:
        """Tell everyone to leave; who comes waits at the door for so many turns."""
        self.up = anyio.Event()
        self.broadcast.close()
        self._tail.cancel()
        self.group.start_soon(self._come_back, down)

    async def _come_back(self, down: int) -> None:
        await turn(down)
        self.start()

    async def _follow(self, scope: anyio.CancelScope) -> None:
        with scope:
            await Tail(self.log, self.broadcast, bell=self.bell).run()


async def turn(count: int) -> None:
    """Let everybody else run, so many times."""
    for _ in range(count):
        await checkpoint()
