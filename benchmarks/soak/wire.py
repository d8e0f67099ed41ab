"""A stream as bytes: chunked HTTP/1.1 down to its blocks, without a library's buffers in between.

The soak's readers must be able to read a little, to stop reading, and to vanish.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream

LITTLE_BYTES = 512
USUAL_BYTES = 64 * 1024
# With it, close() throws away what is under way and resets the connection.
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a stream; `id` is None for those that are no event of the log."""

    name: str
    id: int | None


class Answer:
    """Bytes in, blocks out. `status` is 0 until the head has come; `over` at the body's end."""

    def __init__(self) -> None:
        self.status = 0
        self.over = False
        self.body = b""
        self._raw = b""
        self._chunked = False

    def feed(self, data: bytes) -> Iterator[Block]:
        """The blocks that are complete with `data`."""
        self._raw += data
        if not self.status and not self._take_head():
            return
        self._take_body()
        while (cut := self.body.find(b"\n\n")) >= 0:
            block, self.body = self.body[:cut], self.body[cut + 2 :]
            yield _block(block)

    def _take_head(self) -> bool:
        head, separator, rest = self._raw.partition(b"\r\n\r\n")
        if not separator:
            return False
        self.status = int(head.split(b" ", 2)[1])
        self._chunked = b"transfer-encoding: chunked" in head.lower()
        self._raw = rest
        # A 204 has no body at all.
        self.over = self.status == 204
        return True

    def _take_body(self) -> None:
        if not self._chunked:
            self.body, self._raw = self.body + self._raw, b""
            return
        while not self.over:
            size, separator, rest = self._raw.partition(b"\r\n")
            length = int(size, 16) if separator else 0
            if not separator or len(rest) < length + 2:
                return
            self.body += rest[:length]
            self._raw = rest[length + 2 :]
            self.over = not length


@asynccontextmanager
async def connected(url: str, *headers: str) -> AsyncIterator[SocketStream]:
    """A connection on which `url` has been asked for."""
    parts = urlsplit(url)
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}", *headers]
    async with await anyio.connect_tcp(parts.hostname or "", parts.port or 80) as stream:
        await stream.send("\r\n".join([*lines, "", ""]).encode())
        yield stream


async def fetch(url: str) -> Any:
    """The JSON at `url`. Raises ConnectionError for any answer but 200."""
    answer = Answer()
    async with connected(url, "Connection: close") as stream:
        async for data in stream:
            list(answer.feed(data))
    if answer.status != 200:
        raise ConnectionError(f"{answer.status} instead of a snapshot")
    return json.loads(answer.body)


def narrow(stream: SocketStream) -> None:
    """Let the kernel take as little as it can for this reader: the server will feel it."""
    stream.extra(SocketAttribute.raw_socket).setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE_BYTES
    )


async def vanish(stream: SocketStream) -> None:
    """Go without a word: what is under way is thrown away."""
    stream.extra(SocketAttribute.raw_socket).setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER
    )
    await anyio.aclose_forcefully(stream)


def _block(block: bytes) -> Block:
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line[1:])
    found = fields.get(b"id")
    return Block(name=fields.get(b"event", b"").decode(), id=int(found) if found else None)
