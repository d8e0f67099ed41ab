"""The schema: an old file comes to the present one, and what is asked often finds its index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.migration import APPLICATION_ID, MIGRATIONS, SCHEMA
from db.sqlite import QUERIES, SqliteStore, examine
from db.store import LogLine, NewSession

pytestmark = pytest.mark.anyio

SESSION = """
INSERT INTO sessions (id, automation, queue, created_at, updated_at, answers)
VALUES ('old', 'simulacao', 'q', '2026-01-02T12:00:00.000Z', '2026-01-02T12:00:00.000Z', x'')
"""


@pytest.mark.parametrize("version", range(1, SCHEMA))
async def test_a_file_of_every_earlier_schema_is_brought_to_this_one(
    database: Path, version: int
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for number, script in MIGRATIONS:
            if number <= version:
                connection.executescript(script)
        connection.executescript(
            f"PRAGMA user_version = {version}; PRAGMA application_id = {APPLICATION_ID}; {SESSION};"
        )
    async with SqliteStore(database) as store:
        found = await store.claim("me", queues=["q"], ttl_s=5, limits={"simulacao": 1})
        assert found is not None and (found[0].priority, found[0].lapses) == (0, 0)
        line = LogLine(
            session_id="old",
            generation=1,
            at="2026-01-02T12:00:00.000Z",
            level="info",
            screen=None,
            message="claimed",
            fields={},
        )
        await store.note([line])
        assert await store.logs("old") == [line]
    assert examine(database, thorough=True).schema == SCHEMA


@pytest.mark.parametrize(
    ("name", "indexes"),
    [
        ("claim", {"sessions_open"}),
        ("unfinished", {"sessions_open", "sqlite_autoindex_events_1"}),
        ("waiting", {"sessions_open"}),
        ("logs", {"logs_session"}),
    ],
)
async def test_what_is_asked_often_never_walks_what_lies_behind(
    database: Path, name: str, indexes: set[str]
) -> None:
    async with SqliteStore(database, create=True) as store:
        await store.create(NewSession(id="a", automation="simulacao", queue="q"))
        with closing(sqlite3.connect(database)) as connection:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {QUERIES[name]}", _anything()).fetchall()
    steps = [step for *_, step in plan if "sessions" in step or "events" in step or "logs" in step]
    walked = [step for step in steps if not any(index in step for index in indexes)]
    assert steps
    # A row found by its own id is no walk.
    assert [step for step in walked if "(id=?)" not in step] == []


def _anything() -> dict[str, object]:
    """A value for every name; NULL is enough for a plan."""
    names = (
        "now",
        "deserted",
        "until",
        "owner",
        "queues",
        "orphans",
        "limits",
        "room",
        "limit",
        "queue",
        "id",
    )
    return dict.fromkeys(names)
