"""The SQLite engine: the log in one file, shared safely by many processes.

1. Every verb is one statement in autocommit: it takes the write lock at its start, checks and
   writes. There is no transaction to leave open, and no cancellation can fall between two halves.
2. `synchronous=FULL`: an event is on the disk before anyone sees it.
3. What rows and values are to each other is `db/row.py`'s business, how the file is opened,
   guarded and checkpointed is `db/connection.py`'s.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, Self

from db.bell import listening
from db.connection import BUSY_TIMEOUT_S, Database
from db.errors import (
    Ended,
    Fenced,
    KeyReused,
    QueueFull,
    StoreDamaged,
    StoreError,
    UnknownSession,
)
from db.events import Event, EventType, Status
from db.migration import APPLICATION_ID
from db.row import (
    event_of,
    event_text,
    holder,
    lease_of,
    line_of,
    lines_text,
    rfc3339,
    session_of,
    told_text,
)
from db.sql import named_queries
from db.store import PAGE, Bell, Lease, LogLine, NewSession, Session, Standing, Wish

QUERIES = named_queries("sqlite")
# Of the library, which is not that of the `sqlite3` in the shell.
LIBRARY = sqlite3.sqlite_version_info

# A runner that is being restarted is back long before.
DESERTED_S = 60.0

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of this machine, in UTC."""
    return datetime.now(UTC)


def file_of(url: str) -> Path:
    """The file behind a `sqlite:///` URL: three slashes relative, four absolute."""
    return Path(url.removeprefix("sqlite:///"))


