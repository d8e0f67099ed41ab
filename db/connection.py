"""One SQLite file, opened safely: two connections, one guard, one translation of errors.

1. One connection writes, one reads: a slow write never holds up a stream's page. A third one, only
   where it is needed, looks at the log's end.
2. Checkpoints happen only under the write lock, never by themselves (`wal_autocheckpoint=0`):
   SQLite up to 3.51.2 may corrupt the file when a checkpoint meets a writer that resets the WAL
   (https://sqlite.org/wal.html#walresetbug).
3. The file is never opened other than as a database: closing any descriptor on it would drop this
   process's POSIX locks. `stat` is safe.
4. Calls are shielded: cancelling a task inside an aiosqlite call would leave the thread or the lock
   behind. The busy timeout bounds how long a shield can last.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Awaitable, Iterable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self

import aiosqlite
import anyio

from db.bell import Bell
from db.disk import disk_kind
from db.errors import (
    EventRefused,
    NetworkDisk,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
)
from db.migration import migrate
from db.store import Journal

# Longer than any honest writer holds the lock; shorter than a visitor's patience.
BUSY_TIMEOUT_S = 5.0
# Between two looks at a lock: short beside a commit with its fsync, and 16 who wait take some
# fifth of a core.
PAUSES_S = (0.0003, 0.0015)
# 4 MiB of WAL before a checkpoint: few enough fsyncs, and a WAL that stays small.
CHECKPOINT_BYTES = 4 * 1024 * 1024
# A burst may grow it further; what is beyond this is given back to the disk afterwards.
WAL_KEPT_BYTES = 4 * CHECKPOINT_BYTES
NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smbfs", "smb3", "fuse.sshfs", "afs", "ceph"})

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


class Patient(sqlite3.Connection):
    """Waits for a lock by asking again after short, random pauses.

    SQLite's own waiting sleeps ever longer, up to 100 ms: with 16 writers the lock is free for much
    of the time, and one that has bad luck waits for a second and more (measured).
    """

    patience_s = BUSY_TIMEOUT_S

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        """As in `sqlite3`; what takes a lock takes it here, at the statement's first step."""
        until = None
        while True:
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                until = until or monotonic() + self.patience_s
                if monotonic() > until:
                    raise
            # In the connection's own thread: nobody else is held up.
            sleep(random.uniform(*PAUSES_S))


