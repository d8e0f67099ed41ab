"""What Hypercorn 0.18 leaves open on a connection: a bound, and an end for one stream of many.

1. Over HTTP/2 nothing holds a writer back: while its client takes nothing, each look at its full
   buffer wakes it all the same, and a reader that does not read would fill the memory. Here a
   writer waits until its stream's buffer is empty.
2. An answer that is given up in its middle would leave an HTTP/2 stream open for ever: it is reset,
   alone, for the connection is a proxy's whole crowd. Only if not even the reset gets out is the
   connection itself stuck, and dropped.
3. A stream that either side has reset would keep its buffer and its place as long as the connection
   lives, and the thousandth would end it: both are given back.
4. Headers are packed by a table that both ends keep for the whole connection. A stream that is
   given up while its own wait to be sent must not take them along: whoever's come after them would
   be read wrongly (one visitor's under another's name). They go out whatever becomes of the stream.
5. A WebSocket's compression would cost 300 KB a client, for messages of 300 bytes, each packed anew
   for every reader: it is not agreed to. What a client says is not kept, however long it is.
6. A connection that is idle when its client goes would stay for as long as idle ones are kept, with
   three tasks and a descriptor, and one with an HTTP/2 answer in its middle for ever: they end at
   once.
7. This reaches into Hypercorn: its public side has none of it. The tests fail if it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import anyio
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WSStream

from service.parts import DROP

# One stream's share of an HTTP/2 connection's memory, beside the write that reached it: what a
# client takes in one go by the protocol's own default.
BUFFER_BYTES = 64 * 1024
# A reset is 13 bytes; where they wait this long, everything does.
RESET_S = 5.0

Drop = Callable[[tuple[str, int]], None]
Send = Callable[[Any], Any]


def fit(scope: Any, send: Send, drop: Drop) -> Shared | None:
    """Put a DROP into the scope that ends this answer and no other; `drop` ends a connection.

    An HTTP/2 stream is returned: its `send` is to be used, and its `release` in the end.
    """
    stream = cast("HTTPStream | WSStream", getattr(send, "__self__"))  # noqa: B009
    if isinstance(stream, WSStream):
        stream.handshake.extensions = None
        stream.buffer = cast(Any, _Deaf())
    shared = Shared(stream, drop) if scope["http_version"] == "2" else None
    scope["extensions"][DROP] = shared.reset if shared else drop
    return shared


class Shared:
    """One stream of an HTTP/2 connection."""

    __slots__ = ("_begun", "_drop", "_fault", "_protocol", "_stream")

    def __init__(self, stream: HTTPStream | WSStream, drop: Drop) -> None:
        self._stream = stream
        self._drop = drop
        self._begun = False
        self._fault: Exception | None = None
        self._protocol = cast(H2Protocol, getattr(stream.send, "__self__"))  # noqa: B009

    async def send(self, message: Any) -> None:
        """Send, and wait while the client takes too little."""
        if not self._begun:
            await self._begin(message)
            return
        await self._stream.app_send(message)
        buffer = self._protocol.stream_buffers.get(self._stream.stream_id)
        if buffer is not None and len(buffer.buffer) >= BUFFER_BYTES:
            await buffer.drain()

    def reset(self, client: tuple[str, int]) -> None:
        """Tell the client, as soon as the connection lets us, that nothing more comes."""
        # Already reset, or the connection is gone.
        with suppress(ProtocolError, RuntimeError):
            self._protocol.connection.reset_stream(self._stream.stream_id, ErrorCodes.CANCEL)
            self._protocol.task_group.spawn(self._flush, client)

    async def release(self) -> None:
        """The answer is over: give back what a stream that was reset still holds."""
        if self._stream.closed:
            await self._forget()

    async def _begin(self, message: Any) -> None:
        # In a task of the connection's: see 4.
        self._begun, sent = True, anyio.Event()
        self._protocol.task_group.spawn(self._send_headers, message, sent)
        await sent.wait()
        if self._fault is not None:
            raise self._fault

    async def _send_headers(self, message: Any, sent: anyio.Event) -> None:
        try:
            await self._stream.app_send(message)
        except Exception as error:  # the task's top: it is raised to who waits
            self._fault = error
        finally:
            sent.set()

    async def _forget(self) -> None:
        buffer = self._protocol.stream_buffers.get(self._stream.stream_id)
        if buffer is not None:
            # To the sender it is now a stream to be ended, which fails, and then it is forgotten.
            await buffer.close()
            await self._protocol._window_updated(self._stream.stream_id)

    async def _flush(self, client: tuple[str, int]) -> None:
        await self._forget()
        with anyio.move_on_after(RESET_S) as patience:
            await self._protocol._flush()
        if patience.cancelled_caught:
            self._drop(client)


class _Deaf:
    """In place of a buffer for what a WebSocket's client says: it holds nothing."""

    def extend(self, event: object) -> None: ...

    def clear(self) -> None: ...

    def to_message(self) -> dict[str, object]:
        return {"type": "websocket.receive", "bytes": None, "text": ""}


class Connection(TCPServer):
    """One client's connection, over as soon as the client has gone."""

    _gone = False

    async def _read_data(self) -> None:
        await super()._read_data()
        if isinstance(self.protocol.protocol, H2Protocol):
            # A writer that waits for room there is told; all it says from now on is thrown away.
            for buffer in list(self.protocol.protocol.stream_buffers.values()):
                await buffer.close()
        # The connection's task group waits for the idle timer, which nobody else stops now.
        self._gone = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        """Send bytes, end, or be told whether anything is under way (which sets the idle timer)."""
        if not (self._gone and isinstance(event, Updated)):
            await super().protocol_send(event)