class SqliteStore:
    """The `Store` over one SQLite file; use it as an async context manager.

    `create` makes the file where it is missing (its folder must exist); without it a missing file
    raises StoreMissing. Opening migrates to the present schema; raises SchemaTooNew, StoreDamaged,
    StoreReadOnly, StoreBusy, NetworkDisk.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        create: bool = False,
        clock: Clock = utc_now,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._database = Database(self.path, create=create, busy_timeout_s=busy_timeout_s)

    async def __aenter__(self) -> Self:
        await self._database.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.__aexit__()

    # Reading

    async def session(self, session_id: str) -> Session:
        """The session; raises UnknownSession."""
        rows = await self._read("session", {"id": session_id})
        if not rows:
            raise UnknownSession(session_id)
        return session_of(rows[0])

    async def sessions(
        self, *, status: Status | None = None, automation: str | None = None, limit: int = 50
    ) -> list[Session]:
        """The newest sessions first."""
        parameters = {"status": status, "automation": automation, "limit": limit}
        return [session_of(row) for row in await self._read("sessions", parameters)]

    async def census(self, *, after: str = "", limit: int = PAGE) -> list[Session]:
        """Sessions in the order of their ids, from behind `after` on."""
        return [
            session_of(row) for row in await self._read("census", {"after": after, "limit": limit})
        ]

    async def unfinished(
        self, *, waiting: str | None = None, limit: int = PAGE
    ) -> list[tuple[Session, Event | None]]:
        """What has not ended, or is queued there, with its last event, in the order of claims."""
        rows = await self._read("unfinished", {"queue": waiting, "limit": limit})
        return [(session_of(row), event_of(row[-6:]) if row["seq"] else None) for row in rows]

    async def waiting(self, queue: str) -> int:
        """How many sessions of this queue are queued and in nobody's hands."""
        rows = await self._read("waiting", {"queue": queue, "now": rfc3339(self._clock())})
        return int(rows[0][0])

    async def standing(self) -> Standing:
        """What has not ended, in numbers; its cost does not grow with what has."""
        row = (await self._read("standing", {"now": rfc3339(self._clock())}))[0]
        return Standing(**dict(row), journal=self._database.journal())

    async def logs(self, session_id: str, *, limit: int = 200) -> list[LogLine]:
        """The last `limit` lines about the session, in order."""
        return [
            line_of(row) for row in await self._read("logs", {"id": session_id, "limit": limit})
        ]

    async def events(self, session_id: str, *, after: int = 0, limit: int = PAGE) -> list[Event]:
        """The session's events with seq > `after`, in order, at most `limit`."""
        rows = await self._read("events", {"id": session_id, "after": after, "limit": limit})
        return [event_of(row) for row in rows]

    async def since(self, position: int, *, limit: int = PAGE) -> tuple[list[Event], int]:
        """What was committed behind `position` over all sessions, and the position after it.

        The row id is a safe position because SQLite's writers are serialised.
        """
        rows = self._database.glance(QUERIES["since"], {"position": position, "limit": limit})
        return [event_of(row) for row in rows], (rows[-1][6] if rows else position)

    async def head(self) -> int:
        """The position behind the last event committed so far."""
        return int((await self._read("head", {}))[0][0])

    async def version(self) -> int:
        """A number that changes whenever another connection has committed."""
        return int(self._database.glance(QUERIES["version"], {})[0][0])

    def bell(self) -> AbstractContextManager[Bell | None]:
        """Hears that somebody has committed, while the block lasts."""
        return listening(self._database.bell.path)

    async def probe(self) -> None:
        """Raise what is wrong with the database at this moment, if anything is."""
        self._database.check_identity()
        await self.head()

    # Requests

    async def create(
        self, new: NewSession, *, repeat_within_s: float = 0, queue_limit: int | None = None
    ) -> tuple[Session, bool]:
        """Store the request; False with the earlier session if it is a repetition."""
        now = self._clock()
        parameters = {
            "id": new.id,
            "automation": new.automation,
            "queue": new.queue,
            "now": rfc3339(now),
            "since": rfc3339(now - timedelta(seconds=repeat_within_s)),
            "answers": new.answers,
            "assumed": json.dumps(list(new.assumed)),
            "ignored": new.ignored,
            "key": new.idempotency_key,
            "fingerprint": new.fingerprint,
            "client": new.client,
            "retry_of": new.retry_of,
            "priority": new.priority,
            "queue_limit": queue_limit,
        }
        rows = await self._write("create", parameters)
        if rows:
            return session_of(rows[0]), True
        repeated = await self._read("repeated", parameters)
        if not repeated:
            if queue_limit is not None and await self.waiting(new.queue) >= queue_limit:
                raise QueueFull(new.queue)
            # Erased, or a place became free, between the two statements.
            return await self.create(new, repeat_within_s=repeat_within_s, queue_limit=queue_limit)
        row = repeated[0]
        if row["idempotency_key"] == new.idempotency_key and row["fingerprint"] != new.fingerprint:
            raise KeyReused
        return session_of(row), False

    async def wish(self, session_id: str, wish: Wish | None) -> Session:
        """Ask the holder for something. Raises UnknownSession, Ended."""
        rows = await self._write("wish", {"id": session_id, "wish": wish})
        if rows:
            return session_of(rows[0])
        session = await self.session(session_id)
        if session.ended_at is not None:
            raise Ended(session_id)
        return session

    # Runs

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
        """The next session that is queued or whose lease ran out, or None."""
        parameters = {
            "owner": owner,
            "queues": json.dumps(list(queues)),
            "orphans": orphans,
            "limits": json.dumps(dict(limits or {})),
            "room": room,
            "deserted": rfc3339(self._clock() - timedelta(seconds=DESERTED_S)),
            **self._term(ttl_s),
        }
        rows = await self._write("claim", parameters)
        return (session_of(rows[0]), lease_of(rows[0])) if rows else None

    async def fence(
        self, session_id: str, owner: str, *, ttl_s: float, generation: int | None = None
    ) -> Lease:
        """Take this session whoever holds it. Raises UnknownSession, Ended, Fenced."""
        holder = {"id": session_id, "owner": owner, "generation": generation}
        rows = await self._write("fence", {**holder, **self._term(ttl_s)})
        if not rows:
            ended = (await self.session(session_id)).ended_at is not None
            raise Ended(session_id) if ended else Fenced(session_id)
        return lease_of(rows[0])

    async def renew(self, lease: Lease, *, ttl_s: float, pid: int | None = None) -> Wish | None:
        """Prolong the lease; returns what is wished. Raises Fenced, Ended, UnknownSession."""
        rows = await self._write("renew", {**holder(lease), "pid": pid, **self._term(ttl_s)})
        if not rows:
            await self._refuse(lease)
        return Wish(rows[0][0]) if rows[0][0] else None

    async def release(self, lease: Lease) -> None:
        """Give the session back to its queue. Raises as `renew`."""
        if not await self._write("release", {**holder(lease), **self._term(0)}):
            await self._refuse(lease)

    async def append(
        self,
        lease: Lease,
        type: EventType,
        data: Mapping[str, Any],
        *,
        detail: Mapping[str, Any] | None = None,
    ) -> Event:
        """Add one event; durable on return. Nothing was written when it raises."""
        body, private = event_text(data), None if detail is None else event_text(detail)
        parameters = {
            **holder(lease),
            "type": type,
            "now": rfc3339(self._clock()),
            "data": body,
            "detail": private,
        }
        rows = await self._write("append", parameters)
        if not rows:
            await self._refuse(lease)
        seq, at = rows[0]
        return Event(
            session_id=lease.session_id, seq=seq, type=type, at=at, body=body, detail=private
        )

    async def tell(self, session: Session, data: Mapping[str, Any]) -> Event | None:
        """Add a progress event to a session that waits; None if somebody was faster."""
        body = told_text(data)
        parameters = {
            "id": session.id,
            "generation": session.generation,
            "last_seq": session.last_seq,
            "now": rfc3339(self._clock()),
            "data": body,
        }
        rows = await self._write("tell", parameters)
        if not rows:
            return None
        seq, at = rows[0]
        return Event(session_id=session.id, seq=seq, type=EventType.PROGRESS, at=at, body=body)

    async def note(self, lines: Sequence[LogLine]) -> None:
        """Keep these log lines, all or none."""
        if lines:
            await self._write("note", {"lines": lines_text(lines)})

    async def take_turn(self, lease: Lease, key: str) -> bool:
        """Hold `key` for this session; False while another one has it. Raises as `renew`."""
        now = rfc3339(self._clock())
        if await self._write("take_turn", {**holder(lease), "key": key, "now": now}):
            return True
        session = await self.session(lease.session_id)
        if session.generation != lease.generation or session.ended_at is not None:
            await self._refuse(lease)
        return False

    async def end_turn(self, lease: Lease, key: str) -> None:
        """Give the turn back; nothing happens where it was lost before."""
        await self._write("end_turn", {**holder(lease), "key": key})

    async def checkpoint(self) -> None:
        """Move a grown WAL into the file, under the write lock; a busy moment is left for later."""
        await self._database.checkpoint()

    # Inside

    async def _refuse(self, lease: Lease) -> NoReturn:
        session = await self.session(lease.session_id)
        if session.generation != lease.generation:
            raise Fenced(lease.session_id)
        raise Ended(lease.session_id)

    def _term(self, ttl_s: float) -> dict[str, str]:
        now = self._clock()
        return {"now": rfc3339(now), "until": rfc3339(now + timedelta(seconds=ttl_s))}

    async def _read(self, name: str, parameters: Mapping[str, Any]) -> list[sqlite3.Row]:
        return await self._database.read(QUERIES[name], parameters)

    async def _write(self, name: str, parameters: Mapping[str, Any]) -> list[sqlite3.Row]:
        return await self._database.write(QUERIES[name], parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a file says of itself. `damage` is SQLite's own report, empty when all is well."""

    schema: int
    ours: bool
    journal: str
    damage: tuple[str, ...]


def examine(path: Path, *, thorough: bool = False) -> Examination:
    """Look at a database through a connection that cannot write; `thorough` checks indexes too.

    It blocks (some seconds a GiB), and hinders no writer. Raises StoreDamaged, StoreError.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            return _examined(connection, thorough=thorough)
    except sqlite3.Error as error:
        broken = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        raise (StoreDamaged(path) if broken else StoreError(f"{path}: {error}")) from error


def _examined(connection: sqlite3.Connection, *, thorough: bool) -> Examination:
    def said(pragma: str) -> list[Any]:
        return [row[0] for row in connection.execute(f"PRAGMA {pragma}")]

    check = "integrity_check" if thorough else "quick_check"
    return Examination(
        schema=said("user_version")[0],
        ours=said("application_id")[0] == APPLICATION_ID,
        journal=said("journal_mode")[0],
        damage=tuple(line for line in said(check) if line != "ok"),
    )


@contextmanager
def write_lock(path: Path) -> Iterator[None]:
    """Hold the write lock of the database at `path`, writing nothing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
