"""A stream that asks the database every half second, one connection each. Argument: the file.

It reads the product's own log, while the product's own generator writes it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import aiosqlite
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from benchmarks.peers.serving import run

PERIOD_S = 0.5
NEW = "SELECT seq, type, data FROM events WHERE session_id = ? AND seq > ? ORDER BY seq"


async def events(request: Request) -> EventSourceResponse:
    """A session's events, looked for again and again."""
    return EventSourceResponse(_events(request.path_params["session_id"]))


async def _events(session_id: str) -> AsyncIterator[dict[str, str]]:
    cursor = 0
    async with aiosqlite.connect(sys.argv[1]) as database:
        yield {"comment": "polling"}
        while True:
            for seq, kind, data in await database.execute_fetchall(NEW, (session_id, cursor)):
                cursor = seq
                yield {"id": str(seq), "event": kind, "data": data}
            await asyncio.sleep(PERIOD_S)


if __name__ == "__main__":
    run(Starlette(routes=[Route("/{session_id}", events)]))
