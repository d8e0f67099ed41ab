"""`/api/rpa/ws/{session_id}`: the stream in another envelope, for networks that swallow the first.

1. A WebSocket is translated at the door: its handshake is a request, each block of the stream one
   text message, the answer's end a close. Token, cursor, places, pace, patience and drain are the
   stream's own, and there is no second loop to get wrong.
2. A message is `{"event": "progress", "id": 7, "data": {…}}`, names and order as on the stream;
   `retry` (milliseconds) is there where the block has it.
3. The close says what to do: 1000, nothing more will come (`end` was said); 1012, come back after
   the last message's `retry`; 1001, come back at once, this connection was long enough.
4. No preflight protects a WebSocket: its Origin is checked here, before it is accepted.
5. What is refused is refused as everywhere, by status and JSON in place of the handshake (the ASGI
   extension `websocket.http.response`). Pages cannot see either, so a session that has nothing more
   to say is not refused: it says `end` and closes.
"""

from __future__ import annotations

from functools import lru_cache

from anyio.lowlevel import checkpoint
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from db.events import Status
from service import sse
from service.errors import Refusal
from service.parts import Parts
from service.request import base_url
from service.stream import Events

# HTTP/2's own method for it (RFC 8441); over HTTP/1.1 it is a GET, which other routes would answer.
METHOD = "CONNECT"
# A plain GET, too, is told what speaks here.
METHODS = ("GET", METHOD)
DENIAL = "websocket.http.response"
ENDED, RENEWED, COME_BACK = 1000, 1001, 1012
# Readers of one session stand at the same cursor and get the same bytes: packed once for all of
# them. As many writes as these are kept, of 256 KB at most.
KEPT_WRITES = 8
# A long history holds the event loop for about a millisecond.
SENT_AT_ONCE = 64


def translated(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """A WebSocket's handshake as the request that it is; every plain answer to it is a refusal."""

    async def listen() -> Message:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def answer(message: Message) -> None:
        if message["type"].startswith("http."):
            message = {**message, "type": f"websocket.{message['type']}"}
        await send(message)

    request = {
        **scope,
        "type": "http",
        "method": METHOD,
        "scheme": "https" if scope["scheme"] == "wss" else "http",
        # Whatever it would accept as an answer: a refusal in the words of a stream is no handshake.
        "headers": [pair for pair in scope["headers"] if pair[0] != b"accept"],
    }
    return request, listen, answer


class Socket(Events):
    """The route, for requests that `translated` has made."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one handshake. Raises Refusal before it is accepted."""
        _admit(Request(scope), self._parts)
        await super().__call__(scope, receive, _Envelope(send))

    async def conclude(self, status: Status, send: Send) -> None:
        """Nothing follows the cursor: that, and no more."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": sse.end(status), "more_body": False})


def _admit(request: Request, parts: Parts) -> None:
    if DENIAL not in request.scope.get("extensions", {}):
        raise Refusal("so_websocket", headers={"Upgrade": "websocket"})
    origin = request.headers.get("origin", "")
    if origin and origin != base_url(request, parts) and not parts.origins.allow(origin):
        raise Refusal("origem_recusada")


class _Envelope:
    """A `send` for a stream's bytes that sends messages."""

    __slots__ = ("_rest", "_said", "_send")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._rest = b""
        self._said = ""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            # The status is for whoever counts answers on the way; the server has its own.
            await self._send({"type": "websocket.accept", "status": 101})
            return
        texts, self._rest = packed(self._rest + message["body"])
        for number, text in enumerate(texts, 1):
            await self._send({"type": "websocket.send", "text": text})
            if number % SENT_AT_ONCE == 0:
                await checkpoint()
        self._said = texts[-1] if texts else self._said
        if not message["more_body"]:
            await self._send({"type": "websocket.close", "code": _code(self._said)})


@lru_cache(maxsize=KEPT_WRITES)
def packed(data: bytes) -> tuple[tuple[str, ...], bytes]:
    """A stream's bytes as messages, and the beginning of a block whose end is still to come."""
    *blocks, rest = data.split(b"\n\n")
    return tuple([_message(block) for block in blocks]), rest


def _message(block: bytes) -> str:
    lines = [line.partition(": ") for line in block.decode("ascii").split("\n")]
    field = {name: value for name, _, value in lines}
    parts = [f'"event":"{field["event"]}"']
    # All but the name are numbers or JSON as they stand.
    parts += [f'"{name}":{field[name]}' for name in ("id", "data", "retry") if name in field]
    return f"{{{','.join(parts)}}}"


def _code(said: str) -> int:
    if said.startswith('{"event":"end"'):
        return ENDED
    return COME_BACK if said.startswith('{"event":"ping"') and '"retry"' in said else RENEWED
