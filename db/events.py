"""The words of the log: events, statuses, phases, and their one encoding.

1. Standard library only, no clock and no I/O: every other room may import this one.
2. An event keeps its data as the JSON text that was stored, so that what is replayed is, byte for
   byte, what went out live; `data` parses it on demand.
3. The encoding is ASCII on one line: U+2028, U+0085, VT and FF inside a value break several SSE
   client libraries when they arrive unescaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# One event is one SSE line; several proxies and clients cut lines at 64 KiB.
MAX_EVENT_BYTES = 48 * 1024


class EventType(StrEnum):
    """The four kinds of fact that a session's history is made of."""

    PROGRESS = "progress"
    ESTIMATE = "estimate"
    RESULT = "result"
    ERROR = "error"


class Status(StrEnum):
    """The one vocabulary for a session's state."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """True for the three states that are final."""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Phase(StrEnum):
    """What a progress event says about its screen (`fase` on the wire)."""

    ENTERED = "entrou"
    DONE = "concluiu"
    SKIPPED = "pulou"
    QUEUE = "fila"
    PAUSE = "pausa"
    NOTICE = "aviso"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One past fact of a session.

    `seq` counts 1, 2, 3 … within the session; `at` is RFC 3339 UTC with milliseconds; `body` is the
    public data as JSON text (ASCII, one line); `detail`, also JSON text, is for operators only.
    """

    session_id: str
    seq: int
    type: EventType
    at: str
    body: str
    detail: str | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The public data, parsed."""
        parsed = json.loads(self.body)
        return parsed if isinstance(parsed, dict) else {}

    @property
    def status(self) -> Status | None:
        """The terminal status that this event brings, or None when the session goes on."""
        if self.type is EventType.RESULT:
            return Status.COMPLETED
        if self.type is not EventType.ERROR:
            return None
        return ending(self.data)


def ending(error: Mapping[str, Any]) -> Status | None:
    """The terminal status that an error's data brings: failed, cancelled, or None if not final."""
    if error.get("final") is not True:
        return None
    return Status.CANCELLED if error.get("tipo") == "cancelado" else Status.FAILED


def encode(data: Mapping[str, Any]) -> str:
    """`data` as the log keeps it: compact JSON, ASCII, one line.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def wire(event: Event) -> str:
    """The event as the outside sees it: `{"session_id","seq","type","at","data"}` on one line."""
    body = event.body
    # A row written by hand (`sqlite3`) need not be in our encoding; ours passes untouched.
    if not body.isascii() or "\n" in body or "\r" in body:
        body = encode(event.data)
    return (
        f'{{"session_id":"{event.session_id}","seq":{event.seq},"type":"{event.type}",'
        f'"at":"{event.at}","data":{body}}}'
    )
