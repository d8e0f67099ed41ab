"""Turns: what only one session may do at a time, over all runners of a database.

1. The store knows who has the turn, and for how long: with its lease. A runner that dies in its
   turn keeps nobody waiting longer than its lease lasts.
2. Who waits says so once, and looks again at a pace that a waiting visitor does not notice.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import structlog

from db.errors import StoreError
from db.store import Lease, Runs
from runner.reporter import PATIENCE_S, insist

LOOK_S = 0.1
# What giving back may take while the run is being cancelled; else the lease gives it back.
RETURN_S = 1.0

log = structlog.get_logger()


class Turns:
    """The turns that one session may take; `waiting` is called when it has to wait."""

    def __init__(self, store: Runs, lease: Lease, waiting: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._lease = lease
        self._waiting = waiting

    @asynccontextmanager
    async def take(self, key: str) -> AsyncIterator[None]:
        """Hold `key` while the context lasts; waits until nobody else does."""
        if not await self._try(key):
            began = anyio.current_time()
            await self._waiting()
            while not await self._try(key):
                # Jitter: those who wait shall not knock at the same moment.
                await anyio.sleep(LOOK_S * random.uniform(0.5, 1.5))
            log.info("turn came", key=key, seconds=round(anyio.current_time() - began, 2))
        try:
            yield
        finally:
            with anyio.move_on_after(RETURN_S, shield=True), suppress(StoreError):
                await self._store.end_turn(self._lease, key)

    async def _try(self, key: str) -> bool:
        return await insist(lambda: self._store.take_turn(self._lease, key), patience_s=PATIENCE_S)
