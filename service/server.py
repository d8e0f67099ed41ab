"""The service on a socket: Hypercorn in this process, from the first connection to a clean end.

1. The socket is bound here, before anything else: a port in use is one clear error, and port 0
   gives the true port.
2. Stopping: Hypercorn accepts nobody any more, and at the same moment every stream is told to end.
   Whoever is still connected a little later is stuck, and is shut out at its socket: cancelling
   Hypercorn's tasks instead would print a trace for each. All of it takes less than a second.
3. A stream whose client takes nothing can be dropped (`DROP` in the scope): ended the usual way it
   would wait for ever inside the server, for somebody to fetch its last bytes. On HTTP/1.1 that is
   the connection, on HTTP/2 the stream alone (connection.py). Not the kernel's TCP_USER_TIMEOUT:
   Hypercorn prints a trace for the error that it ends in.
4. Hypercorn runs in a task of its own: its shutdown leaves that task's count of cancellations wrong
   (asyncio.TaskGroup before Python 3.13), which would leak out of a task group here.
5. No access log: its lines would carry tokens. Hypercorn's own words go to standard logging.
6. Several processes may share one listening socket: whoever binds it hands its descriptor on. One
   connection a wake-up then, or the first to wake would take a whole burst of them. Not one socket
   each (SO_REUSEPORT): visitors in the queue of a process that hangs would wait with it, and a port
   in use would not be noticed.
"""

from __future__ import annotations

import errno
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, cast
from weakref import WeakValueDictionary

import anyio
from anyio.abc import TaskGroup, TaskStatus
from hypercorn.asyncio import run as hypercorn_run
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config, Sockets
from hypercorn.typing import Framework

from service.certificate import Tls, keep_fresh
from service.connection import Connection, fit

__all__ = ["CannotListen", "Door", "PortInUse", "Tls", "bind", "serve"]

# A burst of pages coming back after a restart.
BACKLOG = 4096
# What the kernel keeps of a connection that it has not yet been able to send. By itself it lets
# that grow to 4 MB (tcp_wmem): 12,000 clients that stop reading would fill the machine's memory.
# What is on its way to one who reads does not count. Not SO_SNDBUF, which bounds that as well: a
# burst to 1,000 readers ran at half its rate or less.
SENT_BYTES = 256 * 1024
# Between a browser's polls, and longer than a proxy keeps a connection to us: it must not find one
# closed under its hands.
KEEP_ALIVE_S = 75
KEEP_ALIVE_REQUESTS = 100_000
# Streams of one proxy connection: Hypercorn's 100 would make the 101st hang; at 1,000 the library
# that puts them in order gives up, and the connection with it.
H2_STREAMS = 900
# Visitors are honest within a second; a scanner that connects and says nothing goes.
TLS_HANDSHAKE_S = 10
# A stop must not take longer than a supervisor's patience; what has not left by then is shut out.
FAREWELL_S = 0.5
# Never reached: a connection whose socket is shut ends by itself.
GRACE_S = 5.0


class CannotListen(Exception):
    """The service cannot listen at this address."""

    hint = "Choose another --host or --port."

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host, self.port, self.reason = host, port, reason

    def __str__(self) -> str:
        message = (type(self).__doc__ or "").rstrip(".")
        return f"{message}: {self.host}:{self.port} ({self.reason}). {self.hint}"


class PortInUse(CannotListen):
    """Another program already listens at this address."""

    hint = "Stop it (is Andamento already running?), or choose another --port (0 takes a free one)."


