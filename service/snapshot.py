"""`GET /api/rpa/progress/{session_id}`: where a session stands, for whoever polls.

1. The answer is the fold of the log, and its cursor continues without a gap in a stream.
2. `?wait=&after=` holds the answer until there is something behind `after`: the same wake-up as a
   stream's, so a long poll costs nothing while it waits. A finished session is never waited for.
3. When places for waiting are short, the answer comes at once instead: a poll is still an answer.
"""

from __future__ import annotations

import math

import anyio
from starlette.requests import Request
from starlette.responses import Response

from service.cursor import parse
from service.limits import NoRoom
from service.parts import Closing, Parts
from service.picture import Picture
from service.request import address, authorise

# Proxies cut a silent request after 30 s and more.
LONGEST_WAIT_S = 25.0


async def progress(request: Request, parts: Parts) -> Response:
    """The snapshot, or 304 if the caller has it already."""
    session_id = authorise(request, parts)
    picture = await parts.gallery.picture(session_id)
    wait_s = _wait(request.query_params.get("wait", ""))
    if wait_s and not _newer(request, picture):
        await _hold(request, parts, session_id, picture.snapshot.cursor, wait_s)
        picture = await parts.gallery.picture(session_id)
    headers = {"ETag": picture.etag, "Cache-Control": "private, no-cache"}
    if _holds(request.headers.get("if-none-match", ""), picture.etag):
        return Response(status_code=304, headers=headers)
    return Response(picture.body, headers=headers, media_type="application/json")


def _newer(request: Request, picture: Picture) -> bool:
    # Without a cursor there is nothing to be newer than; one from the future must not wait for it.
    after = parse(request.query_params.getlist("after"))
    given = "after" in request.query_params and after.readable
    cursor = picture.snapshot.cursor
    return picture.snapshot.status.terminal or not given or after.seq != cursor


async def _hold(
    request: Request, parts: Parts, session_id: str, cursor: int, wait_s: float
) -> None:
    try:
        with (
            parts.place(address(request, parts), session_id),
            parts.broadcast.subscribe(session_id, cursor) as subscription,
            anyio.move_on_after(wait_s) as scope,
        ):
            parts.open.add(scope)
            try:
                await subscription.next()
            finally:
                parts.open.discard(scope)
    except (NoRoom, Closing):
        return


def _wait(given: str) -> float:
    try:
        wait_s = float(given or 0)
    except ValueError:
        return 0.0
    return min(max(wait_s, 0.0), LONGEST_WAIT_S) if math.isfinite(wait_s) else 0.0


def _holds(given: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return etag in tags or "*" in tags
