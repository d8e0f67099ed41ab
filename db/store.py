"""The store's contract: what any engine does for the service and for the runner.

1. Few verbs, in three narrow protocols, so that each room asks only for what it may do: readers
   hold an `EventLog`, the service adds `Requests`, the runner adds `Runs`.
2. The right to write is a value, the `Lease`. Its generation is checked in the same statement that
   writes; a higher one fences every lower one, however alive its holder believes itself to be.
3. Two cursors: `seq` is per session, dense and public; `position` is the commit order over all
   sessions and means nothing outside the engine that gave it.
4. Every time is RFC 3339 UTC with milliseconds, every duration is in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from db.events import Event, EventType, Status

# One page of the log: large enough to amortise the query, small enough to hold for every reader.
PAGE = 500
# One log line, all in all: room for a stack, and a session's log stays readable.
MAX_LINE_BYTES = 8 * 1024


class Wish(StrEnum):
    """What a visitor or operator asked of a session's holder."""

    CANCEL = "cancel"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A request to run an automation.

    `answers` is sealed (encrypted) by the caller; `assumed` names the answers that came from the
    automation's defaults; `ignored` counts unknown fields. `idempotency_key`, `fingerprint` and
    `client` are keyed digests, never the visitor's own words: the fingerprint is of automation and
    answers, the client of the address. `retry_of` is the session that this one does again. A higher
    `priority` is claimed first.
    """

    id: str
    automation: str
    queue: str
    answers: bytes = b""
    assumed: Sequence[str] = ()
    ignored: int = 0
    idempotency_key: str | None = None
    fingerprint: str | None = None
    client: str | None = None
    retry_of: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of an automation as the store knows it.

    `lapses` counts how often a lease of it ran out in somebody's hands.
    """

    id: str
    automation: str
    queue: str
    status: Status
    created_at: str
    updated_at: str
    ended_at: str | None
    last_seq: int
    generation: int
    lease_owner: str | None
    lease_until: str | None
    wish: Wish | None
    answers: bytes
    assumed: tuple[str, ...]
    ignored: int
    pid: int | None
    retry_of: str | None
    priority: int
    lapses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write one session until a newer generation takes it."""

    session_id: str
    generation: int
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """What a program said while it worked on a session; for operators only.

    `at` is RFC 3339 UTC with milliseconds; `level` is "debug", "info", "warning" or "error";
    `message` is a constant sentence and `fields`, a JSON object, hold its values, no personal data
    among them. Fields that are no JSON, or make the line longer than MAX_LINE_BYTES, are stored as
    `{"cut": true}`.
    """

    session_id: str
    generation: int
    at: str
    level: str
    screen: str | None
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """How an engine's write-ahead log stands.

    `left_frames` is what the last checkpoint of this process had to leave because somebody still
    read it; `checkpoint_age_s` counts from its last complete one, or from the opening of the store.
    """

    bytes: int
    left_frames: int
    checkpoint_age_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many sessions have not ended, by status, and how they wait.

    `held` are in somebody's hands whose lease runs. Of those that are queued and nobody's,
    `oldest_queued_at` is when the first was created, `untouched_since` the longest that one of them
    has been neither told nor given back; None where there is none.
    """

    queued: int
    running: int
    paused: int
    held: int
    oldest_queued_at: str | None
    untouched_since: str | None
    journal: Journal | None = None


class Bell(Protocol):
    """Says that somebody may have committed; what it does not say is found by asking."""

    async def wait(self) -> None:
        """Return once it has rung since the last `wait`."""
        ...


class EventLog(Protocol):
    """Reading: what happened."""

    async def session(self, session_id: str) -> Session:
        """The session; raises UnknownSession."""
        ...

    async def events(self, session_id: str, *, after: int = 0, limit: int = PAGE) -> list[Event]:
        """The session's events with seq > `after`, in order, at most `limit`."""
        ...

    async def since(self, position: int, *, limit: int = PAGE) -> tuple[list[Event], int]:
        """What was committed behind `position` over all sessions, and the position after it."""
        ...

    async def head(self) -> int:
        """The position behind the last event committed so far."""
        ...

    async def version(self) -> int:
        """A number that changes whenever any other process has committed; cheap to ask."""
        ...

    def bell(self) -> AbstractContextManager[Bell | None]:
        """A bell to hear while the block lasts; None where there is none: then ask `version`."""
        ...

    async def probe(self) -> None:
        """Raise the StoreError that is wrong with the store at this moment, if one is."""
        ...

    async def sessions(
        self, *, status: Status | None = None, automation: str | None = None, limit: int = 50
    ) -> list[Session]:
        """The newest sessions first."""
        ...

    async def unfinished(
        self, *, waiting: str | None = None, limit: int = PAGE
    ) -> list[tuple[Session, Event | None]]:
        """What has not ended, with its last event, in the order in which it is claimed to run.

        With `waiting`, the name of a queue, only those that are queued there.
        """
        ...

    async def waiting(self, queue: str) -> int:
        """How many sessions of this queue are queued and in nobody's hands."""
        ...

    async def standing(self) -> Standing:
        """What has not ended, in numbers; its cost does not grow with what has."""
        ...

    async def logs(self, session_id: str, *, limit: int = 200) -> list[LogLine]:
        """The last `limit` lines about the session, in order; none for an unknown one."""
        ...


