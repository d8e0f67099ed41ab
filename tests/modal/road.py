"""The road between a visitor and the service: it breaks, it mends, and it holds back what passes.

1. Bytes only: of HTTP it knows where a request begins and an answer's head ends. What a browser has
   asked last on a connection is what the connection answers, for browsers do not ask ahead.
2. Faults are of kinds of requests (`events`, `ws`), wherever the browser lets them travel: a bad
   proxy does not know which connection of a browser will be the stream.
3. `asked` tells which ways of reading were tried.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

import anyio

from tests.stream.proxy import listening

PIECE_BYTES = 1 << 16
_REQUEST = re.compile(rb"(?:GET|POST|DELETE|OPTIONS) (\S+) HTTP/1\.1\r\n")


class Hold(StrEnum):
    """How an answer is held back."""

    # The head passes, the rest comes when the answer has ended: a buffer larger than a quote.
    BUFFERED = "buffered"
    # Nothing comes, ever.
    SWALLOWED = "swallowed"


class Road:
    """From its own port to `target`; see `road`. Its methods belong to its event loop."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.asked: list[str] = []
        self._target = target
        self._holds: dict[str, Hold] = {}
        self._cut = False
        self._clients: set[StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def took(self, kind: str) -> bool:
        """True if anybody asked for this kind: `events`, `ws`, `progress`."""
        return any(path.startswith(f"/api/rpa/{kind}/") for path in self.asked)

    async def hold(self, how: Hold, *kinds: str) -> None:
        """From now on, hold back the answers to these kinds of requests."""
        self._holds.update(dict.fromkeys(kinds, how))

    async def cut(self) -> None:
        """Nothing passes any more, and what was open is torn."""
        self._cut = True
        for client in self._clients:
            client.transport.abort()

    async def mend(self) -> None:
        """Everything passes again."""
        self._cut = False

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, to its end."""
        self._clients.add(writer)
        try:
            if not self._cut:
                # The service may be away.
                with suppress(OSError):
                    await self._join(reader, writer)
        finally:
            self._clients.discard(writer)
            writer.transport.abort() if self._cut else writer.close()

    async def _join(self, reader: StreamReader, writer: StreamWriter) -> None:
        up, down = await asyncio.open_connection("127.0.0.1", self._target)
        line = _Line(writer)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._ask, line, reader, down, group.cancel_scope)
                with suppress(OSError):
                    while piece := await up.read(PIECE_BYTES):
                        await line.answer(piece)
                    await line.flush()
                group.cancel_scope.cancel()
        finally:
            down.close()

    async def _ask(
        self, line: _Line, reader: StreamReader, down: StreamWriter, scope: anyio.CancelScope
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                for path in _REQUEST.findall(piece):
                    self.asked.append(path.decode())
                    kind = path.decode().removeprefix("/api/rpa/").partition("/")[0]
                    line.begin(self._holds.get(kind))
                down.write(piece)
                await down.drain()
        scope.cancel()


class _Line:
    """What is on its way to one client."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self._hold: Hold | None = None
        self._held = b""
        self._headed = False

    def begin(self, hold: Hold | None) -> None:
        """Another request: its answer is held, or not."""
        self._hold, self._held, self._headed = hold, b"", False

    async def answer(self, piece: bytes) -> None:
        """A piece of the answer."""
        if self._hold is Hold.SWALLOWED:
            return
        self._held += piece
        if self._hold is Hold.BUFFERED and not self._held.endswith(b"0\r\n\r\n"):
            if self._headed or b"\r\n\r\n" not in self._held:
                return
            head, blank, self._held = self._held.partition(b"\r\n\r\n")
            self._headed = True
            return await self._pass_on(head + blank)
        await self.flush()

    async def flush(self) -> None:
        """Let through what was held."""
        held, self._held = self._held, b""
        await self._pass_on(held)

    async def _pass_on(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


@asynccontextmanager
async def road(target: int) -> AsyncIterator[Road]:
    """A road to the port `target` until the block ends."""
    built = Road(target)
    async with listening(built.carry) as built.port:
        yield built
