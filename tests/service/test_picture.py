"""The pictures that are kept: what they cost, what they weigh, and whether they are true."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from structlog.testing import capture_logs

from db.errors import UnknownSession
from db.events import Event
from db.snapshot import Snapshot, fold, step
from db.sqlite import SqliteStore
from db.store import NewSession, Session
from service import picture
from service.picture import Gallery
from tests.service.conftest import Pen

pytestmark = pytest.mark.anyio


class Between:
    """A history in which something happens when a page is asked for."""

    def __init__(self, store: SqliteStore, events: Any) -> None:
        self.session, self.events, self.version = store.session, events, store.version


class Counting(SqliteStore):
    """Counts the events that were read."""

    read = 0

    async def events(self, session_id: str, **how: Any) -> Any:
        page = await super().events(session_id, **how)
        self.read += len(page)
        return page


async def filled(store: SqliteStore, count: int) -> Pen:
    await store.create(NewSession(id="s", automation="test", queue="q"))
    pen = await Pen.take(store, "s")
    await pen.progress(count)
    return pen


async def test_where_nobody_has_committed_anything_not_even_the_row_is_asked_for(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SqliteStore(database, create=True) as store, SqliteStore(database) as other:
        pen = await filled(other, 3)
        gallery = Gallery(store, version="1")
        first = await gallery.picture("s")
        asked: list[str] = []
        row = store.session

        async def session(session_id: str) -> Session:
            asked.append(session_id)
            return await row(session_id)

        monkeypatch.setattr(store, "session", session)
        assert await gallery.picture("s") is first
        assert asked == []
        await pen.progress()
        assert (await gallery.picture("s")).snapshot.cursor == 4
        assert asked == ["s"]


async def test_what_was_erased_is_gone_at_once(database: Path) -> None:
    async with SqliteStore(database, create=True) as store:
        await filled(store, 3)
        gallery = Gallery(store, version="1")
        for _ in range(2):
            await gallery.picture("s")
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute(
                "INSERT INTO tombstones (session_id, reason) VALUES ('s', 'erasure')"
            )
        with pytest.raises(UnknownSession):
            await gallery.picture("s")


async def test_its_cost_does_not_grow_with_the_history(database: Path) -> None:
    async with Counting(database, create=True) as store:
        pen = await filled(store, 250)
        gallery = Gallery(store, version="1")
        assert (await gallery.picture("s")).snapshot.cursor == 250
        store.read = 0
        first = await gallery.picture("s")
        assert store.read == 0
        await pen.progress(2)
        second = await gallery.picture("s")
        assert store.read == 2
        assert first.etag.startswith('"1.250.')
        assert second.etag.startswith('"1.252.')


async def test_the_least_recently_asked_for_leaves_first(database: Path) -> None:
    async with Counting(database, create=True) as store:
        for name in "abc":
            await store.create(NewSession(id=name, automation="test", queue="q"))
            await (await Pen.take(store, name)).progress(3)
        weight = (await Gallery(store, version="1").picture("a")).weight
        gallery = Gallery(store, version="1", room=2 * weight)
        for name in "abac":
            await gallery.picture(name)
        assert (gallery.kept, gallery.bytes) == (2, 2 * weight)
        store.read = 0
        await gallery.picture("a")
        assert store.read == 0
        await gallery.picture("b")
        assert store.read == 3


async def test_pictures_are_bounded_by_their_bytes_and_the_last_is_always_kept(
    database: Path,
) -> None:
    async with SqliteStore(database, create=True) as store:
        await filled(store, 1)
        gallery = Gallery(store, version="1", room=0)
        last = await gallery.picture("s")
        assert (gallery.kept, gallery.bytes) == (1, last.weight)
        assert await gallery.picture("s") is last
        await store.create(NewSession(id="other", automation="test", queue="q"))
        await gallery.picture("other")
        assert gallery.kept == 1


async def test_an_erased_session_is_gone_at_once(database: Path) -> None:
    async with SqliteStore(database, create=True) as store:
        await filled(store, 3)
        gallery = Gallery(store, version="1")
        await gallery.picture("s")
        hand = sqlite3.connect(database)
        hand.execute("INSERT INTO tombstones (session_id, reason) VALUES ('s', 'erasure')")
        hand.commit()
        hand.close()
        with pytest.raises(UnknownSession):
            await gallery.picture("s")


class Broken:
    """The fold, which goes wrong at one event while it is told so."""

    def __init__(self, *, at: int) -> None:
        self.at: int | None = at

    def __call__(self, snapshot: Snapshot, event: Event) -> Snapshot:
        if event.seq == self.at:
            return replace(step(snapshot, event), percentual=99.9)
        return step(snapshot, event)


@asynccontextmanager
async def proved(store: SqliteStore) -> AsyncIterator[Gallery]:
    """A gallery that compares its pictures with the log."""
    gallery = Gallery(store, version="1")
    async with anyio.create_task_group() as group:
        group.start_soon(gallery.run)
        await checkpoint()
        yield gallery
        group.cancel_scope.cancel()


async def compared(gallery: Gallery, times: int) -> None:
    """Return once so many comparisons were made."""
    with anyio.fail_after(5):
        while gallery.checks < times:
            await checkpoint()


async def test_a_picture_that_is_not_the_fold_of_its_log_is_said_counted_and_replaced(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken(at=3)
    monkeypatch.setattr(picture, "step", broken)
    async with SqliteStore(database, create=True) as store, proved(store) as gallery:
        pen = await filled(store, 2)
        await gallery.picture("s")
        await pen.progress()
        wrong = await gallery.picture("s")
        broken.at = None
        with capture_logs() as lines:
            await compared(gallery, 1)
        assert lines == [
            {
                "event": "a kept picture was not the fold of its log",
                "log_level": "error",
                "session": "s",
                "seq": 3,
            }
        ]
        right = await gallery.picture("s")
        assert (gallery.checks, gallery.failures) == (1, 1)
        assert right.snapshot == fold(await store.events("s"))
        assert wrong.snapshot.percentual == 99.9
        # Whoever holds the wrong one is not told that it has not changed.
        assert wrong.etag != right.etag


async def test_a_picture_that_is_the_fold_of_its_log_is_left_alone(database: Path) -> None:
    async with SqliteStore(database, create=True) as store, proved(store) as gallery:
        pen = await filled(store, 150)
        await gallery.picture("s")
        await pen.result()
        kept = await gallery.picture("s")
        await compared(gallery, 1)
        assert gallery.failures == 0
        assert await gallery.picture("s") is kept


async def test_one_is_compared_at_a_time_and_none_with_a_long_history(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "CHECKED_EVENTS", 5)
    monkeypatch.setattr(picture, "CHECK_PAUSE_S", 60)
    async with Counting(database, create=True) as store, proved(store) as gallery:
        pen = await filled(store, 5)
        await gallery.picture("s")
        await pen.progress()
        await gallery.picture("s")
        assert store.read == 6
        await store.create(NewSession(id="short", automation="test", queue="q"))
        other = await Pen.take(store, "short")
        for _ in range(4):
            await other.progress()
            await gallery.picture("short")
        await compared(gallery, 1)
        await anyio.wait_all_tasks_blocked()
        assert gallery.checks == 1


async def test_what_was_folded_on_while_it_was_found_wrong_is_folded_anew(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken(at=2)
    monkeypatch.setattr(picture, "step", broken)
    async with SqliteStore(database, create=True) as store:
        pen = await filled(store, 2)
        gallery = Gallery(store, version="1")
        wrong = await gallery.picture("s")
        broken.at = None
        await pen.progress()

        async def find_out(*_: object, **__: object) -> Any:
            gallery._history = store
            await gallery._compare("s", wrong)
            return await store.events("s", after=2, limit=10)

        gallery._history = Between(store, find_out)
        right = await gallery.picture("s")
        assert gallery.failures == 1
        assert right.snapshot == fold(await store.events("s"))


async def test_a_log_that_became_shorter_is_folded_anew(database: Path) -> None:
    async with SqliteStore(database, create=True) as store:
        await filled(store, 5)
        gallery = Gallery(store, version="1")
        await gallery.picture("s")
        async with SqliteStore(database.with_name("backup.db"), create=True) as backup:
            await filled(backup, 2)
            # Whoever puts a backup back commits, which the version tells.
            gallery._history, gallery._as_of = backup, None
            assert (await gallery.picture("s")).snapshot.cursor == 2
