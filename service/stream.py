"""`GET /api/rpa/events/{session_id}`: a session's events as they happen, from any cursor on.

1. Two tasks a stream: one writes, one waits for the client to leave (Hypercorn does not say so to
   a writer: its sends just vanish).
2. Every write is bounded in time by the stream's one deadline, which is pushed on only when it has
   come near, so that the hot path sets no timer. An idle stream writes a ping every `ping_s`, which
   is less than `patience_s`: only a write that is stuck lets the deadline pass. Memory is bounded
   by one write beyond the server's buffer: a subscription holds no queue.
3. A write that is stuck has its connection dropped, where the server can do that: ending the answer
   would only queue more behind what nobody fetches.
4. `end` follows the terminal event in the same write, and nothing but it brings `end`.
5. A passing trouble is answered with 200, a longer `retry:` and a close to whoever accepts
   `text/event-stream`: browsers give up for good on 429 and 503.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import partial

import anyio
import structlog
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from db.errors import StoreError
from db.events import Status
from service import sse
from service.broadcast import Broadcast, Subscription
from service.cursor import QUERY_NAMES, Cursor, parse
from service.errors import Refusal
from service.limits import COME_BACK_S
from service.parts import DROP, Parts
from service.request import address, authorise
from service.sessions import timestamp
from service.settings import Pace
from service.tally import Ending, Tally
from service.window import Batch

HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    # nginx would hold events back until its buffer is full.
    (b"x-accel-buffering", b"no"),
)

log = structlog.get_logger("service.stream")


class Events:
    """The route, as an ASGI application of its own: a response object would not know `receive`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises Refusal before anything was sent."""
        session_id, cursor, visitor = self._asked(Request(scope))
        with self._parts.place(visitor, session_id):
            opening = await self._opening(session_id, cursor)
            if isinstance(opening, Status):
                await self.conclude(opening, send)
            elif scope["method"] == "HEAD":
                await _close(send, headers=HEADERS)
            else:
                drop = partial(scope.get("extensions", {}).get(DROP, _keep), scope["client"])
                await self._stream(session_id, *opening, drop)(receive, send)

    async def conclude(self, status: Status, send: Send) -> None:
        """Nothing follows the cursor, now or later: only 204 keeps an `EventSource` away."""
        await _close(send, status=204)

    def _asked(self, request: Request) -> tuple[str, Cursor, str]:
        # Apart, so that no stream keeps its request.
        given = request.headers.getlist("last-event-id")
        for name in QUERY_NAMES:
            given.extend(request.query_params.getlist(name))
        session_id = authorise(request, self._parts)
        return session_id, parse(given), address(request, self._parts)

    async def _opening(self, session_id: str, cursor: Cursor) -> tuple[int, bytes] | Status:
        # The cursor to go on from and the first bytes, or how a session ended of which nothing is
        # left to say.
        session = await self._parts.store.session(session_id)
        if session.status.terminal and cursor.readable and cursor.seq >= session.last_seq:
            return session.status
        motive = "cursor_ilegivel" if not cursor.readable else "cursor_adiantado"
        if not cursor.readable or cursor.seq > session.last_seq:
            self._parts.tally.resets[motive] += 1
            return 0, sse.OPENING + sse.reset(motive)
        self._parts.tally.resumed += cursor.seq > 0
        return cursor.seq, sse.OPENING

    def _stream(
        self, session_id: str, cursor: int, opening: bytes, drop: Callable[[], None]
    ) -> Stream:
        return Stream(
            self._parts.broadcast,
            session_id,
            cursor=cursor,
            opening=opening,
            tally=self._parts.tally,
            pace=self._parts.settings.pace,
            registry=self._parts.open,
            drop=drop,
        )


class Stream:
    """One open answer: writes until the session, the client, or its own time ends."""

    __slots__ = (
        "_broadcast", "_cursor", "_deadline", "_drop", "_ending", "_opening", "_pace", "_registry",
        "_scope", "_send", "_session_id", "_since", "_tally", "_writing",
    )  # fmt: skip

    def __init__(
        self,
        broadcast: Broadcast,
        session_id: str,
        *,
        cursor: int,
        opening: bytes,
        tally: Tally,
        pace: Pace,
        registry: set[anyio.CancelScope],
        drop: Callable[[], None],
    ) -> None:
        self._broadcast = broadcast
        self._session_id = session_id
        self._cursor = cursor
        self._opening = opening
        self._tally = tally
        self._pace = pace
        self._registry = registry
        self._drop = drop
        self._writing = False
        self._ending: Ending | None = None
        self._since = timestamp()
        self._scope: anyio.CancelScope
        self._deadline = 0.0
        self._send: Send

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Run the stream to its end."""
        self._send = send
        self._tally.opened += 1
        async with anyio.create_task_group() as group:
            self._scope = group.cancel_scope
            self._registry.add(self._scope)
            try:
                group.start_soon(_leave, receive, self._left)
                await self._write()
            except OSError:
                # The client is gone and the server says so: there is nobody left to tell.
                pass
            finally:
                self._registry.discard(self._scope)
                self._tally.ended[self._why()] += 1
                self._scope.cancel()
        if self._writing:
            self._drop()

    async def _write(self) -> None:
        self._push_deadline()
        await self._hand({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
        with self._broadcast.subscribe(self._session_id, self._cursor) as subscription:
            await self._put(self._opening)
            try:
                await self._follow(subscription)
            except StoreError as error:
                # The headers are gone, so is the chance of a 503; the client resumes.
                log.warning(
                    "a stream was closed because the log could not be read",
                    session=self._session_id,
                    code=error.code,
                )
                await self._put(sse.ping(retry_ms=_jittered_ms(COME_BACK_S)))
                self._ending = Ending.TROUBLE
        await self._hand({"type": "http.response.body", "body": b"", "more_body": False})

    async def _follow(self, subscription: Subscription) -> None:
        pace, now = self._pace, anyio.current_time()
        spread = random.uniform(1 - pace.lifetime_spread, 1 + pace.lifetime_spread)
        until, ping_at = now + pace.lifetime_s * spread, now + pace.ping_s
        while now < until:
            batch: Batch | None = None
            with anyio.CancelScope(deadline=min(ping_at, until)) as idle:
                batch = await subscription.next()
            if batch is None and not idle.cancelled_caught:
                await self._put(sse.ping(retry_ms=round(random.uniform(*pace.return_s) * 1000)))
                self._ending = Ending.CLOSING
                return
            data, ending = (batch.data, batch.ending) if batch else (b"", None)
            now = anyio.current_time()
            if ending:
                data += sse.end(ending)
            elif now >= ping_at:
                data, ping_at = data + sse.PING, now + pace.ping_s
            if data:
                await self._put(data)
            if batch:
                self._tally.delivered(batch.count, batch.at, self._since)
            if ending:
                self._ending = Ending.ENDED
                return
        self._ending = Ending.RENEWED

    async def _put(self, data: bytes) -> None:
        self._push_deadline()
        await self._hand({"type": "http.response.body", "body": data, "more_body": True})
        self._tally.bytes += len(data)

    async def _hand(self, message: Message) -> None:
        self._writing = True
        await self._send(message)
        self._writing = False

    def _left(self) -> None:
        self._ending = self._ending or Ending.LEFT
        self._scope.cancel()

    def _why(self) -> Ending:
        if self._ending or not self._scope.cancel_called:
            return self._ending or Ending.LEFT
        # The deadline has passed, be it a slow reader's or, brought forward, everybody's.
        return Ending.CLOSING if self._broadcast.closed else Ending.SLOW

    def _push_deadline(self) -> None:
        now, patience = anyio.current_time(), self._pace.patience_s
        if self._deadline < now + patience:
            self._deadline = self._scope.deadline = now + 2 * patience


async def send_passing(refusal: Refusal, send: Send) -> None:
    """Refuse a stream for now, in the words of a stream."""
    retry_ms = _jittered_ms(refusal.retry_after_s or COME_BACK_S)
    await _close(send, headers=HEADERS, body=sse.passing(retry_ms))


def _jittered_ms(seconds: float) -> int:
    return round(seconds * random.uniform(0.8, 1.2) * 1000)


async def _close(
    send: Send,
    *,
    status: int = 200,
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: bytes = b"",
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _keep(client: tuple[str, int]) -> None:
    """A server that cannot drop a connection keeps it."""


async def _leave(receive: Receive, leave: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    leave()