class App(Protocol):
    """An ASGI application with a life beside its requests."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """What lives beside the requests, until cancelled."""
        ...

    def leave(self) -> None:
        """Tell everyone who stays long to end now."""
        ...


async def serve(
    app: App,
    *,
    host: str,
    port: int,
    stop: anyio.Event,
    ready: Callable[[str], None],
    tls: Tls | None = None,
    descriptor: int | None = None,
) -> None:
    """Serve until `stop` is set; `ready` is told the address (`http://host:port`) once it answers.

    `descriptor` is a listening socket that others accept from, too; host and port do not count
    then. Raises PortInUse, CannotListen.
    """
    door = bind(host, port) if descriptor is None else Door(descriptor=descriptor)
    try:
        async with anyio.create_task_group() as group:
            await group.start(app.run)
            group.start_soon(_stop, app, stop, door)
            framed = _framed(app, partial(ready, door.url(tls)), door)
            config = _config(door, tls)
            if tls is not None and config.context is not None:
                group.start_soon(keep_fresh, config.context, tls)
            group.start_soon(_serve, framed, config, stop, group)
    finally:
        door.close()


class Door(socket.socket):
    """A listening socket that remembers who came in; `descriptor` is one that others have, too."""

    def __init__(
        self, family: int = -1, kind: int = -1, protocol: int = -1, *, descriptor: int | None = None
    ) -> None:
        super().__init__(family, kind, protocol, descriptor)
        self._inside: WeakValueDictionary[tuple[str, int], socket.socket] = WeakValueDictionary()
        self._shared = descriptor is not None
        self._enough = False

    def url(self, tls: Tls | None = None) -> str:
        """The address that it listens on."""
        host, port = self.getsockname()[:2]
        scheme = "https" if tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def accept(self) -> tuple[socket.socket, Any]:
        """One more connection; a shared socket gives one a wake-up."""
        if self._enough:
            self._enough = False
            raise BlockingIOError
        connection, address = super().accept()
        self._enough = self._shared
        self._inside[address[:2]] = connection
        return connection, address

    def drop(self, client: tuple[str, int]) -> None:
        """End this client's connection at once; its owner sees it close."""
        connection = self._inside.get((client[0], client[1]))
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def shut_out(self) -> None:
        """End every connection that is still open."""
        for client in list(self._inside.keys()):
            self.drop(client)


def bind(host: str, port: int) -> Door:
    """A listening socket; raises PortInUse, CannotListen."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        door = Door(family, kind, protocol)
    except OSError as error:
        raise CannotListen(host, port, error.strerror or str(error)) from error
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Whoever is accepted inherits it.
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, SENT_BYTES)
        door.bind(place)
        door.listen(BACKLOG)
    except OSError as error:
        door.close()
        cause = PortInUse if error.errno == errno.EADDRINUSE else CannotListen
        raise cause(host, port, error.strerror or str(error)) from error
    return door


# There is no setting for it: see connection.py, 6.
hypercorn_run.TCPServer = Connection  # type: ignore[attr-defined]  # it is not public


async def _serve(app: Framework, config: Config, stop: anyio.Event, group: TaskGroup) -> None:
    await hypercorn_serve(app, config, shutdown_trigger=stop.wait)
    group.cancel_scope.cancel()


async def _stop(app: App, stop: anyio.Event, door: Door) -> None:
    await stop.wait()
    app.leave()
    await anyio.sleep(FAREWELL_S)
    door.shut_out()


class _Config(Config):
    """Hypercorn's choices, with a socket that is already bound, and its TLS."""

    door: Door
    context: ssl.SSLContext | None = None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """The one context, which is kept fresh."""
        return self.context

    def create_sockets(self) -> Sockets:
        """The one socket to accept from."""
        self.door.setblocking(False)
        return Sockets([self.door], [], []) if self.ssl_enabled else Sockets([], [self.door], [])


def _config(door: Door, tls: Tls | None) -> _Config:
    config = _Config()
    config.door = door
    if tls is not None:
        config.certfile, config.keyfile = str(tls.cert), str(tls.key)
        config.ssl_handshake_timeout = TLS_HANDSHAKE_S
        config.context = Config.create_ssl_context(config)
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.errorlog.setLevel(logging.WARNING)
    config.backlog = BACKLOG
    config.graceful_timeout = GRACE_S
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS
    config.h2_max_concurrent_streams = H2_STREAMS
    config.include_server_header = False
    return config


def _framed(app: App, ready: Callable[[], None], door: Door) -> Framework:
    async def framed(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            # The socket listens already; from here on somebody also answers.
            ready()
        shared = None if scope["type"] == "lifespan" else fit(scope, send, door.drop)
        if shared is None:
            await app(scope, receive, send)
            return
        try:
            await app(scope, receive, shared.send)
        finally:
            await shared.release()

    return cast(Framework, framed)
