"""The one reader of the log's end: what is new for all sessions, in one query, handed on.

1. It does not know who listens, only whether anybody does; while nobody does, it sleeps without a
   single wake-up.
2. On waking it takes the log's head and only then lets every listener heal itself from the log:
   what was committed before the head is seen by that read, what comes after it is handed on. There
   is no moment in between.
3. The bell is a hint, the log is the truth: a bell that rings in vain costs one query, and what it
   does not say is found by the floor beneath it, which asks the log now and then. Where there is no
   bell, or one that was found silent, the floor asks often.
4. A store in trouble is asked again, ever more slowly; the position stays, so nothing is lost.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import anyio
import structlog
from anyio.lowlevel import checkpoint

from db.errors import StoreError
from db.events import Event
from service.tally import Tally

# Half of it is the mean delay that polling adds; at 4 ms asking costs about 2 % of a core, and only
# while somebody listens.
POLL_S = 0.004
# Beneath a bell that is heard: for what others commit, and for who died before he could ring.
FLOOR_S = 0.05
# How long a bell is not relied on after a commit that it did not announce.
DOUBT_S = 10.0
# All that one query takes: encoding it holds the event loop for about 2 ms.
TAIL_PAGE = 400
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0

log = structlog.get_logger("service.tail")


class Commits(Protocol):
    """The log, as far as the tail needs it."""

    async def since(self, position: int, *, limit: int) -> tuple[list[Event], int]:
        """What was committed behind `position` over all sessions, and the position after it."""
        ...

    async def head(self) -> int:
        """The position behind the last event committed so far."""
        ...

    async def version(self) -> int:
        """A number that changes whenever somebody has committed."""
        ...

    def bell(self) -> AbstractContextManager[Ring | None]:
        """What is heard of commits while the block lasts; None: nothing."""
        ...


class Bell(Protocol):
    """Says when to look."""

    async def rung(self) -> bool:
        """Wait a bounded, short time; True as soon as something may have been committed."""
        ...


class Ring(Protocol):
    """What a store says of itself when somebody has committed."""

    async def wait(self) -> None:
        """Return once it has rung since the last `wait`."""
        ...


class Listeners(Protocol):
    """Those to whom the tail hands on."""

    @property
    def listening(self) -> bool:
        """True while anybody does."""
        ...

    async def wanted(self) -> None:
        """Return once somebody listens."""
        ...

    def publish(self, events: Sequence[Event]) -> None:
        """These were committed, in this order."""
        ...

    def heal(self) -> None:
        """Some may have been passed over."""
        ...


class Watch:
    """A store's own ring, and the floor beneath it: the log's version, asked again and again.

    Without a ring the version is asked every `poll_s` seconds, with one every `floor_s`.
    """

    def __init__(
        self,
        commits: Commits,
        ring: Ring | None,
        tally: Tally,
        *,
        poll_s: float = POLL_S,
        floor_s: float = FLOOR_S,
    ) -> None:
        self._commits = commits
        self._ring = ring
        self._tally = tally
        self._poll_s, self._floor_s = poll_s, floor_s
        self._version: int | None = None
        self._doubtful_until = 0.0

    async def rung(self) -> bool:
        """True after a ring, or if the version has changed since it was last asked."""
        with anyio.move_on_after(self._pause_s()) as silence:
            await self._heard()
        if not silence.cancelled_caught:
            self._version = None
            self._tally.rings += 1
            return True
        known, self._version = self._version, await self._commits.version()
        if known == self._version:
            return False
        # The first look after a ring sees what the ring announced, too.
        if known is not None:
            self._doubtful_until = anyio.current_time() + DOUBT_S
            self._tally.misses += 1
        return True

    def _pause_s(self) -> float:
        doubtful = self._ring is None or anyio.current_time() < self._doubtful_until
        return self._poll_s if doubtful else self._floor_s

    async def _heard(self) -> None:
        if self._ring is None:
            await anyio.sleep_forever()
        else:
            await self._ring.wait()


class Tail:
    """Run `run` in a task group, one per process."""

    def __init__(
        self,
        commits: Commits,
        listeners: Listeners,
        *,
        bell: Bell | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._commits = commits
        self._listeners = listeners
        self._bell = bell
        self._tally = tally or Tally()
        self._pause_s = 0.0
        self._position: int | None = None
        # What is wrong with the store right now, as its error's code; None while it answers.
        self.trouble: str | None = None

    @property
    def position(self) -> int | None:
        """How far it has handed on; None while nobody listens."""
        return self._position

    async def run(self) -> None:
        """Hand on commits until cancelled."""
        with self._commits.bell() as ring:
            bell = self._bell or Watch(self._commits, ring, self._tally)
            while True:
                try:
                    await self._follow(bell)
                except Exception as error:  # the task's top: one bad answer must not silence all
                    await self._suffer(error)

    async def _follow(self, bell: Bell) -> None:
        if not self._listeners.listening:
            # Nobody asks any more: an old trouble says nothing about now.
            self._position, self.trouble, self._pause_s = None, None, 0.0
            await self._listeners.wanted()
        if self._position is None:
            self._position = await self._commits.head()
            self._listeners.heal()
        await self._read()
        self._recover()
        while self._listeners.listening:
            if await bell.rung():
                await self._read()

    async def _read(self) -> None:
        assert self._position is not None
        full = True
        while full:
            events, position = await self._commits.since(self._position, limit=TAIL_PAGE)
            self._listeners.publish(events)
            self._position = position
            full = len(events) >= TAIL_PAGE
            await checkpoint()

    async def _suffer(self, error: Exception) -> None:
        code = error.code if isinstance(error, StoreError) else type(error).__name__
        if code != self.trouble:
            log.warning("the tail cannot read the log and tries again", code=code)
        self.trouble = code
        self._pause_s = min(max(self._pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        await anyio.sleep(self._pause_s * random.uniform(0.8, 1.2))

    def _recover(self) -> None:
        if self.trouble is not None:
            log.info("the tail reads the log again", code=self.trouble)
        self.trouble, self._pause_s = None, 0.0
