"""What a row of the SQLite file is as a value, and a value as a row.

1. Pure: no driver, no clock. What the engine binds and reads has its form from here.
2. Event rows are read by place, session rows by name: the former come by the thousand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from db.errors import EventRefused
from db.events import MAX_EVENT_BYTES, Event, EventType, Status, encode
from db.store import MAX_LINE_BYTES, Lease, LogLine, Session, Wish

CUT = encode({"cut": True})


class Named(Protocol):
    """A row that is read by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class Placed(Protocol):
    """A row that is read by the places of its columns."""

    def __getitem__(self, place: int, /) -> Any: ...


def rfc3339(moment: datetime) -> str:
    """RFC 3339 UTC with milliseconds, which sorts as text in the order of time."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def event_text(data: Mapping[str, Any]) -> str:
    """An event's data as it is stored. Raises EventRefused."""
    try:
        text = encode(data)
    except (TypeError, ValueError) as error:
        raise EventRefused(f"not JSON ({type(error).__name__})") from error
    if len(text) > MAX_EVENT_BYTES:
        raise EventRefused(f"{len(text)} bytes")
    return text


def told_text(data: Mapping[str, Any]) -> str:
    """The data of an event for a session that waits. Raises EventRefused.

    Any other status would take the session out of its queue with nobody to hold it.
    """
    if data.get("status") != Status.QUEUED:
        raise EventRefused(f"status {data.get('status')!r} for a session that waits")
    return event_text(data)


def lines_text(lines: Sequence[LogLine]) -> str:
    """Log lines as one JSON array of rows, which `note` takes apart."""
    return json.dumps([_line_row(line) for line in lines])


def holder(lease: Lease) -> dict[str, Any]:
    """The parameters by which a statement knows who may write."""
    return {"id": lease.session_id, "generation": lease.generation}


def lease_of(row: Named) -> Lease:
    """The lease that a session's row speaks of."""
    return Lease(session_id=row["id"], generation=row["generation"], owner=row["lease_owner"])


def event_of(row: Placed) -> Event:
    """The event of: session_id, seq, type, at, data, detail."""
    return Event(
        session_id=row[0],
        seq=row[1],
        type=EventType(row[2]),
        at=row[3],
        body=row[4],
        detail=row[5],
    )


def line_of(row: Named) -> LogLine:
    """The log line of a row of `logs`."""
    return LogLine(
        session_id=row["session_id"],
        generation=row["generation"],
        at=row["at"],
        level=row["level"],
        screen=row["screen"],
        message=row["message"],
        fields=json.loads(row["fields"]),
    )


def session_of(row: Named) -> Session:
    """The session of a row of `sessions`."""
    return Session(
        id=row["id"],
        automation=row["automation"],
        queue=row["queue"],
        status=Status(row["status"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        ended_at=row["ended_at"],
        last_seq=row["last_seq"],
        generation=row["generation"],
        lease_owner=row["lease_owner"],
        lease_until=row["lease_until"],
        wish=Wish(row["wish"]) if row["wish"] else None,
        answers=row["answers"],
        assumed=tuple(json.loads(row["assumed"])),
        ignored=row["ignored"],
        pid=row["pid"],
        retry_of=row["retry_of"],
        priority=row["priority"],
        lapses=row["lapses"],
    )


def _line_row(line: LogLine) -> list[Any]:
    # A text that is no Unicode (half a pair, half a character) would be written, but never read.
    message = line.message.encode("utf-8", "replace")
    fields = _fields_text(line)
    if len(message) + len(fields) + len(line.screen or "") > MAX_LINE_BYTES:
        message, fields = message[:MAX_LINE_BYTES], CUT
    said = message.decode("utf-8", "ignore")
    return [line.session_id, line.generation, line.at, line.level, line.screen, said, fields]


def _fields_text(line: LogLine) -> str:
    # One line that is no JSON (NaN is none) must not cost those that are noted with it.
    try:
        return encode(line.fields)
    except (TypeError, ValueError):
        return CUT
