"""One of the processes that append: opens, says so, begin and end with all others, tells its times.

    python -m benchmarks.appender ours|bare|indexed DATABASE NUMBER SECONDS

1. Says `open`, waits for the common start (`time.monotonic()`, a line on standard input), appends
   for SECONDS, and prints how long each append took, in seconds, as one JSON list.
2. A program of its own with few imports: sixteen of them start in a moment.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import anyio

from db.events import EventType
from db.sqlite import SqliteStore
from db.store import NewSession

DATA = {
    "etapa": "7",
    "percentual": 46.7,
    "fase": "entrou",
    "titulo": "x" * 30,
    "mensagem": "y" * 60,
}
TEXT = json.dumps(DATA, separators=(",", ":"))
# Some 4 MB of all sixteen together.
CHECKPOINT_EVERY = 10
# Longer than any measurement: a peer whose append waits shall wait, not fail.
BUSY_S = 60.0

BARE_TABLE = "CREATE TABLE bare (id INTEGER PRIMARY KEY, data TEXT)"
BARE_INSERT = "INSERT INTO bare (data) VALUES (?)"
INDEXED_INSERT = (
    "INSERT INTO events (session_id, seq, type, at, data, generation)"
    " VALUES (?, ?, 'progress', '2026-01-01T00:00:00.000Z', ?, 1)"
)
SCHEMA = (
    "SELECT sql FROM sqlite_master"
    " WHERE tbl_name = 'events' AND type IN ('table', 'index') AND sql IS NOT NULL"
)


def main() -> int:
    """Append; 0."""
    kind, path, number, seconds = sys.argv[1:]
    appends: Mapping[str, Callable[[Path, int, float], list[float]]] = {
        "ours": lambda *given: anyio.run(_ours, *given),
        "bare": _bare,
        "indexed": _indexed,
    }
    print(json.dumps(appends[kind](Path(path), int(number), float(seconds))))
    return 0


def create(kind: str, path: Path) -> None:
    """The database that all will write to."""
    if kind == "ours":
        anyio.run(_migrate, path)
    elif kind == "bare":
        with closing(_connect(path)) as connection:
            connection.execute(BARE_TABLE)
    else:
        model = path.with_name("model.db")
        anyio.run(_migrate, model)
        with closing(_connect(model)) as source, closing(_connect(path)) as connection:
            for (sql,) in source.execute(SCHEMA):
                connection.execute(sql)


async def _migrate(path: Path) -> None:
    async with SqliteStore(path, create=True):
        pass


async def _ours(path: Path, number: int, seconds: float) -> list[float]:
    times: list[float] = []
    async with SqliteStore(path, create=False) as store:
        name = f"s{number}"
        await store.create(NewSession(id=name, automation="bench", queue="bench"))
        lease = await store.fence(name, name, ttl_s=3600)
        for began in _until_end(seconds):
            await store.append(lease, EventType.PROGRESS, DATA)
            times.append(time.perf_counter() - began)
            if number == 0 and len(times) % CHECKPOINT_EVERY == 0:
                await store.checkpoint()
    return times


def _bare(path: Path, number: int, seconds: float) -> list[float]:
    times: list[float] = []
    with closing(_connect(path)) as connection:
        for began in _until_end(seconds):
            connection.execute(BARE_INSERT, (TEXT,))
            times.append(time.perf_counter() - began)
    return times


def _indexed(path: Path, number: int, seconds: float) -> list[float]:
    times: list[float] = []
    with closing(_connect(path)) as connection:
        for began in _until_end(seconds):
            connection.execute(INDEXED_INSERT, (f"s{number}", len(times) + 1, TEXT))
            times.append(time.perf_counter() - began)
    return times


def _until_end(seconds: float) -> Iterator[float]:
    """The time before each append, from the common start on for `seconds`."""
    print("open", flush=True)
    start = float(sys.stdin.readline())
    time.sleep(max(0.0, start - time.monotonic()))
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        yield began


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


if __name__ == "__main__":
    sys.exit(main())
