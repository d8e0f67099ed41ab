"""How much one address, one session's watchers, and all of them together, may take.

1. Rates are counted by the `limits` library in this process's memory: a restart forgives.
2. An IPv6 visitor owns a whole /64, so that is what counts as one address.
3. A peer on this machine is an operator, a benchmark or a proxy that does not say for whom it asks;
   it is bound by the start rate and by the process's totals only. Otherwise one proxy without
   `X-Forwarded-For` would make all visitors share one visitor's allowance.
4. A session has few watchers: the visitor's tabs, an operator. More than that is a page that opens
   streams and forgets them, or a token that was passed on; the other sessions keep their places.
5. Long polls and WebSockets take the same places as streams: each is one connection that stays.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from time import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from service.address import grouped, is_local

# How long a refused stream stays away: by then others have rotated or gone.
COME_BACK_S = 15


class Limit(StrEnum):
    """What was full."""

    STARTS = "starts_per_minute"
    REQUESTS = "requests_per_minute"
    STREAMS = "streams"
    ADDRESS = "streams_per_address"
    SESSION = "streams_per_session"


class NoRoom(Exception):
    """Too much at once. `wait_s` says when to try again, `mine` whether others still find room."""

    def __init__(self, limit: Limit, *, wait_s: int) -> None:
        super().__init__(limit)
        self.limit = limit
        self.wait_s = wait_s

    @property
    def mine(self) -> bool:
        """False for the one limit that all share."""
        return self.limit is not Limit.STREAMS


class Gate:
    """Counts requests, starts and open streams; raises NoRoom."""

    def __init__(
        self,
        *,
        starts_per_minute: int,
        requests_per_minute: int,
        streams: int,
        streams_per_address: int,
        streams_per_session: int,
    ) -> None:
        self._rates = FixedWindowRateLimiter(MemoryStorage())
        self._start = RateLimitItemPerMinute(starts_per_minute)
        self._request = RateLimitItemPerMinute(requests_per_minute)
        self._most = streams
        self._addresses = _Places(Limit.ADDRESS, streams_per_address)
        self._sessions = _Places(Limit.SESSION, streams_per_session)
        # Places that are taken now, and how often somebody was refused because of which limit.
        self.streams = 0
        self.refused: Counter[Limit] = Counter()

    def request(self, address: str) -> None:
        """Count any request of this address."""
        if not is_local(address):
            self._hit(Limit.REQUESTS, self._request, address)

    def start(self, address: str) -> None:
        """Count a request to run something."""
        if address:
            self._hit(Limit.STARTS, self._start, address)

    @contextmanager
    def stream(self, address: str, session_id: str) -> Iterator[None]:
        """Hold a place for one open stream of this session."""
        taken = ((self._addresses, grouped(address)), (self._sessions, session_id))
        if self.streams >= self._most:
            raise self._full(Limit.STREAMS)
        if not is_local(address):
            for places, key in taken:
                if places.full(key):
                    raise self._full(places.limit)
        self.streams += 1
        for places, key in taken:
            places.take(key)
        try:
            yield
        finally:
            self.streams -= 1
            for places, key in taken:
                places.give_back(key)

    def _full(self, limit: Limit, wait_s: int = COME_BACK_S) -> NoRoom:
        self.refused[limit] += 1
        return NoRoom(limit, wait_s=wait_s)

    def _hit(self, limit: Limit, rate: RateLimitItem, address: str) -> None:
        key = grouped(address)
        if self._rates.hit(rate, limit, key):
            return
        again = self._rates.get_window_stats(rate, limit, key).reset_time
        raise self._full(limit, max(1, math.ceil(again - time())))


class _Places:
    """How many streams each of one kind holds; who holds none is forgotten."""

    def __init__(self, limit: Limit, most: int) -> None:
        self.limit = limit
        self._most = most
        self._open: Counter[str] = Counter()

    def full(self, key: str) -> bool:
        return self._open[key] >= self._most

    def take(self, key: str) -> None:
        self._open[key] += 1

    def give_back(self, key: str) -> None:
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]
