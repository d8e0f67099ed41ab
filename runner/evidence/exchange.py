"""The requests of a page as short notes: method, address, status, times, and nothing that was sent.

They stand in the trace as HAR entries, which is what the viewer reads; Playwright's own would hold
headers, cookies and bodies.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runner.evidence.mask import Mask

# Trackers put whole pages into an address; the query goes anyway.
MAX_URL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request as it is noted: when it began (Unix, ms), how long it took, how it ended."""

    method: str
    url: str
    status: int
    mime: str
    began: float
    took_ms: float
    failure: str = ""


def note(request: Any, answer: Any) -> Exchange:
    """What there is to say of Playwright's `request` and its `answer` (None: it failed)."""
    timing = request.timing
    mime = answer.headers.get("content-type", "") if answer else ""
    return Exchange(
        method=request.method,
        url=request.url[:MAX_URL],
        status=answer.status if answer else -1,
        mime=mime.partition(";")[0],
        began=timing["startTime"] if timing["startTime"] > 0 else time.time() * 1000,
        took_ms=max(timing["responseStart"], 0),
        failure=request.failure or "",
    )


def entry(one: Exchange, first: Mapping[str, Any], mask: Mask) -> dict[str, Any]:
    """The note as a trace's event; `first` is the trace's own, by whose clock it is told."""
    began = datetime.fromtimestamp(one.began / 1000, UTC).isoformat(timespec="milliseconds")
    bare: dict[str, Any] = {"cookies": [], "headers": [], "httpVersion": "", "headersSize": -1}
    snapshot = {
        "startedDateTime": began,
        "time": one.took_ms,
        "request": {
            **bare,
            **{"method": one.method, "url": mask.url(one.url), "queryString": [], "bodySize": -1},
        },
        "response": {
            **bare,
            **{"status": one.status, "statusText": "", "redirectURL": "", "bodySize": -1},
            "content": {"size": -1, "mimeType": one.mime},
            **({"_failureText": one.failure} if one.failure else {}),
        },
        "cache": {},
        "timings": {"send": -1, "wait": one.took_ms, "receive": -1},
        "_monotonicTime": first["monotonicTime"] + one.began - first["wallTime"],
    }
    return {"type": "resource-snapshot", "snapshot": snapshot}
