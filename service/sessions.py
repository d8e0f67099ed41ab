"""`DELETE /api/rpa/sessions/{session_id}`: a visitor's wish to stop.

1. A wish, not a fact: whoever holds the session fulfils it and writes the ending into the log.
2. Wishing twice is the same as once; an ended session cannot be cancelled (409).
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.store import Wish
from service.parts import Parts
from service.request import authorise, language
from service.token import Scope

_MESSAGE = {
    "pt": "Cancelamento pedido. A cotação para assim que possível.",
    "en": "Cancellation requested. The quote will stop as soon as possible.",
}


async def cancel(request: Request, parts: Parts) -> Response:
    """Ask the session's holder to stop; 202."""
    session_id = authorise(request, parts, Scope.CANCEL)
    session = await parts.store.wish(session_id, Wish.CANCEL)
    content = {
        "success": True,
        "session_id": session_id,
        "status": str(session.status),
        "message": _MESSAGE[language(request)],
        "timestamp": timestamp(),
    }
    return JSONResponse(content, 202)


def timestamp() -> str:
    """Now, as the log writes it: RFC 3339 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age_s(moment: str | None) -> float:
    """Seconds since a time as the log writes it, at least 0; 0 for none."""
    if moment is None:
        return 0.0
    passed = datetime.now(UTC) - datetime.fromisoformat(moment)
    return max(passed.total_seconds(), 0.0)
