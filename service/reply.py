"""One answer on its way out: counted as it begins, and bounded in time.

1. A plain answer is small, and the server's buffers take it at once; only over HTTP/2 can a client
   that opens no window keep it there, with a task, for as long as it stays. Whoever has not fetched
   it by then is given up: the stream is reset, or the connection dropped, and that ends the send.
2. One timer of the loop's an answer, set and cancelled, not a scope around each send: snapshots are
   asked for often.
"""

from __future__ import annotations

from asyncio import TimerHandle, get_running_loop
from time import perf_counter

from starlette.types import Message, Scope, Send

from service.errors import Refusal
from service.parts import DROP
from service.tally import Tally

# The snippet's 15 KB at 2 kbit/s.
FETCH_S = 60.0


class Reply:
    """A `send` that knows whether the answer has begun."""

    __slots__ = (
        "_began", "_scope", "_send", "_tally", "_timer",
        "bounded", "refusal", "route", "started",
    )  # fmt: skip

    def __init__(self, send: Send, tally: Tally, scope: Scope) -> None:
        self._began = perf_counter()
        self._send = send
        self._tally = tally
        self._scope = scope
        self._timer: TimerHandle | None = None
        self.started = False
        # Whether it has to be fetched in time.
        self.bounded = True
        # Names only: a path can hold anything.
        self.route = "none"
        self.refusal: Refusal | None = None

    async def __call__(self, message: Message) -> None:
        """Send on."""
        if not self.started:
            self.started = True
            # A WebSocket is accepted without one.
            self._count(message.get("status", 101))
            if self.bounded:
                self._timer = get_running_loop().call_later(FETCH_S, self._give_up)
        await self._send(message)

    def over(self) -> None:
        """Nothing more will be sent."""
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        drop = self._scope.get("extensions", {}).get(DROP)
        if drop is not None:
            drop(self._scope["client"])

    def _count(self, status: int) -> None:
        self._tally.answered(self.route, status, perf_counter() - self._began)
        if self.route == "start":
            new = "new" if status == 202 else "repeated"
            self._tally.starts[self.refusal.code if self.refusal else new] += 1
