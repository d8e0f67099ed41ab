"""The SQLite engine beyond the contract: its guards, its accidents, its file."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import psutil
import pytest

from db.errors import (
    NetworkDisk,
    SchemaTooNew,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
)
from db.events import EventType
from db.sqlite import SqliteStore
from db.store import Lease, LogLine, NewSession

pytestmark = pytest.mark.anyio

PROGRESS = {
    "etapa": "7",
    "etapa_atual": 7,
    "percentual": 46.7,
    "fase": "entrou",
    "titulo": "Onde o carro passa a noite?",
    "mensagem": "Informando o endereço",
}


async def running(store: SqliteStore, name: str = "a") -> Lease:
    await store.create(NewSession(id=name, automation="simulacao", queue="q"))
    found = await store.claim("me", queues=["q"], ttl_s=60)
    assert found is not None
    return found[1]


def line(name: str) -> LogLine:
    return LogLine(
        session_id=name,
        generation=1,
        at="2030-01-02T12:00:00.000Z",
        level="warning",
        screen="7",
        message="slow screen",
        fields={"seconds": 9},
    )


@pytest.fixture
async def filled(database: Path) -> Path:
    """A database with one running session of two events, and one that ended; a line on each."""
    async with SqliteStore(database, create=True) as store:
        lease = await running(store)
        await store.append(lease, EventType.PROGRESS, PROGRESS)
        await store.append(lease, EventType.PROGRESS, {**PROGRESS, "fase": "concluiu"})
        lease = await running(store, "b")
        await store.append(lease, EventType.RESULT, {"desfecho": "cotacao_manual"})
        await store.note([line("a"), line("b")])
    return database


@pytest.fixture
def outsider(filled: Path) -> Iterator[sqlite3.Connection]:
    """What an operator's `sqlite3` is: no foreign keys, no recursive triggers, autocommit."""
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        yield connection


EVENT = "(id, session_id, seq, generation, type, at, data)"
AT = "'2030-01-02T12:00:00.000Z'"
LOG = "INSERT INTO logs (session_id, generation, at, level, message)"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE events SET data = '{}'", "no UPDATE"),
        ("UPDATE events SET id = 99 WHERE id = 1", "no UPDATE"),
        ("DELETE FROM events WHERE seq = 1", "no DELETE"),
        (f"REPLACE INTO events {EVENT} VALUES (1, 'a', 3, 1, 'progress', {AT}, '{{}}')", "REPLACE"),
        (f"REPLACE INTO events {EVENT} VALUES (NULL, 'a', 2, 1, 'progress', {AT}, '{{}}')", "next"),
        (f"INSERT INTO events {EVENT} VALUES (NULL, 'a', 9, 1, 'progress', {AT}, '{{}}')", "next"),
        (
            f"INSERT INTO events {EVENT} VALUES (NULL, 'a', 3, 0, 'progress', {AT}, '{{}}')",
            "fenced",
        ),
        (f"INSERT INTO events {EVENT} VALUES (NULL, 'b', 2, 1, 'progress', {AT}, '{{}}')", "ended"),
        (
            f"INSERT INTO events {EVENT} VALUES (NULL, 'x', 1, 1, 'progress', {AT}, '{{}}')",
            "no such",
        ),
        (f"INSERT INTO events {EVENT} VALUES (NULL, 'a', 3, 1, 'gossip', {AT}, '{{}}')", "CHECK"),
        (f"INSERT INTO events {EVENT} VALUES (NULL, 'a', 3, 1, 'progress', {AT}, '[]')", "CHECK"),
        (f"INSERT INTO events {EVENT} VALUES (NULL, 'a', 3, 1, 'progress', {AT}, '{{')", "JSON"),
        (
            f"INSERT INTO events {EVENT} VALUES (NULL, 'a', 3, 1, 'progress', 'now', '{{}}')",
            "CHECK",
        ),
        ("UPDATE sessions SET status = 'running' WHERE id = 'b'", "terminal is final"),
        ("UPDATE sessions SET ended_at = NULL WHERE id = 'b'", "terminal is final"),
        ("UPDATE sessions SET last_seq = 7 WHERE id = 'a'", "what the events say"),
        ("UPDATE sessions SET id = 'c' WHERE id = 'a'", "terminal is final"),
        ("UPDATE sessions SET generation = 0 WHERE id = 'a'", "never falls"),
        ("DELETE FROM sessions WHERE id = 'a'", "no DELETE"),
        ("REPLACE INTO sessions SELECT * FROM sessions WHERE id = 'a'", "exists"),
        ("UPDATE logs SET message = ''", "no UPDATE"),
        ("DELETE FROM logs WHERE id = 1", "no DELETE"),
        ("REPLACE INTO logs SELECT * FROM logs WHERE id = 1", "REPLACE"),
        (f"{LOG} VALUES ('x', 1, {AT}, 'info', 'm')", "no such"),
        (f"{LOG} VALUES ('a', 1, {AT}, 'gossip', 'm')", "CHECK"),
        (f"{LOG} VALUES ('a', 1, 'now', 'info', 'm')", "CHECK"),
    ],
)
async def test_the_database_itself_refuses_to_change_history(
    outsider: sqlite3.Connection, statement: str, says: str
) -> None:
    def history() -> list[list[object]]:
        tables = ("events", "logs")
        return [outsider.execute(f"SELECT * FROM {table}").fetchall() for table in tables]

    before = history()
    with pytest.raises(sqlite3.Error, match=says):
        outsider.execute(statement)
    assert history() == before


