"""What has not ended, in numbers, for every engine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from db.connection import CHECKPOINT_BYTES
from db.events import EventType
from db.sqlite import QUERIES, SqliteStore
from db.store import Lease, NewSession, Standing, Store
from tests.db.conftest import Clock

pytestmark = pytest.mark.anyio

NOON, LATER = "2026-01-02T12:00:00.000Z", "2026-01-02T12:00:07.000Z"
PAUSE = {"etapa": "1", "fase": "pausa", "status": "paused"}
RESULT = {"desfecho": "cotacao", "mensagem": "Pronto"}


async def queue(store: Store, *names: str) -> None:
    for name in names:
        await store.create(NewSession(id=name, automation="test", queue="q"))


async def claim(store: Store) -> Lease:
    found = await store.claim("me", queues=["q"], ttl_s=5)
    assert found is not None
    return found[1]


async def counted(store: Store) -> dict[str, Any]:
    standing = await store.standing()
    names = ("queued", "running", "paused", "held")
    return {name: getattr(standing, name) for name in names if getattr(standing, name)}


async def test_where_nothing_is_nothing_stands(store: Store) -> None:
    standing = await store.standing()
    assert standing == Standing(
        queued=0, running=0, paused=0, held=0,
        oldest_queued_at=None, untouched_since=None, journal=standing.journal,
    )  # fmt: skip


async def test_what_has_not_ended_is_counted_by_its_status(store: Store) -> None:
    await queue(store, "a", "b", "c", "d")
    paused, ended = await claim(store), await claim(store)
    await claim(store)
    await store.append(paused, EventType.PROGRESS, PAUSE)
    await store.append(ended, EventType.RESULT, RESULT)
    assert await counted(store) == {"queued": 1, "running": 1, "paused": 1, "held": 2}


async def test_a_lease_that_ran_out_holds_nothing(store: Store, clock: Clock) -> None:
    await queue(store, "a")
    await claim(store)
    clock.forward(6)
    assert await counted(store) == {"running": 1}


async def test_the_oldest_that_waits_is_told_and_who_was_touched_last(
    store: Store, clock: Clock
) -> None:
    await queue(store, "a")
    clock.forward(7)
    await queue(store, "b")
    standing = await store.standing()
    assert (standing.oldest_queued_at, standing.untouched_since) == (NOON, NOON)
    await store.release(await claim(store))
    standing = await store.standing()
    assert (standing.oldest_queued_at, standing.untouched_since) == (NOON, LATER)


async def test_only_what_is_open_is_looked_at_however_much_has_ended(database: Path) -> None:
    async with SqliteStore(database, create=True):
        with closing(sqlite3.connect(database)) as connection:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {QUERIES['standing']}", {"now": NOON})
            assert [row[3] for row in plan] == ["SCAN sessions USING INDEX sessions_open"]


async def test_the_log_behind_it_is_measured(database: Path) -> None:
    async with SqliteStore(database, create=True) as store:
        await queue(store, "a")
        lease = await claim(store)
        for _ in range(CHECKPOINT_BYTES // 40_000):
            await store.append(lease, EventType.PROGRESS, {"mensagem": "x" * 40_000})
        before = (await store.standing()).journal
        assert before is not None and before.bytes >= CHECKPOINT_BYTES
        with closing(sqlite3.connect(database)) as reader:
            reader.execute("BEGIN").connection.execute("SELECT * FROM sessions").fetchall()
            await store.append(lease, EventType.PROGRESS, {"mensagem": "x" * 40_000})
            await store.checkpoint()
            held = (await store.standing()).journal
        await store.checkpoint()
        free = (await store.standing()).journal
    assert held is not None and held.left_frames > 0
    assert held.checkpoint_age_s >= before.checkpoint_age_s
    assert free is not None and free.left_frames == 0
    assert free.checkpoint_age_s < held.checkpoint_age_s
