"""One HTTP/2 connection with many streams, under the test's own flow control."""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.settings import SettingCodes

# What one stream may hold back must not use up what all of them share.
CONNECTION_WINDOW = 1 << 30


class Multiplex:
    """Streams by their id: what each was answered, and how it ended."""

    def __init__(self, stream: ByteStream, authority: str, scheme: str) -> None:
        self._stream, self._authority, self._scheme = stream, authority, scheme
        self._h2 = H2Connection(H2Configuration())
        self._sending = anyio.Lock()
        self._changed = anyio.Event()
        self._listening = anyio.Event()
        # Streams whose data is taken off the wire and not acknowledged: their window closes.
        self.held: set[int] = set()
        self.status: dict[int, int] = {}
        self.data: defaultdict[int, bytes] = defaultdict(bytes)
        self.ended: set[int] = set()
        self.reset: dict[int, int] = {}
        self.closed = False

    async def start(self, *, stream_window: int | None = None) -> None:
        """Begin the connection; `stream_window` is what each stream may send unasked, in bytes."""
        self._h2.initiate_connection()
        if stream_window is not None:
            self._h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: stream_window})
        self._h2.increment_flow_control_window(CONNECTION_WINDOW)
        await self._flush()

    async def ask(self, path: str) -> int:
        """Open a stream with a GET; its id."""
        return await self._open(path, {":method": "GET"}, {}, end=True)

    async def ask_websocket(self, path: str) -> int:
        """Open a stream with a WebSocket's handshake (RFC 8441); its id."""
        pseudo = {":method": "CONNECT", ":protocol": "websocket"}
        return await self._open(path, pseudo, {"sec-websocket-version": "13"}, end=False)

    async def give_up(self, stream_id: int) -> None:
        """Reset a stream, as a browser does when a page leaves."""
        self._h2.reset_stream(stream_id)
        await self._flush()

    async def until(self, true: Callable[[], bool], seconds: float = 10) -> None:
        """Wait until something about the streams is true."""
        with anyio.fail_after(seconds):
            while not true():
                changed = self._changed
                await changed.wait()

    def listen(self) -> None:
        """Take what comes from now on, for a client that was deaf."""
        self._listening.set()

    async def run(self) -> None:
        """Take what comes, until the connection is closed."""
        await self._listening.wait()
        try:
            while True:
                events = self._h2.receive_data(await self._stream.receive())
                for event in events:
                    self._take(event)
                await self._flush()
                self._tell()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self.closed = True
            self._tell()

    async def _open(
        self, path: str, pseudo: dict[str, str], headers: dict[str, str], *, end: bool
    ) -> int:
        stream_id = self._h2.get_next_available_stream_id()
        place = {":scheme": self._scheme, ":authority": self._authority, ":path": path}
        self._h2.send_headers(stream_id, [*{**pseudo, **place, **headers}.items()], end_stream=end)
        await self._flush()
        return stream_id

    def _take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self.status[event.stream_id] = int(dict(event.headers)[b":status"])
        elif isinstance(event, DataReceived):
            self.data[event.stream_id] += event.data
            if event.stream_id not in self.held:
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.ended.add(event.stream_id)
        elif isinstance(event, StreamReset):
            self.reset[event.stream_id] = int(event.error_code)

    def _tell(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def _flush(self) -> None:
        async with self._sending:
            if data := self._h2.data_to_send():
                await self._stream.send(data)


@asynccontextmanager
async def connected(
    url: str,
    *,
    tls: ssl.SSLContext | None = None,
    stream_window: int | None = None,
    deaf: bool = False,
) -> AsyncIterator[Multiplex]:
    """A connection to `url`: with `tls` as agreed on there, else HTTP/2 without asking.

    A `deaf` one takes nothing off the wire until it is told to `listen`.
    """
    place = urlsplit(url)
    assert place.hostname and place.port
    stream: ByteStream = await anyio.connect_tcp(place.hostname, place.port)
    if tls is not None:
        stream = await TLSStream.wrap(
            stream, hostname=place.hostname, ssl_context=tls, standard_compatible=False
        )
    async with stream, anyio.create_task_group() as group:
        connection = Multiplex(stream, place.netloc, place.scheme)
        await connection.start(stream_window=stream_window)
        if not deaf:
            connection.listen()
        group.start_soon(connection.run)
        yield connection
        group.cancel_scope.cancel()