async def test_a_tombstone_removes_a_whole_session_and_keeps_the_place_of_the_others(
    outsider: sqlite3.Connection, filled: Path
) -> None:
    outsider.execute("INSERT INTO tombstones (session_id, reason) VALUES ('b', 'retention')")
    assert outsider.execute("SELECT count(*) FROM sessions WHERE id = 'b'").fetchone() == (0,)
    assert outsider.execute("SELECT count(*) FROM events").fetchone() == (2,)
    assert outsider.execute("SELECT session_id FROM logs").fetchall() == [("a",)]
    async with SqliteStore(filled) as store:
        with pytest.raises(StoreError, match="existed"):
            await store.create(NewSession(id="b", automation="simulacao", queue="q"))
        position = await store.head()
        await store.append(await running(store, "c"), EventType.PROGRESS, PROGRESS)
        events, _ = await store.since(position)
    # The row id of the removed event is not used again: a reader's position stays true.
    assert [item.session_id for item in events] == ["c"]
    assert outsider.execute("SELECT max(id) FROM events").fetchone() == (4,)


async def test_the_timeline_reads_like_a_story(outsider: sqlite3.Connection) -> None:
    rows = outsider.execute("SELECT session, seq, what, story FROM v_timeline").fetchall()
    assert rows == [
        ("a", 1, " 46 %", "entrou      7  Onde o carro passa a noite?"),
        ("a", 2, " 46 %", "concluiu    7  Informando o endereço"),
        ("b", 1, "result", "cotacao_manual"),
    ]
    found = outsider.execute("SELECT session, status, screen FROM v_sessions ORDER BY 1").fetchall()
    assert found == [
        ("a", "running", "7 Onde o carro passa a noite?"),
        ("b", "completed", None),
    ]
    said = outsider.execute("SELECT time, level, screen, message, fields, session FROM v_logs")
    assert said.fetchone() == (
        "12:00:00.000",
        "warning",
        "7",
        "slow screen",
        '{"seconds":9}',
        "a",
    )


async def test_looking_with_sqlite3_while_everything_runs_is_safe(database: Path) -> None:
    program = shutil.which("sqlite3")
    if program is None:
        pytest.skip("no sqlite3 program on this machine")
    async with SqliteStore(database, create=True) as store:
        lease = await running(store)
        for number in range(1, 11):
            await store.append(lease, EventType.PROGRESS, PROGRESS)
            told = await anyio.run_process([program, database, "select count(*) from v_timeline"])
            assert int(told.stdout) == number
        await store.append(lease, EventType.RESULT, {"desfecho": "cotacao_manual"})
        assert len(await store.events("a")) == 11


async def test_the_file_is_private_from_the_start(filled: Path) -> None:
    assert filled.stat().st_mode & 0o777 == 0o600


async def test_a_missing_database_is_only_created_on_request(database: Path) -> None:
    with pytest.raises(StoreMissing, match=database.name):
        async with SqliteStore(database):
            pass
    assert not database.exists()
    with pytest.raises(StoreMissing, match="folder"):
        async with SqliteStore(database / "nowhere" / "data.db", create=True):
            pass


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear friend, this is not a database at all. " * 50)
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match=r"letter\.txt"):
        async with SqliteStore(path, create=True):
            pass
    assert path.read_bytes() == before
    with pytest.raises(StoreDamaged, match="folder"):
        async with SqliteStore(tmp_path, create=True):
            pass


async def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    with pytest.raises(StoreDamaged, match="another program"):
        async with SqliteStore(path, create=True):
            pass


async def test_a_newer_schema_is_refused_and_left_as_it_is(
    outsider: sqlite3.Connection, filled: Path
) -> None:
    outsider.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaTooNew, match="99"):
        async with SqliteStore(filled):
            pass
    assert outsider.execute("PRAGMA user_version").fetchone() == (99,)


async def test_two_processes_that_start_together_migrate_once(database: Path) -> None:
    async def start() -> None:
        async with SqliteStore(database, create=True) as store:
            assert await store.head() == 0

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(start)


