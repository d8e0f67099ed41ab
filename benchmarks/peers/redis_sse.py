"""Redis pub/sub behind sse-starlette: one subscription a stream. Argument: Redis's port.

Neither durable nor resumable: what is published while nobody listens is gone.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from benchmarks.peers.serving import run

# Its default of 100 connections would leave the 101st stream waiting.
redis = Redis(port=int(sys.argv[1]), max_connections=20_000)


async def events(request: Request) -> EventSourceResponse:
    """Everything that is published to the channel from now on."""
    return EventSourceResponse(_events(request.path_params["channel"]))


async def _events(channel: str) -> AsyncIterator[dict[str, str]]:
    async with redis.pubsub() as subscription:
        await subscription.subscribe(channel)
        # Only now may anything be published: the load client waits for a first byte.
        yield {"comment": "subscribed"}
        async for message in subscription.listen():
            if message["type"] == "message":
                yield {"data": message["data"].decode()}


if __name__ == "__main__":
    run(Starlette(routes=[Route("/{channel}", events)]))
