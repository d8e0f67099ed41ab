"""Who reads during a soak: some stay, some leave and come back, some dawdle, some vanish.

1. Each checks its own stream: seq after seq, over all of its connections, and the whole of it when
   `end` comes. What is wrong is counted, not raised: the soak goes on.
2. Whoever is done makes room for another, on a session taken by chance.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import anyio
from anyio.abc import SocketStream

from benchmarks.soak.wire import (
    LITTLE_BYTES,
    USUAL_BYTES,
    Answer,
    Block,
    connected,
    fetch,
    narrow,
    vanish,
)
from benchmarks.soak.writer import Session


class Manner(StrEnum):
    """How somebody reads."""

    STEADY = "steady"
    # Leaves after some events and resumes by its cursor, again and again.
    LEAVING = "leaving"
    # Takes less than is written.
    SLOW = "slow"
    # Resets the connection after some events and never comes back.
    VANISHING = "vanishing"
    # Opens a stream and does not read it.
    SILENT = "silent"
    # Reads snapshots instead, by long poll.
    POLLING = "polling"


WEIGHTS: Mapping[Manner, int] = {
    Manner.STEADY: 4,
    Manner.LEAVING: 4,
    Manner.SLOW: 2,
    Manner.VANISHING: 2,
    Manner.SILENT: 1,
    Manner.POLLING: 1,
}
# Events after which somebody leaves; seconds until it comes back.
STAY, AWAY_S = (1, 60), (0.0, 3.0)
SILENT_S = (5.0, 40.0)
DAWDLE_S = 0.5
POLL_WAIT_S = 5
RETRY_S = 0.5
# The three spellings of a cursor, as clients use them.
QUERIES = ("after", "last_event_id", "lastEventId")


@dataclass(slots=True)
class Tally:
    """What all readers saw, and what was wrong."""

    deliveries: int = 0
    connections: int = 0
    readers: Counter[str] = field(default_factory=Counter)
    finished: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class Reader:
    """One reader of one session; `run` ends when it is done, `hurry` makes it go on fast."""

    def __init__(
        self, session: Session, manner: Manner, tally: Tally, chance: random.Random
    ) -> None:
        self._session = session
        self._manner = manner
        self._tally = tally
        self._chance = chance
        self._hurry = anyio.Event()
        # What is read through a narrow connection, while it is.
        self._narrow: anyio.CancelScope | None = None
        # Some come late and want only what follows.
        self._cursor = chance.choice((0, 0, session.written))
        self._done = False

    def hurry(self) -> None:
        """No more dawdling: the soak is about to end."""
        self._hurry.set()
        if self._narrow is not None:
            # Through so narrow a connection the rest takes minutes: over another one.
            self._narrow.cancel()

    async def run(self) -> None:
        """Read in this manner until the session has ended or this reader is gone for good."""
        self._tally.readers[self._manner.value] += 1
        while not self._done:
            try:
                if self._manner is Manner.POLLING:
                    await self._poll()
                else:
                    await self._connect()
            except (OSError, ValueError, anyio.BrokenResourceError) as error:
                self._fault(type(error).__name__)
                await anyio.sleep(RETRY_S)

    async def _connect(self) -> None:
        url, headers = self._request()
        self._tally.connections += 1
        async with connected(url, *headers) as stream:
            if self._manner is Manner.SILENT:
                await self._pause(self._chance.uniform(*SILENT_S))
                self._done = True
                return
            leave_at = self._cursor + self._chance.randint(*STAY)
            if self._dawdles:
                narrow(stream)
                with anyio.CancelScope() as self._narrow:
                    await self._read(stream, leave_at, slow=True)
                self._narrow = None
            else:
                await self._read(stream, leave_at)
        if not self._done:
            # It left, or its connection was rotated.
            away_s = AWAY_S if self._manner is Manner.LEAVING else (0, RETRY_S)
            await self._pause(self._chance.uniform(*away_s))

    def _request(self) -> tuple[str, Sequence[str]]:
        accept = "Accept: text/event-stream"
        if self._cursor and self._chance.random() < 0.5:
            return self._session.url, (accept, f"Last-Event-ID: {self._cursor}")
        query = f"&{self._chance.choice(QUERIES)}={self._cursor}" if self._cursor else ""
        return self._session.url + query, (accept,)

    async def _read(self, stream: SocketStream, leave_at: int, *, slow: bool = False) -> None:
        """Read one connection to its end, or until this reader leaves it."""
        answer = Answer()
        while not (answer.over or self._done):
            if slow:
                await anyio.sleep(DAWDLE_S)
            try:
                data = await stream.receive(LITTLE_BYTES if slow else USUAL_BYTES)
            except anyio.EndOfStream:
                return
            for block in answer.feed(data):
                self._take(block)
            if answer.status == 204:
                self._end()
            elif answer.status not in (0, 200):
                raise ConnectionError(answer.status)
            if self._cursor >= leave_at and await self._leaves(stream):
                return

    async def _leaves(self, stream: SocketStream) -> bool:
        if self._manner is Manner.VANISHING:
            await vanish(stream)
            self._done = True
        return self._done or (self._manner is Manner.LEAVING and not self._hurry.is_set())

    def _take(self, block: Block) -> None:
        if block.name == "end":
            self._end()
        elif block.name == "reset":
            self._fault("reset")
        elif block.id is not None:
            self._tally.deliveries += 1
            if block.id != self._cursor + 1:
                self._fault("gap" if block.id > self._cursor else "repeat")
            self._cursor = block.id

    def _end(self) -> None:
        # The service may say so before the writer's own call has returned.
        if self._cursor < self._session.written:
            self._fault("ended short")
        self._tally.finished += 1
        self._done = True

    async def _poll(self) -> None:
        url = f"{self._session.progress_url}&wait={POLL_WAIT_S}&after={self._cursor}"
        self._tally.connections += 1
        told = await fetch(url)
        if told["cursor"] < self._cursor:
            self._fault("snapshot fell back")
        self._cursor = told["cursor"]
        if told["terminal"]:
            self._end()

    @property
    def _dawdles(self) -> bool:
        return self._manner is Manner.SLOW and not self._hurry.is_set()

    def _fault(self, what: str) -> None:
        self._tally.faults[f"{what} ({self._manner.value})"] += 1

    async def _pause(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self._hurry.wait()


class Audience:
    """Keeps `count` readers on the sessions alive, until told to stop; then they finish."""

    def __init__(
        self, alive: Callable[[], Sequence[Session]], *, count: int, chance: random.Random
    ) -> None:
        self._alive = alive
        self._count = count
        self._chance = chance
        self._stopping = False
        self._readers: set[Reader] = set()
        self.tally = Tally()

    @property
    def size(self) -> int:
        """Readers there are now."""
        return len(self._readers)

    def stop(self) -> None:
        """Nobody new any more; those who are here hurry."""
        self._stopping = True
        for reader in self._readers:
            reader.hurry()

    async def run(self) -> None:
        """Return when the last reader is done, after `stop`."""
        async with anyio.create_task_group() as group:
            for _ in range(self._count):
                group.start_soon(self._seat)

    async def _seat(self) -> None:
        manners, weights = list(WEIGHTS), list(WEIGHTS.values())
        while not self._stopping:
            manner = self._chance.choices(manners, weights)[0]
            reader = Reader(self._chance.choice(self._alive()), manner, self.tally, self._chance)
            self._readers.add(reader)
            try:
                await reader.run()
            except anyio.get_cancelled_exc_class():
                self.tally.faults[f"no end ({manner.value})"] += 1
                raise
            finally:
                self._readers.discard(reader)
