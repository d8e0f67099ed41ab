"""What this process has done for its readers since it started, as plain numbers.

1. Nothing here costs more than adding one: whoever counts stands on the way of every delivery. The
   numbers become metrics only when somebody asks for them (metrics.py).
2. A delay is looked at once a write, for the newest event in it, and only where the event was
   committed while the reader was there: what a reader catches up on was not late.
3. One event loop, one thread: no lock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from time import time

# From commit to socket, in seconds. Events carry milliseconds, so nothing finer can be seen.
DELIVERY_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0)
# Until an answer begins, in seconds; a long poll waits up to 25 on purpose.
REQUEST_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0)


class Ending(StrEnum):
    """Why a stream ended."""

    ENDED = "session_ended"
    LEFT = "client_left"
    RENEWED = "renewed"
    CLOSING = "shutdown"
    SLOW = "slow_reader"
    TROUBLE = "store_trouble"


class Histogram:
    """How often something took how long; `counts` has one place more than `bounds`, for the rest.

    A place counts what took no longer than its bound and longer than the one before.
    """

    __slots__ = ("bounds", "counts", "total_s")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Once more, this long."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total_s += seconds


class Tally:
    """The numbers; whoever does something adds to them."""

    def __init__(self) -> None:
        # Streams, whatever carries them.
        self.opened = 0
        self.resumed = 0
        self.resets: Counter[str] = Counter()
        self.ended: Counter[Ending] = Counter()
        # What they were given; bytes before the transport's own framing.
        self.events = 0
        self.bytes = 0
        self.delay = Histogram(DELIVERY_BOUNDS)
        self._at, self._at_s = "", 0.0
        # What made the tail look: a bell, or the floor beneath it, which found what none had said.
        self.rings = 0
        self.misses = 0
        # Requests to run something, by what became of them.
        self.starts: Counter[str] = Counter()
        # Until an answer began, by the route's name and the status's class ("2xx").
        self.requests: dict[tuple[str, str], Histogram] = {}

    def delivered(self, count: int, at: str, since: str) -> None:
        """So many events were written, the newest committed `at`, to a reader there `since`.

        Both times as the log writes them.
        """
        self.events += count
        if at > since:
            # A thousand readers of one session are told of the same moment.
            if at != self._at:
                self._at, self._at_s = at, _unix_s(at)
            delay_s = time() - self._at_s
            # A clock that was set back.
            self.delay.observe(delay_s if delay_s > 0 else 0.0)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request of this route was answered after so many seconds."""
        key = (route, f"{status // 100}xx")
        known = self.requests.get(key)
        if known is None:
            known = self.requests[key] = Histogram(REQUEST_BOUNDS)
        known.observe(seconds)


def _unix_s(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        # Written by hand, in a month that does not exist.
        return time()
