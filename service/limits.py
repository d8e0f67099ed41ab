"""How much one address, and all of them together, may take.

1. Rates are counted by the `limits` library in this process's memory: a restart forgives.
2. An IPv6 visitor owns a whole /64, so that is what counts as one address.
3. A peer on this machine is an operator, a benchmark or a proxy that does not say for whom it asks;
   it is bound by the start rate and by the process's totals only. Otherwise one proxy without
   `X-Forwarded-For` would make all visitors share one visitor's allowance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from service.address import grouped, is_local

# How long a refused stream stays away: by then others have rotated or gone.
COME_BACK_S = 15


class NoRoom(Exception):
    """Too much at once. `wait_s` says when to try again, `mine` whose limit it is."""

    def __init__(self, *, wait_s: int, mine: bool) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s
        self.mine = mine


class Gate:
    """Counts requests, starts and open streams; raises NoRoom."""

    def __init__(
        self,
        *,
        starts_per_minute: int,
        requests_per_minute: int,
        streams: int,
        streams_per_address: int,
    ) -> None:
        self._rates = FixedWindowRateLimiter(MemoryStorage())
        self._start = RateLimitItemPerMinute(starts_per_minute)
        self._request = RateLimitItemPerMinute(requests_per_minute)
        self._most, self._most_per_address = streams, streams_per_address
        self._open: Counter[str] = Counter()
        self.streams = 0

    def request(self, address: str) -> None:
        """Count any request of this address."""
        if not is_local(address):
            self._hit(self._request, "request", address)

    def start(self, address: str) -> None:
        """Count a request to run something."""
        if address:
            self._hit(self._start, "start", address)

    @contextmanager
    def stream(self, address: str) -> Iterator[None]:
        """Hold a place for one open stream."""
        if self.streams >= self._most:
            raise NoRoom(wait_s=COME_BACK_S, mine=False)
        key = grouped(address)
        if self._open[key] >= self._most_per_address and not is_local(address):
            raise NoRoom(wait_s=COME_BACK_S, mine=True)
        self.streams += 1
        self._open[key] += 1
        try:
            yield
        finally:
            self.streams -= 1
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]

    def _hit(self, rate: RateLimitItem, what: str, address: str) -> None:
        key = grouped(address)
        if self._rates.hit(rate, what, key):
            return
        again = self._rates.get_window_stats(rate, what, key).reset_time
        raise NoRoom(wait_s=max(1, math.ceil(again - time())), mine=True)
