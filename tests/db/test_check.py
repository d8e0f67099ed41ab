"""The log's invariants: each breach is found, and a sound log has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from andamento.invariant import UNTOUCHED, Finding, Trail, findings
from db.errors import StoreBusy, StoreDamaged, StoreError
from db.events import Event, EventType, Status
from db.migration import SCHEMA
from db.sqlite import SqliteStore, examine, write_lock
from db.store import NewSession, Session, Store
from tests.db.conftest import Clock

pytestmark = pytest.mark.anyio

RESULT = {"desfecho": "cotacao_manual"}


def progress(percentual: float) -> dict[str, Any]:
    return {"etapa": "1", "percentual": percentual, "status": "running"}


async def ended(store: Store, name: str, events: int = 3) -> None:
    """A session with this many events, the result included."""
    await store.create(NewSession(id=name, automation="a", queue="q"))
    lease = await store.fence(name, "test", ttl_s=60)
    for number in range(1, events):
        await store.append(lease, EventType.PROGRESS, progress(number))
    await store.append(lease, EventType.RESULT, RESULT)


def quiet(_: int) -> None:
    """Nobody watches."""


async def test_a_sound_log_has_no_findings(store: Store, clock: Clock) -> None:
    for name in ("a", "b"):
        await ended(store, name)
    await store.create(NewSession(id="waits", automation="a", queue="q"))
    read: list[int] = []
    assert await findings(store, read.append, now=clock.now) == (3, [])
    assert sum(read) == await store.head() == 6


async def test_all_sessions_come_once_page_by_page(store: Store) -> None:
    names = [f"s{number:02d}" for number in range(7)]
    for name in reversed(names):
        await store.create(NewSession(id=name, automation="a", queue="q"))
    seen: list[str] = []
    while page := await store.census(after=seen[-1] if seen else "", limit=3):
        seen += [session.id for session in page]
    assert seen == names


async def test_who_waits_in_vain_is_a_warning(store: Store, clock: Clock) -> None:
    await store.create(NewSession(id="a", automation="a", queue="q"))
    clock.forward((UNTOUCHED + timedelta(seconds=90)).total_seconds())
    _, (finding,) = await findings(store, quiet, now=clock.now)
    assert (finding.session_id, finding.severe) == ("a", False)
    assert "queued" in finding.fault and "11 minutes" in finding.fault


class Rewritten(SqliteStore):
    """A store that reads its sessions or events otherwise than they were written."""

    session_as: Callable[[Session], Session] = staticmethod(lambda session: session)
    events_as: Callable[[list[Event]], list[Event]] = staticmethod(lambda events: events)

    async def census(self, *, after: str = "", limit: int = 500) -> list[Session]:
        return [self.session_as(one) for one in await super().census(after=after, limit=limit)]

    async def since(self, position: int, *, limit: int = 500) -> tuple[list[Event], int]:
        events, position = await super().since(position, limit=limit)
        return self.events_as(events), position


def changed(**fields: Any) -> Callable[[Session], Session]:
    return lambda session: replace(session, **fields)


@pytest.mark.parametrize(
    ("session_as", "fault"),
    [
        (changed(status=Status.FAILED), "it is failed, its terminal event says completed"),
        (changed(status=Status.RUNNING), "it is running, its terminal event says completed"),
        (changed(last_seq=2), "its row says 2 events, the log holds 3"),
        (changed(lease_until="2026-01-01T00:00:00.000Z"), "it has ended and still has a lease"),
        (changed(pid=7), "it has ended and still has a process"),
    ],
)
async def test_a_row_that_contradicts_its_events_is_found(
    database: Path, session_as: Callable[[Session], Session], fault: str
) -> None:
    async with Rewritten(database, create=True) as store:
        await ended(store, "a")
        store.session_as = session_as
        count, found = await findings(store, quiet)
    assert (count, found) == (1, [Finding(session_id="a", fault=fault)])


@pytest.mark.parametrize(
    ("events_as", "faults"),
    [
        (lambda events: events[:1] + events[2:], {"event 3 follows event 1"}),
        (
            lambda events: [*events, replace(events[-1], seq=4)],
            {"event 4 follows the terminal one", "its row says 3 events, the log holds 4"},
        ),
        (
            lambda events: [replace(one, session_id="ghost") for one in events] if events else [],
            set(),
        ),
    ],
)
async def test_events_that_break_the_rules_are_found(
    database: Path, events_as: Callable[[list[Event]], list[Event]], faults: set[str]
) -> None:
    async with Rewritten(database, create=True) as store:
        await ended(store, "a")
        store.events_as = lambda events: events_as(events) if events else []
        _, found = await findings(store, quiet)
    assert {finding.fault for finding in found} == faults


def event(seq: int, data: str, at: str = "2026-01-01T00:00:00.000Z") -> Event:
    return Event(session_id="a", seq=seq, type=EventType.PROGRESS, at=at, body=data)


def test_a_percentage_that_falls_or_is_done_too_early_is_found() -> None:
    trail = Trail()
    for seq, percent in enumerate((10, 9.5, 100), start=1):
        trail.note(event(seq, f'{{"percentual":{percent}}}'))
    assert trail.faults == [
        "percentual falls at event 2",
        "percentual is 100 without a result at event 3",
    ]


def test_an_event_older_than_the_one_before_it_is_found() -> None:
    trail = Trail()
    trail.note(event(1, "{}", at="2026-01-01T00:00:01.000Z"))
    trail.note(event(2, "{}", at="2026-01-01T00:00:00.999Z"))
    assert trail.faults == ["event 2 is older than the one before it"]


async def test_an_open_session_that_has_terminal_status_is_found(database: Path) -> None:
    async with Rewritten(database, create=True) as store:
        await store.create(NewSession(id="a", automation="a", queue="q"))
        store.session_as = changed(status=Status.COMPLETED)
        _, (finding,) = await findings(store, quiet)
    assert finding.fault == "it is completed without a terminal event"


async def test_what_is_written_between_the_two_looks_is_no_finding(database: Path) -> None:
    class Racing(SqliteStore):
        async def census(self, *, after: str = "", limit: int = 500) -> list[Session]:
            if not after:
                await ended(self, "late")
                lease = await self.fence("a", "test", ttl_s=60)
                await self.append(lease, EventType.RESULT, RESULT)
            return await super().census(after=after, limit=limit)

    async with Racing(database, create=True) as store:
        await store.create(NewSession(id="a", automation="a", queue="q"))
        lease = await store.fence("a", "test", ttl_s=60)
        await store.append(lease, EventType.PROGRESS, progress(1))
        assert await findings(store, quiet) == (2, [])


async def test_an_examination_tells_what_a_file_is(database: Path) -> None:
    async with SqliteStore(database, create=True) as store:
        await ended(store, "a")
        for thorough in (False, True):
            found = examine(database, thorough=thorough)
            assert (found.schema, found.ours, found.journal) == (SCHEMA, True, "wal")
            assert found.damage == ()


async def test_an_examination_raises_for_what_is_no_database(database: Path) -> None:
    with pytest.raises(StoreError):
        examine(database)
    database.write_bytes(b"no database at all, only some words" * 100)
    with pytest.raises(StoreDamaged):
        examine(database)


async def test_a_held_write_lock_keeps_writers_out(database: Path) -> None:
    async with SqliteStore(database, create=True, busy_timeout_s=0.05) as store:
        with write_lock(database), pytest.raises(StoreBusy):
            await store.create(NewSession(id="a", automation="a", queue="q"))
        await store.create(NewSession(id="a", automation="a", queue="q"))