class Database:
    """The file and its two connections; an async context manager.

    Opening migrates. Raises StoreMissing, StoreDamaged, StoreReadOnly, StoreBusy, SchemaTooNew,
    NetworkDisk; every call raises the StoreError that its sqlite3.Error stands for.
    """

    def __init__(self, path: Path, *, create: bool, busy_timeout_s: float) -> None:
        self.path = path
        self.writer: aiosqlite.Connection
        self.reader: aiosqlite.Connection
        self.bell = Bell(path)
        self._glancer: sqlite3.Connection | None = None
        self._create = create
        self._busy_timeout_s = busy_timeout_s
        # What is free is taken at once: a write suspends anyway, in its connection's thread.
        self._write_lock = anyio.Lock(fast_acquire=True)
        self._identity: tuple[int, int] | None = None
        self._left_frames = 0
        self._complete_at = monotonic()

    async def __aenter__(self) -> Self:
        self._check_place()
        with anyio.CancelScope(shield=True):
            self.writer = await self._connect()
            try:
                await migrate(self.writer, self.path)
                self.reader = await self._connect()
            except BaseException as error:
                await self.writer.close()
                if isinstance(error, sqlite3.Error):
                    raise self._translated(error) from error
                raise
        self._identity = _identity(self.path)
        self.bell.hang()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.bell.take_down()
        if self._glancer is not None:
            self._glancer.close()
        with anyio.CancelScope(shield=True):
            # The reader first: the last connection to close folds the WAL into the file.
            await self.reader.close()
            await self.writer.close()

    async def read(self, sql: str, parameters: Mapping[str, Any]) -> list[sqlite3.Row]:
        """All rows of one statement, beside whatever is being written."""
        return await self._guard(self.reader.execute_fetchall(sql, dict(parameters)))

    def glance(self, sql: str, parameters: Mapping[str, Any]) -> list[sqlite3.Row]:
        """As `read`, here and now: for what was written a moment ago and is in memory, or nothing.

        A thread of its own would cost more than the look itself, and every event would wait for it.
        It waits for nobody: what is locked is StoreBusy.
        """
        try:
            if self._glancer is None:
                self._glancer = sqlite3.connect(self._uri("rw"), uri=True, timeout=0)
                self._glancer.row_factory = sqlite3.Row
            return self._glancer.execute(sql, dict(parameters)).fetchall()
        except sqlite3.Error as error:
            raise self._translated(error) from error

    async def write(self, sql: str, parameters: Mapping[str, Any]) -> list[sqlite3.Row]:
        """All rows of one statement in a transaction of its own; durable on return."""
        async with self._write_lock:
            rows = await self._guard(self.writer.execute_fetchall(sql, dict(parameters)))
        self.bell.ring()
        return rows

    def check_identity(self) -> None:
        """Raises StoreMissing if the path no longer names the file that was opened."""
        if _identity(self.path) != self._identity:
            raise StoreMissing(f"{self.path} (the file was removed or replaced while in use)")

    async def checkpoint(self) -> None:
        """Move a grown WAL into the file, under the write lock; a busy moment is left for later.

        Raises StoreError for what does not pass by itself (a full disk); nothing is lost by it.
        """
        if _size(self.path.with_name(self.path.name + "-wal")) < CHECKPOINT_BYTES:
            return
        with anyio.CancelScope(shield=True):
            async with self._write_lock:
                try:
                    await self._guard(self.writer.execute_fetchall("BEGIN IMMEDIATE"))
                except StoreBusy:
                    return
                try:
                    rows = await self._guard(
                        self.reader.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
                    )
                    self._note_checkpoint(*rows[0])
                finally:
                    await self._guard(self.writer.execute_fetchall("ROLLBACK"))

    def journal(self) -> Journal:
        """How the WAL stands; its own readers and writers are not asked."""
        return Journal(
            bytes=_size(self.path.with_name(self.path.name + "-wal")),
            left_frames=self._left_frames,
            checkpoint_age_s=monotonic() - self._complete_at,
        )

    def _note_checkpoint(self, busy: int, frames: int, moved: int) -> None:
        self._left_frames = max(frames - moved, 0)
        if not busy and not self._left_frames:
            self._complete_at = monotonic()

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

    def _uri(self, mode: str) -> str:
        return f"{self.path.absolute().as_uri()}?mode={mode}"

    def _patient(self, *arguments: Any, **options: Any) -> Patient:
        connection = Patient(*arguments, **options)
        connection.patience_s = self._busy_timeout_s
        return connection

    async def _connect(self) -> aiosqlite.Connection:
        uri = self._uri("rwc" if self._create else "rw")
        connection = aiosqlite.connect(
            uri, uri=True, timeout=0, isolation_level=None, factory=self._patient
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
                f"journal_size_limit={WAL_KEPT_BYTES}",
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
        """What can be known before the file is touched; a failed connect leaves a thread behind."""
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise StoreMissing(f"{self.path} (the folder {folder} does not exist)")
        if self.path.is_dir():
            raise StoreDamaged(f"{self.path} (it is a folder)")
        if disk_kind(folder) in NETWORK_DISKS:
            raise NetworkDisk(self.path)
        if not self.path.exists():
            if not self._create:
                raise StoreMissing(self.path)
            self._make_file()
        for place in (self.path, folder):
            if not os.access(place, os.R_OK | os.W_OK):
                raise StoreReadOnly(place)

    def _make_file(self) -> None:
        # Private from the first byte: it will hold visitors' answers, if only sealed ones.
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except PermissionError as error:
            raise StoreReadOnly(self.path) from error


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