async def test_a_locked_database_is_named_and_nothing_is_lost(
    outsider: sqlite3.Connection, filled: Path
) -> None:
    async with SqliteStore(filled, busy_timeout_s=0.05) as store:
        lease = await store.fence("a", "me", ttl_s=60)
        outsider.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="try again"):
            await store.append(lease, EventType.PROGRESS, PROGRESS)
        assert len(await store.events("a")) == 2
        outsider.execute("ROLLBACK")
        assert (await store.append(lease, EventType.PROGRESS, PROGRESS)).seq == 3


async def test_a_full_disk_is_named_and_nothing_is_lost(filled: Path) -> None:
    async with SqliteStore(filled) as store:
        lease = await store.fence("a", "me", ttl_s=60)
        # SQLite answers with the present size where less than that is asked for.
        await store._database.writer.execute("PRAGMA max_page_count = 1")
        big = {**PROGRESS, "mensagem": "x" * 20_000}
        with pytest.raises(StoreFull, match="Free some space"):
            await store.append(lease, EventType.PROGRESS, big)
        assert len(await store.events("a")) == 2
        await store._database.writer.execute("PRAGMA max_page_count = 1000000")
        assert (await store.append(lease, EventType.PROGRESS, big)).seq == 3


async def test_a_file_without_write_permission_is_named(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:  # root may write everywhere: only the question can be answered for it
        monkeypatch.setattr(os, "access", lambda place, mode: place != filled)
    filled.chmod(0o400)
    with pytest.raises(StoreReadOnly, match="write"):
        async with SqliteStore(filled):
            pass


async def test_a_read_only_database_is_named(filled: Path) -> None:
    async with SqliteStore(filled) as store:
        lease = await store.fence("a", "me", ttl_s=60)
        await store._database.writer.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreReadOnly, match="write"):
            await store.append(lease, EventType.PROGRESS, PROGRESS)


async def test_a_database_that_vanished_or_was_replaced_while_in_use_is_noticed(
    filled: Path,
) -> None:
    async with SqliteStore(filled) as store:
        await store.probe()
        filled.rename(filled.with_suffix(".old"))
        with pytest.raises(StoreMissing, match="removed or replaced"):
            await store.probe()
        filled.touch()
        with pytest.raises(StoreMissing, match="removed or replaced"):
            await store.probe()


async def test_a_network_disk_is_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Share:
        mountpoint, fstype = str(database.parent), "nfs4"

    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [Share])
    with pytest.raises(NetworkDisk, match="local disk"):
        async with SqliteStore(database, create=True):
            pass


async def test_a_grown_log_is_folded_into_the_file_without_stopping_readers(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.connection.CHECKPOINT_BYTES", 100_000)
    wal = database.with_name(database.name + "-wal")
    async with SqliteStore(database, create=True) as store:
        lease = await running(store)
        sizes = []
        for _ in range(120):
            await store.append(lease, EventType.PROGRESS, PROGRESS)
            await store.checkpoint()
            sizes.append(wal.stat().st_size)
        assert max(sizes) < 300_000
        assert len(await store.events("a")) == 120


async def test_a_checkpoint_that_meets_a_writer_waits_for_its_next_turn(
    outsider: sqlite3.Connection, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.connection.CHECKPOINT_BYTES", 0)
    async with SqliteStore(filled, busy_timeout_s=0.05) as store:
        outsider.execute("BEGIN IMMEDIATE")
        await store.checkpoint()
        outsider.execute("ROLLBACK")
        await store.checkpoint()
        assert len(await store.events("a")) == 2


WRITER = """
import sys, anyio
from db.events import EventType
from db.sqlite import SqliteStore
from db.store import NewSession

async def main():
    async with SqliteStore(sys.argv[1], create=True) as store:
        await store.create(NewSession(id="a", automation="simulacao", queue="q"))
        _, lease = await store.claim("me", queues=["q"], ttl_s=60)
        while True:
            event = await store.append(lease, EventType.PROGRESS, {"etapa": "1"})
            print(event.seq, flush=True)

anyio.run(main)
"""


async def test_what_was_confirmed_survives_sigkill(database: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(database)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        confirmed = [int(child.stdout.readline()) for _ in range(50)]
        child.send_signal(signal.SIGKILL)
        confirmed += [int(line) for line in child.stdout.read().split()]
    async with SqliteStore(database) as store:
        history = await store.events("a", limit=100_000)
    assert [item.seq for item in history] == list(range(1, len(history) + 1))
    assert len(history) >= confirmed[-1]


async def test_json_in_the_file_is_plain_text_for_sqlite(outsider: sqlite3.Connection) -> None:
    (data,) = outsider.execute("SELECT data FROM events WHERE id = 1").fetchone()
    assert json.loads(data) == PROGRESS
