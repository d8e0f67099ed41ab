"""A request's body: read within bounds of size and time, and understood strictly.

1. Counted while it is read: a body without Content-Length, or with a false one, is bounded too.
2. A refused body is read on for a while and thrown away: closing at once would reset the connection
   before an honest client has seen the answer, and a server that hands on a body piece by piece
   waits for the pieces to be taken.
3. Strict JSON: no NaN, no infinity, no key twice, no half of a surrogate pair. What two readers
   could understand differently is refused.
"""

from __future__ import annotations

import json
import math
from typing import Any, Never

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from service.errors import Refusal

# How much of a refused body is still listened to, and for how long.
DISCARD_BYTES = 4 * 1024 * 1024
DISCARD_S = 2.0


class Body:
    """A request's body as it arrives; a `receive` that knows when it was all."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0").strip()
        self._receive = receive
        self.declared = int(length) if length.isascii() and length.isdigit() else 0
        self.complete = not self.declared and "transfer-encoding" not in headers
        # HTTP/2 declares neither; it says in the first message whether there is more.
        if scope.get("http_version", "1.1") not in ("1.0", "1.1"):
            self.complete = False

    async def __call__(self) -> Message:
        """The next ASGI message."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self.complete = True
        return message

    async def read(self, limit: int, seconds: float) -> bytes:
        """All of it; raises Refusal beyond `limit` bytes or `seconds`, ClientDisconnect."""
        if self.declared > limit:
            raise Refusal("corpo_grande")
        pieces, size = [], 0
        with anyio.move_on_after(seconds):
            while True:
                message = await self()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > limit:
                    raise Refusal("corpo_grande")
                if not message.get("more_body", False):
                    return b"".join(pieces)
        raise Refusal("tempo_esgotado")

    async def discard(self, enough: anyio.Event) -> None:
        """Take and drop what still comes; sets `enough` at its end or beyond DISCARD_BYTES."""
        size = 0
        while not self.complete:
            message = await self()
            size += len(message.get("body", b""))
            if size > DISCARD_BYTES:
                enough.set()
        enough.set()


def parse(body: bytes) -> dict[str, Any]:
    """The body as one JSON object; raises Refusal."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse,
            parse_float=_finite,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refusal("json_invalido") from None
    if not isinstance(value, dict):
        raise Refusal("json_invalido")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) != len(pairs):
        raise ValueError("a key twice")
    return known


def _refuse(_: str) -> Never:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("too large")
    return number
