"""An ASGI application of a peer on Hypercorn, as the product's own: same server, same bounds."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from typing import Any, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config, Sockets
from starlette.applications import Starlette

BACKLOG = 4096
KEEP_ALIVE_REQUESTS = 10_000_000


class _Config(Config):
    door: socket.socket

    def create_sockets(self) -> Sockets:
        """The one socket, bound to a free port already."""
        return Sockets([], [self.door], [])


def run(app: Starlette) -> None:
    """Serve until told to stop; prints `ready http://…` once."""
    asyncio.run(_run(app))


async def _run(app: Starlette) -> None:
    config, stop = _Config(), asyncio.Event()
    config.door = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    config.door.setblocking(False)
    config.door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config.backlog = BACKLOG
    config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS
    config.graceful_timeout = 0.1
    # A stop in the middle of thousands of streams is no news.
    config.errorlog = logging.getLogger("peer")
    config.errorlog.addHandler(logging.NullHandler())
    config.errorlog.propagate = False
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    host, port = config.door.getsockname()
    print(f"ready http://{host}:{port}", flush=True)
    await serve(cast(Any, app), config, shutdown_trigger=stop.wait)
