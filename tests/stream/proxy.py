"""A proxy between a client and the service that does what bad networks and bad proxies do.

1. Bytes only: it knows no HTTP but where a request ends, and of the stream only its blank lines.
2. The script is a queue of faults; a connection takes the next one with its first request (browsers
   open connections that they never use), and behaves when there is none left.
3. Deterministic: a fault strikes at a byte or an event of the answers, never at a moment. What
   cannot be read off the stream (how long a dead line stays dead) the test decides: `let_go`.
4. What was asked is kept (`asked`), so that a test can say that nobody came any more.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
from asyncio import StreamReader, StreamWriter, open_connection
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

# What a proxy that buffers holds back until it is full.
BUFFER_BYTES = 100_000
PIECE_BYTES = 1 << 16

Carry = Callable[[StreamReader, StreamWriter], Coroutine[Any, Any, None]]


class Ending(StrEnum):
    """What becomes of a connection whose fault has struck."""

    FIN = "fin"
    RST = "rst"
    # Nothing passes any more, in either direction, and nobody is told.
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one connection goes wrong.

    It ends as `ending` says after `after_bytes` of answers, or after the block of the
    `after_events`-th event, or so many bytes (`inside`) before that block's end. Until then bytes
    come in pieces of `piece`, each so many turns of the loop (`late`) after the other, or when the
    buffer is full (`buffered`) or an answer ends.
    """

    after_bytes: int | None = None
    after_events: int | None = None
    inside: int = 0
    ending: Ending = Ending.FIN
    piece: int = PIECE_BYTES
    late: int = 0
    buffered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: its path and query, and the cursor that it brought in the header."""

    path: str
    last_event_id: str | None


def cuts(seed: int, count: int, *, least: int, most: int) -> list[Fault]:
    """Connections cut anywhere, by this seed."""
    chance = random.Random(seed)
    return [
        Fault(after_bytes=chance.randint(least, most), ending=chance.choice([*Ending][:2]))
        for _ in range(count)
    ]


class Proxy:
    """Listens on `port` and passes everything on to `target`; see `proxying`."""

    def __init__(self, target: int, faults: Iterable[Fault]) -> None:
        self.port = 0
        self.asked: list[Asked] = []
        self.struck = 0
        self._target = target
        self._faults = deque(faults)
        self._changed = anyio.Event()
        self._let_go = anyio.Event()

    def address(self, url: str) -> str:
        """The same address, through this proxy."""
        return re.sub(r"//[^/]+", f"//127.0.0.1:{self.port}", url, count=1)

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait until the claim about `asked` and `struck` holds; fails after a deadline."""
        with anyio.fail_after(20):
            while not claim():
                await self._changed.wait()

    def behave(self) -> None:
        """No connection that comes from here on has a fault."""
        self._faults.clear()

    def let_go(self) -> None:
        """Close the connections that are silent, now and from now on."""
        self._let_go.set()

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, to its end."""
        line = _Line(reader, writer)
        try:
            up, down = await open_connection("127.0.0.1", self._target)
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._up, line, down, group.cancel_scope)
                    with suppress(OSError):
                        await self._down(line, up)
                    group.cancel_scope.cancel()
            finally:
                down.close()
        finally:
            line.close()

    async def _up(self, line: _Line, service: StreamWriter, scope: anyio.CancelScope) -> None:
        head = b""
        with suppress(OSError):
            while piece := await line.reader.read(PIECE_BYTES):
                *requests, head = (head + piece).split(b"\r\n\r\n")
                for request in requests:
                    if line.fault is None:
                        line.fault = self._faults.popleft() if self._faults else Fault()
                    self._note(_asked(request.decode()))
                if not line.silent:
                    service.write(piece)
                    await service.drain()
        scope.cancel()

    async def _down(self, line: _Line, service: StreamReader) -> None:
        held = b""
        while piece := await service.read(PIECE_BYTES):
            held += piece
            # The end of a head or of an answer is held back by nobody.
            if len(held) < line.buffered and not held.endswith(b"\r\n\r\n"):
                continue
            end = line.struck_at(held)
            await line.pass_on(held[:end])
            held = b""
            if end is not None:
                self.struck += 1
                self._tell()
                if line.silent:
                    await self._let_go.wait()
                return
        await line.pass_on(held)

    def _note(self, asked: Asked) -> None:
        self.asked.append(asked)
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()


class _Line:
    """One client's connection: what has passed of the answers, and where its fault strikes."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.fault: Fault | None = None
        self._writer = writer
        self._struck = False
        self._passed = b""

    @property
    def silent(self) -> bool:
        """True once nothing passes any more in either direction."""
        return self._struck and self._fault.ending is Ending.SILENCE

    @property
    def buffered(self) -> int:
        """How many bytes are held back until there are that many."""
        return self._fault.buffered

    @property
    def _fault(self) -> Fault:
        return self.fault or Fault()

    def struck_at(self, piece: bytes) -> int | None:
        """How much of this piece may still pass, or None if all of it may."""
        known, self._passed = len(self._passed), self._passed + piece
        end = self._fault.after_bytes
        if self._fault.after_events is not None:
            ends = [match.end() for match in _EVENT.finditer(self._passed)]
            if len(ends) >= self._fault.after_events:
                end = ends[self._fault.after_events - 1] - self._fault.inside
        if end is None or end > len(self._passed):
            return None
        self._struck = True
        return max(0, end - known)

    async def pass_on(self, data: bytes) -> None:
        """To the client, in the pieces and at the pace of the fault."""
        for start in range(0, len(data), self._fault.piece):
            for _ in range(self._fault.late):
                await checkpoint()
            self._writer.write(data[start : start + self._fault.piece])
            await self._writer.drain()

    def close(self) -> None:
        """End the connection as the fault says."""
        if not self._struck or self._fault.ending is not Ending.RST:
            self._writer.close()
            return
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


_EVENT = re.compile(rb"(?<=\n)id: \d+\n.*?\n\n", re.DOTALL)


def _asked(request: str) -> Asked:
    path = request.split(" ")[1]
    found = re.search(r"^last-event-id: *(.*?)\r?$", request, re.MULTILINE | re.IGNORECASE)
    return Asked(path=path, last_event_id=found and found[1])


@asynccontextmanager
async def listening(carry: Carry) -> AsyncIterator[int]:
    """A port of this machine whose connections are given to `carry`, until the block ends."""
    async with anyio.create_task_group() as group:

        def begin(reader: StreamReader, writer: StreamWriter) -> None:
            group.start_soon(carry, reader, writer)

        # Not anyio's listener: its streams cannot be ended without a FIN.
        async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]
            group.cancel_scope.cancel()


@asynccontextmanager
async def proxying(target: int, faults: Iterable[Fault] = ()) -> AsyncIterator[Proxy]:
    """A proxy in front of the port `target` until the block ends."""
    proxy = Proxy(target, faults)
    async with listening(proxy.carry) as proxy.port:
        yield proxy