class Requests(EventLog, Protocol):
    """What the service may write: requests, never facts."""

    async def create(
        self, new: NewSession, *, repeat_within_s: float = 0, queue_limit: int | None = None
    ) -> tuple[Session, bool]:
        """Store the request; True if it is new.

        The same idempotency key gives the earlier session (KeyReused if the fingerprint differs);
        so does the same fingerprint of the same client within `repeat_within_s` seconds, unless
        that run failed or was cancelled: then the visitor is trying again.
        Raises QueueFull where `queue_limit` sessions of its queue wait already.
        """
        ...

    async def wish(self, session_id: str, wish: Wish | None) -> Session:
        """Ask the holder for something (None takes it back). Raises UnknownSession, Ended.

        A wish to cancel stays, whatever is wished after it: the session tells.
        """
        ...


class Runs(EventLog, Protocol):
    """What the runner may write: facts, under a lease."""

    async def claim(
        self,
        owner: str,
        *,
        queues: Sequence[str],
        ttl_s: float,
        orphans: bool = False,
        limits: Mapping[str, int] | None = None,
        room: bool = True,
    ) -> tuple[Session, Lease] | None:
        """The next session of these queues that is queued or whose lease ran out, or None.

        First those that somebody has to end, because a lease ran out in its owner's hands or
        because of a wish to cancel; then by priority, the oldest first. With `orphans` also one of
        any other queue whose lease ran out or was given back, or that waits there with a wish to
        cancel. `limits` says how many sessions of an automation may be held at the same time, by
        all owners together; without `room` nothing is taken to be run. Neither holds back what
        has to be ended.
        """
        ...

    async def fence(
        self, session_id: str, owner: str, *, ttl_s: float, generation: int | None = None
    ) -> Lease:
        """Take this session whoever holds it, with the next generation.

        With `generation`, only from that holder: raises Fenced if another one was faster. Raises
        UnknownSession, Ended.
        """
        ...

    async def renew(self, lease: Lease, *, ttl_s: float, pid: int | None = None) -> Wish | None:
        """Prolong the lease; returns what is wished. Raises Fenced, Ended, UnknownSession."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the session back to its queue as if it had not been claimed. Raises as `renew`."""
        ...

    async def append(
        self,
        lease: Lease,
        type: EventType,
        data: Mapping[str, Any],
        *,
        detail: Mapping[str, Any] | None = None,
    ) -> Event:
        """Add one event; durable (fsync) on return, a terminal one ends the session with it.

        Raises Fenced, Ended, UnknownSession, EventRefused, and StoreBusy, StoreFull, StoreReadOnly
        when the disk would not have it; in every one of these cases nothing was written.
        """
        ...

    async def tell(self, session: Session, data: Mapping[str, Any]) -> Event | None:
        """Add a progress event to a session that waits in nobody's hands; `status` is "queued".

        None, and nothing written, if anything has happened to it since it was read: somebody was
        faster, which is no error. Raises EventRefused and what a store's trouble is, as `append`.
        """
        ...

    async def note(self, lines: Sequence[LogLine]) -> None:
        """Keep these log lines, all or none; those about sessions that do not exist are left out.

        Raises EventRefused for a level or time of another form, and what a store's trouble is.
        """
        ...

    async def take_turn(self, lease: Lease, key: str) -> bool:
        """Hold `key` for this session, which at most one running session does; False while another
        one has it.

        It is given back by `end_turn`, or with the lease. Raises as `renew`.
        """
        ...

    async def end_turn(self, lease: Lease, key: str) -> None:
        """Give the turn back; nothing happens where it was lost before."""
        ...


class Store(Requests, Runs, Protocol):
    """A whole engine: an async context manager that opens, migrates and closes."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def census(self, *, after: str = "", limit: int = PAGE) -> list[Session]:
        """Sessions in the order of their ids, from behind `after` on: a way through all of them."""
        ...

    async def checkpoint(self) -> None:
        """Housekeeping between commits, called about once a second by whoever serves or runs."""
        ...
