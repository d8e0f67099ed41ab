"""Which sites' pages may talk to the service, and the headers that every answer carries.

1. Around everything: an error, a 204 or a 500 without these headers is, to a page, no answer at
   all (and some clients then retry for ever).
2. An origin is on the list exactly, or by `https://*.name`: one label; nothing else is a pattern.
3. `Vary: Origin` goes out whether or not there was an origin: a cache must not mix the two.
4. The snippet is public, so that it can be loaded with an integrity check from any site.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Scope, Send

METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
HEADERS = "content-type, authorization, idempotency-key, last-event-id, cache-control"
EXPOSED = "ETag, Retry-After"
# Chromium caps it at two hours.
MAX_AGE_S = 7200

_ORIGIN = re.compile(
    r"https?://(\*\.)?[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]+)?"
)

_EVERYWHERE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


class Origins:
    """The allow-list. Raises ValueError for an entry that is neither an origin nor a pattern."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._exact: set[str] = set()
        self._patterns: list[re.Pattern[str]] = []
        for entry in entries:
            origin = entry.strip().lower().rstrip("/")
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"not an origin: {entry!r} (https://site.example)")
            if "*" not in origin:
                self._exact.add(origin)
                continue
            before, _, after = origin.partition("*")
            label = f"{re.escape(before)}[a-z0-9-]+{re.escape(after)}"
            self._patterns.append(re.compile(label))

    def allow(self, origin: str) -> bool:
        """True if pages of this origin may read answers."""
        origin = origin.lower()
        return origin in self._exact or any(p.fullmatch(origin) for p in self._patterns)


def is_preflight(scope: Scope) -> bool:
    """True for the question that a browser asks before the request itself."""
    return scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope)


def preflight() -> Response:
    """The answer to a preflight; the origin's own header is added on the way out."""
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_S),
            "Cache-Control": "no-store",
        },
    )


def dressed(scope: Scope, send: Send, origins: Origins) -> Send:
    """`send`, with the headers that belong on every answer added as it starts."""
    origin = Headers(scope=scope).get("origin", "")
    public = scope["path"].startswith("/snippet/")

    async def dress(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message["headers"])
            named = {name for name, _ in own}
            message["headers"] = [*own, *(pair for pair in _EVERYWHERE if pair[0] not in named)]
            headers = MutableHeaders(scope=message)
            if public:
                headers["access-control-allow-origin"] = "*"
                headers["cross-origin-resource-policy"] = "cross-origin"
            else:
                headers.add_vary_header("Origin")
            if not public and origin and origins.allow(origin):
                headers["access-control-allow-origin"] = origin
                headers["access-control-expose-headers"] = EXPOSED
        await send(message)

    return dress
