"""Spares: workers that wait with everything loaded and a browser open: no start waits for that.

1. A spare is a worker whose job is not known yet; once taken it is that session's only, and is
   never given back: every session has a process of its own.
2. There are no more spares and sessions together than the runner has places, but for a moment: the
   memory of a full house is the one that was planned for. And a new spare begins in a calm moment,
   not while the session that took the last one is at its busiest.
3. A spare that died, was stopped or has waited for long is replaced. Where they keep dying, the
   pauses grow: a session then starts cold, and says what is wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import anyio
import structlog

from runner.job import Warmup
from runner.process import Child
from runner.reporter import blame

# How often spares are looked after; a poll and a look into /proc each.
LOOK_S = 0.5
# After a session began: its own first screens are over by then.
CALM_S = 3.0
# Browsers grow, and certificates and machines change behind their back.
LIFE_S = 30 * 60.0
# Its browser opens in the first seconds; after that its family stays as it is.
GROWS_S = 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

log = structlog.get_logger()


@dataclass(slots=True)
class Spare:
    """One that waits: `until` is when it has waited for too long, on the steady clock."""

    child: Child
    since: float
    until: float


class Spares:
    """`count` spares, made by `make` and told `order`, while `free` places are left for them.

    `free` gives the number of places that no session has, `coming` that of sessions which have one
    and may still take a spare.
    """

    def __init__(
        self,
        make: Callable[[], Child],
        order: Warmup,
        *,
        count: int,
        free: Callable[[], int],
        coming: Callable[[], int] = lambda: 0,
    ) -> None:
        self._make = make
        self._order = order
        self._count = count
        self._free = free
        self._coming = coming
        self._waiting: list[Spare] = []
        self._next_start = 0.0
        self._pause = FIRST_PAUSE_S

    async def run(self) -> None:
        """Look after them until cancelled; then they are all gone."""
        try:
            while True:
                try:
                    await self._tend()
                except Exception as error:
                    # The top of this task: a session without a spare is still a session.
                    log.error("spares could not be looked after", **blame(error))
                    self._wait_longer(anyio.current_time())
                await anyio.sleep(LOOK_S)
        finally:
            # None of them is to be had from now on, for ending each takes a moment.
            waiting, self._waiting = self._waiting, []
            with anyio.CancelScope(shield=True):
                async with anyio.create_task_group() as group:
                    for spare in waiting:
                        group.start_soon(_dismiss, spare.child)

    def take(self) -> Child | None:
        """One that is well, or None. It is the caller's to end from now on."""
        self._next_start = max(self._next_start, anyio.current_time() + CALM_S)
        for spare in self._waiting:
            # What is not well is left to those who tend them.
            if spare.child.running and not spare.child.stopped:
                self._waiting.remove(spare)
                return spare.child
        return None

    async def _tend(self) -> None:
        for spare in list(self._waiting):
            now = anyio.current_time()
            # Each look below is a moment in which one may be taken.
            if spare not in self._waiting:
                continue
            if not spare.child.running or spare.until < now or spare.child.stopped:
                self._waiting.remove(spare)
                self._note_end(spare, now)
                await _dismiss(spare.child)
            elif now - spare.since < GROWS_S:
                await spare.child.note_family()
            else:
                self._pause = FIRST_PAUSE_S
        while len(self._waiting) > max(0, self._free() + self._coming()):
            # Sessions that need no browser have taken their places.
            await _dismiss(self._waiting.pop().child)
        now = anyio.current_time()
        if now >= self._next_start and len(self._waiting) < min(self._count, self._free()):
            await self._start(now)

    async def _start(self, now: float) -> None:
        child = self._make()
        try:
            await child.start()
        except OSError as error:
            log.warning("no spare could be started", error=type(error).__name__)
            self._wait_longer(now)
            return
        until = now + LIFE_S * random.uniform(0.8, 1.2)
        self._waiting.append(Spare(child, since=now, until=until))
        await child.warm(self._order)

    def _note_end(self, spare: Spare, now: float) -> None:
        if spare.until < now:
            return
        log.warning("spare died", pid=spare.child.pid, after_s=round(now - spare.since, 1))
        if now - spare.since < GROWS_S:
            self._wait_longer(now)

    def _wait_longer(self, now: float) -> None:
        self._next_start = now + self._pause * random.uniform(0.8, 1.2)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_S)


async def _dismiss(child: Child) -> None:
    async with child:
        await child.kill()
