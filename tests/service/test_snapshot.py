"""Asking where a session stands."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from db.errors import UnknownSession
from db.snapshot import fold, render
from db.sqlite import SqliteStore
from db.store import NewSession
from service.app import ServiceSettings
from service.picture import Gallery
from tests.service.conftest import SITE, Pen, Running, Serving, blocks, ids, token

pytestmark = pytest.mark.anyio


async def test_the_answer_is_the_fold_of_the_log(service: Running) -> None:
    session = await service.told(4)
    answer = await service.client.get(service.progress(session))
    events = await service.store.events(session)
    assert answer.json() == {"success": True, "session_id": session, **render(fold(events))}
    assert answer.headers["content-type"] == "application/json"


async def test_a_session_without_events_stands_at_its_beginning(service: Running) -> None:
    session = await service.new()
    told = (await service.client.get(service.progress(session))).json()
    assert (told["cursor"], told["terminal"]) == (0, False)
    assert told["progress"]["status"] == "queued"


async def test_the_stream_behind_its_cursor_continues_it_without_a_gap(service: Running) -> None:
    session = await service.told(5, ended=False)
    cursor = (await service.client.get(service.progress(session))).json()["cursor"]
    pen = await service.pen(session)
    await pen.progress(2)
    await pen.result()
    stream = await service.client.get(service.events(session, after=cursor))
    assert ids(stream.text) == [6, 7, 8]


async def test_it_follows_the_log_event_by_event(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    for count in range(1, 5):
        await pen.progress(percentual=count * 10)
        told = (await service.client.get(service.progress(session))).json()
        assert (told["cursor"], told["progress"]["percentual"]) == (count, count * 10)


async def test_who_has_it_already_is_told_so_in_no_bytes(service: Running) -> None:
    session = await service.told(2, ended=False)
    first = await service.client.get(service.progress(session))
    for tag in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        headers = {"If-None-Match": tag, "Origin": SITE}
        again = await service.client.get(service.progress(session), headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["access-control-allow-origin"] == SITE
    await (await service.pen(session)).progress()
    headers = {"If-None-Match": first.headers["etag"]}
    changed = await service.client.get(service.progress(session), headers=headers)
    assert changed.status_code == 200


async def test_head_has_the_tag_and_no_body(service: Running) -> None:
    session = await service.told(1)
    answer = await service.client.head(service.progress(session))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"]


async def waiting(service: Running) -> None:
    """Return once a long poll waits."""
    with anyio.fail_after(5):
        while not service.app.parts.open:
            await checkpoint()


async def test_a_long_poll_is_answered_by_the_next_event(service: Running) -> None:
    session = await service.told(2, ended=False)
    pen = await service.pen(session)
    answers: list[httpx.Response] = []

    async def poll() -> None:
        answers.append(await service.client.get(service.progress(session, wait=20, after=2)))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(poll)
            await waiting(service)
            assert not answers
            await pen.progress()
    assert answers[0].json()["cursor"] == 3
    assert not service.app.parts.open
    assert service.app.parts.gate.streams == 0


@pytest.mark.parametrize(
    "query",
    [
        {"wait": 20},
        {"wait": 20, "after": 1},
        {"wait": 20, "after": 99},
        {"wait": 20, "after": "x"},
        {"wait": "x", "after": 2},
        {"wait": -3, "after": 2},
        {"wait": "inf", "after": 2},
        {"wait": "nan", "after": 2},
        {"wait": "", "after": 2},
        {"wait": 0.01, "after": 2},
    ],
    ids=str,
)
async def test_a_poll_that_has_nothing_to_wait_for_is_answered(
    service: Running, query: dict[str, Any]
) -> None:
    session = await service.told(2, ended=False)
    with anyio.fail_after(5):
        answer = await service.client.get(service.progress(session, **query))
    assert answer.json()["cursor"] == 2


async def test_a_finished_session_is_never_waited_for(service: Running) -> None:
    session = await service.told(2)
    with anyio.fail_after(5):
        answer = await service.client.get(service.progress(session, wait=20, after=3))
    assert answer.json()["terminal"] is True


async def test_a_long_poll_without_a_place_is_answered_at_once(serving: Serving) -> None:
    async with serving(ServiceSettings(streams=0)) as service:
        session = await service.told(2, ended=False)
        with anyio.fail_after(5):
            answer = await service.client.get(service.progress(session, wait=20, after=2))
    assert answer.json()["cursor"] == 2


async def test_a_stop_answers_those_who_wait(service: Running) -> None:
    session = await service.told(2, ended=False)
    answers: list[httpx.Response] = []

    async def poll() -> None:
        answers.append(await service.client.get(service.progress(session, wait=20, after=2)))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(poll)
            await waiting(service)
            service.stop.set()
    assert answers[0].json()["cursor"] == 2


async def test_tokens_bind_it_as_they_bind_the_stream(service: Running) -> None:
    mine, theirs = await service.told(1), await service.told(1)
    path = f"/api/rpa/progress/{theirs}"
    assert (await service.client.get(path)).status_code == 401
    assert (await service.client.get(f"{path}?token={token(mine)}")).status_code == 404
    assert (await service.client.get(service.progress("nobody"))).status_code == 404


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
        assert (first.etag, second.etag) == ('"1.250"', '"1.252"')


async def test_the_least_recently_asked_for_leaves_first(database: Path) -> None:
    async with Counting(database, create=True) as store:
        for name in "abc":
            await store.create(NewSession(id=name, automation="test", queue="q"))
            await (await Pen.take(store, name)).progress(3)
        gallery = Gallery(store, version="1", size=2)
        for name in "abac":
            await gallery.picture(name)
        store.read = 0
        await gallery.picture("a")
        assert store.read == 0
        await gallery.picture("b")
        assert store.read == 3


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


async def test_a_log_that_became_shorter_is_folded_anew(database: Path) -> None:
    async with SqliteStore(database, create=True) as store:
        await filled(store, 5)
        gallery = Gallery(store, version="1")
        await gallery.picture("s")
        async with SqliteStore(database.with_name("backup.db"), create=True) as backup:
            await filled(backup, 2)
            gallery._history = backup
            assert (await gallery.picture("s")).snapshot.cursor == 2


async def test_what_the_page_shows_is_the_same_by_stream_and_by_poll(service: Running) -> None:
    session = await service.told(3)
    stream = await service.client.get(service.events(session))
    assert blocks(stream.text)[-1]["data"] == '{"status":"completed"}'
    told = (await service.client.get(service.progress(session))).json()
    assert told["progress"]["status"] == "completed"
    assert told["cursor"] == ids(stream.text)[-1]
