"""What must be true of every session's log, and who breaks it: the part of `check` that reads it.

1. Reading only, a page at a time, while everything runs: what is written meanwhile belongs to the
   next look. A session's row is compared with its events up to the row's own `last_seq`.
2. The database's triggers guard most of this against writers; here it is proved from what lies in
   the file, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from db.events import Event, EventType, Status
from db.store import Session, Store

# A runner claims within a second and a lease lasts five: whoever waits longer waits in vain.
UNTOUCHED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One session that is not as it must be; `severe` unless it is only worth a look."""

    session_id: str
    fault: str
    severe: bool = True


@dataclass(slots=True, kw_only=True)
class Trail:
    """What a session's events said so far, in the order in which they were committed."""

    seq: int = 0
    at: str = ""
    percent: float = 0
    status: Status | None = None
    ended_at: str | None = None
    faults: list[str] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """One more event."""
        if event.seq != self.seq + 1:
            self.faults.append(f"event {event.seq} follows event {self.seq}")
        if self.status is not None:
            self.faults.append(f"event {event.seq} follows the terminal one")
        if event.at < self.at:
            self.faults.append(f"event {event.seq} is older than the one before it")
        if event.type is EventType.PROGRESS:
            self._percent(event)
        self.seq, self.at = event.seq, event.at
        if event.status is not None:
            self.status, self.ended_at = event.status, event.at

    def _percent(self, event: Event) -> None:
        percent = float(event.data.get("percentual") or 0)
        if percent < self.percent:
            self.faults.append(f"percentual falls at event {event.seq}")
        if percent >= 100:
            self.faults.append(f"percentual is {percent:g} without a result at event {event.seq}")
        self.percent = percent


async def findings(
    store: Store, advance: Callable[[int], None], *, now: datetime | None = None
) -> tuple[int, list[Finding]]:
    """The number of sessions, and what is wrong with them.

    `advance` is told how many events were read, page by page; there are `store.head()` at most.
    """
    trails: dict[str, Trail] = {}
    position = 0
    while True:
        events, position = await store.since(position)
        for event in events:
            trails.setdefault(event.session_id, Trail()).note(event)
        if not events:
            break
        advance(len(events))
    moment = now or datetime.now(UTC)
    count, after = 0, ""
    found: list[Finding] = []
    while page := await store.census(after=after):
        for session in page:
            trail = trails.pop(session.id, None) or Trail()
            await _catch_up(store, session, trail)
            found += [*_of_trail(session, trail), *_of_row(session, trail, moment)]
        count, after = count + len(page), page[-1].id
    for name in trails:
        # Unless retention or an erasure has just removed it whole.
        if await store.events(name, limit=1):
            found.append(Finding(session_id=name, fault="events without a session"))
    return count, found


async def _catch_up(store: Store, session: Session, trail: Trail) -> None:
    """Events that were committed between the look at the log and the look at the row."""
    while trail.seq < session.last_seq:
        events = await store.events(session.id, after=trail.seq)
        for event in events:
            if event.seq <= session.last_seq:
                trail.note(event)
        if not events or events[-1].seq >= session.last_seq:
            return


def _of_trail(session: Session, trail: Trail) -> Iterator[Finding]:
    for fault in trail.faults:
        yield Finding(session_id=session.id, fault=fault)


def _of_row(session: Session, trail: Trail, now: datetime) -> Iterator[Finding]:
    for fault in _contradictions(session, trail):
        yield Finding(session_id=session.id, fault=fault)
    idle = now - datetime.fromisoformat(max(session.updated_at, session.lease_until or ""))
    if session.ended_at is None and idle > UNTOUCHED:
        minutes = int(idle.total_seconds() // 60)
        fault = f"{session.status}, and nobody has touched it for {minutes} minutes"
        yield Finding(session_id=session.id, fault=fault, severe=False)


def _contradictions(session: Session, trail: Trail) -> Iterator[str]:
    if session.last_seq != trail.seq:
        yield f"its row says {session.last_seq} events, the log holds {trail.seq}"
    if trail.status is None and (session.ended_at or session.status.terminal):
        yield f"it is {session.status} without a terminal event"
    if trail.status is not None and session.status is not trail.status:
        yield f"it is {session.status}, its terminal event says {trail.status}"
    if trail.status is not None and session.ended_at != trail.ended_at:
        yield f"it ended at {session.ended_at}, its terminal event was at {trail.ended_at}"
    if session.ended_at is not None and session.lease_until is not None:
        yield "it has ended and still has a lease"
    if session.ended_at is not None and session.pid is not None:
        yield "it has ended and still has a process"
