"""The SQLite engine: the log in one file, shared safely by many processes.

1. Every verb is one statement in autocommit: it takes the write lock at its start, checks and
   writes. There is no transaction to leave open, and no cancellation can fall between two halves.
2. `synchronous=FULL`: an event is on the disk before anyone sees it.
3. One connection writes, one reads: a slow write never holds up a stream's page.
4. Checkpoints happen only under the write lock, never by themselves (`wal_autocheckpoint=0`):
   SQLite up to 3.51.2 may corrupt the file when a checkpoint meets a writer that resets the WAL
   (https://sqlite.org/wal.html#walresetbug).
5. The file is never opened other than as a database: closing any descriptor on it would drop this
   process's POSIX locks. `stat` is safe.
6. Calls are shielded: cancelling a task inside an aiosqlite call would leave the thread or the lock
   behind. The busy timeout bounds how long a shield can last.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, Self

import aiosqlite
import anyio

from db.disk import disk_kind
from db.errors import (
    Ended,
    EventRefused,
    Fenced,
    KeyReused,
    NetworkDisk,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
    UnknownSession,
)
from db.events import MAX_EVENT_BYTES, Event, EventType, Status, encode
from db.migration import migrate
from db.sql import named_queries
from db.store import PAGE, Lease, NewSession, Session, Wish

# Longer than any honest writer holds the lock; shorter than a visitor's patience.
BUSY_TIMEOUT_S = 5.0
# 4 MiB of WAL before a checkpoint: few enough fsyncs, and a WAL that stays small.
CHECKPOINT_BYTES = 4 * 1024 * 1024
NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smbfs", "smb3", "fuse.sshfs", "afs", "ceph"})

QUERIES = named_queries("sqlite")

_CAUSES: Mapping[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
    sqlite3.SQLITE_READONLY: StoreReadOnly,
    sqlite3.SQLITE_PERM: StoreReadOnly,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CANTOPEN: StoreMissing,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
    sqlite3.SQLITE_CONSTRAINT: EventRefused,
}

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of this machine, in UTC."""
    return datetime.now(UTC)


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
        self._create = create
        self._clock = clock
        self._busy_timeout_s = busy_timeout_s
        self._write_lock = anyio.Lock()
        self._writer: aiosqlite.Connection
        self._reader: aiosqlite.Connection

    async def __aenter__(self) -> Self:
        self._check_place()
        with anyio.CancelScope(shield=True):
            self._writer = await self._connect()
            try:
                await migrate(self._writer, self.path)
                self._reader = await self._connect()
            except BaseException as error:
                await self._writer.close()
                if isinstance(error, sqlite3.Error):
                    raise self._translated(error) from error
                raise
            self._identity = _identity(self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            # The reader first: the last connection to close folds the WAL into the file.
            await self._reader.close()
            await self._writer.close()

    # Reading

    async def session(self, session_id: str) -> Session:
        """The session; raises UnknownSession."""
        rows = await self._read("session", {"id": session_id})
        if not rows:
            raise UnknownSession(session_id)
        return _session(rows[0])

    async def sessions(
        self, *, status: Status | None = None, automation: str | None = None, limit: int = 50
    ) -> list[Session]:
        """The newest sessions first."""
        parameters = {"status": status, "automation": automation, "limit": limit}
        return [_session(row) for row in await self._read("sessions", parameters)]

    async def events(self, session_id: str, *, after: int = 0, limit: int = PAGE) -> list[Event]:
        """The session's events with seq > `after`, in order, at most `limit`."""
        rows = await self._read("events", {"id": session_id, "after": after, "limit": limit})
        return [_event(row) for row in rows]

    async def since(self, position: int, *, limit: int = PAGE) -> tuple[list[Event], int]:
        """What was committed behind `position` over all sessions, and the position after it.

        The row id is a safe position because SQLite's writers are serialised.
        """
        rows = await self._read("since", {"position": position, "limit": limit})
        return [_event(row) for row in rows], (rows[-1][6] if rows else position)

    async def head(self) -> int:
        """The position behind the last event committed so far."""
        return int((await self._read("head", {}))[0][0])

    async def version(self) -> int:
        """A number that changes whenever another connection has committed."""
        return int((await self._read("version", {}))[0][0])

    async def probe(self) -> None:
        """Raise what is wrong with the database at this moment, if anything is."""
        if _identity(self.path) != self._identity:
            raise StoreMissing(f"{self.path} (the file was removed or replaced while in use)")
        await self.head()

    # Requests

    async def create(self, new: NewSession, *, repeat_within_s: float = 0) -> tuple[Session, bool]:
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
        }
        rows = await self._write("create", parameters)
        if rows:
            return _session(rows[0]), True
        repeated = await self._read("repeated", parameters)
        if not repeated:
            # Erased between the two statements: then it is no repetition any more.
            return await self.create(new, repeat_within_s=repeat_within_s)
        row = repeated[0]
        if row["idempotency_key"] == new.idempotency_key and row["fingerprint"] != new.fingerprint:
            raise KeyReused
        return _session(row), False

    async def wish(self, session_id: str, wish: Wish | None) -> Session:
        """Ask the holder for something. Raises UnknownSession, Ended."""
        rows = await self._write("wish", {"id": session_id, "wish": wish})
        if not rows:
            await self.session(session_id)
            raise Ended(session_id)
        return _session(rows[0])

    # Runs

    async def claim(
        self, owner: str, *, queues: Sequence[str], ttl_s: float
    ) -> tuple[Session, Lease] | None:
        """The oldest session of these queues that is queued or whose lease ran out, or None."""
        parameters = {"owner": owner, "queues": json.dumps(list(queues)), **self._term(ttl_s)}
        rows = await self._write("claim", parameters)
        return (_session(rows[0]), _lease(rows[0])) if rows else None

    async def fence(self, session_id: str, owner: str, *, ttl_s: float) -> Lease:
        """Take this session whoever holds it. Raises UnknownSession, Ended."""
        rows = await self._write("fence", {"id": session_id, "owner": owner, **self._term(ttl_s)})
        if not rows:
            await self.session(session_id)
            raise Ended(session_id)
        return _lease(rows[0])

    async def renew(self, lease: Lease, *, ttl_s: float, pid: int | None = None) -> Wish | None:
        """Prolong the lease; returns what is wished. Raises Fenced, Ended, UnknownSession."""
        rows = await self._write("renew", {**_holder(lease), "pid": pid, **self._term(ttl_s)})
        if not rows:
            await self._refuse(lease)
        return Wish(rows[0][0]) if rows[0][0] else None

    async def release(self, lease: Lease) -> None:
        """Give the session back to its queue. Raises as `renew`."""
        if not await self._write("release", _holder(lease)):
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
        body, private = _encoded(data), None if detail is None else _encoded(detail)
        parameters = {
            **_holder(lease),
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

    async def checkpoint(self) -> None:
        """Move a grown WAL into the file, under the write lock; a busy moment is left for later."""
        if _size(self.path.with_name(self.path.name + "-wal")) < CHECKPOINT_BYTES:
            return
        with anyio.CancelScope(shield=True):
            async with self._write_lock:
                try:
                    await self._writer.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return
                try:
                    await self._guard(
                        self._reader.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
                    )
                finally:
                    await self._writer.execute("ROLLBACK")

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
        return await self._guard(self._reader.execute_fetchall(QUERIES[name], dict(parameters)))

    async def _write(self, name: str, parameters: Mapping[str, Any]) -> list[sqlite3.Row]:
        async with self._write_lock:
            return await self._guard(self._writer.execute_fetchall(QUERIES[name], dict(parameters)))

    async def _guard(self, call: Awaitable[Iterable[sqlite3.Row]]) -> list[sqlite3.Row]:
        try:
            with anyio.CancelScope(shield=True):
                rows = await call
        except sqlite3.Error as error:
            raise self._translated(error) from error
        return list(rows)

    def _translated(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", None) or 0
        cause = _CAUSES.get(code & 0xFF, StoreError)
        return cause(str(error) if cause in (EventRefused, StoreError) else self.path)

    async def _connect(self) -> aiosqlite.Connection:
        mode = "rwc" if self._create else "rw"
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = aiosqlite.connect(
            uri, uri=True, timeout=self._busy_timeout_s, isolation_level=None
        )
        try:
            opened = await connection
        except sqlite3.Error as error:
            raise self._translated(error) from error
        opened.row_factory = sqlite3.Row
        try:
            await self._use_wal(opened)
            for pragma in (
                "synchronous=FULL",
                "wal_autocheckpoint=0",
                "foreign_keys=ON",
                "recursive_triggers=ON",
            ):
                await opened.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            await opened.close()
            raise self._translated(error) from error
        return opened

    async def _use_wal(self, connection: aiosqlite.Connection) -> None:
        # The switch to WAL does not wait for a lock by itself, so two first starts would collide.
        deadline = anyio.current_time() + self._busy_timeout_s
        while True:
            try:
                await connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                busy = isinstance(self._translated(error), StoreBusy)
                if not busy or anyio.current_time() > deadline:
                    raise
            await anyio.sleep(0.02)

    def _check_place(self) -> None:
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise StoreMissing(f"{self.path} (the folder {folder} does not exist)")
        if self.path.is_dir():
            raise StoreDamaged(f"{self.path} (it is a folder)")
        if disk_kind(folder) in NETWORK_DISKS:
            raise NetworkDisk(self.path)
        if self._create and not self.path.exists():
            self._make_file()

    def _make_file(self) -> None:
        # Private from the first byte: it will hold visitors' answers, if only sealed ones.
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except PermissionError as error:
            raise StoreReadOnly(self.path) from error


def rfc3339(moment: datetime) -> str:
    """RFC 3339 UTC with milliseconds, which sorts as text in the order of time."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _encoded(data: Mapping[str, Any]) -> str:
    try:
        text = encode(data)
    except (TypeError, ValueError) as error:
        raise EventRefused(f"not JSON ({type(error).__name__})") from error
    if len(text) > MAX_EVENT_BYTES:
        raise EventRefused(f"{len(text)} bytes")
    return text


def _holder(lease: Lease) -> dict[str, Any]:
    return {"id": lease.session_id, "generation": lease.generation}


def _lease(row: sqlite3.Row) -> Lease:
    return Lease(session_id=row["id"], generation=row["generation"], owner=row["lease_owner"])


def _event(row: sqlite3.Row) -> Event:
    return Event(
        session_id=row[0],
        seq=row[1],
        type=EventType(row[2]),
        at=row[3],
        body=row[4],
        detail=row[5],
    )


def _session(row: sqlite3.Row) -> Session:
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
    )
