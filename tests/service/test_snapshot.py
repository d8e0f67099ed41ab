"""Asking where a session stands."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from db.snapshot import fold, render
from service.app import Pace, ServiceSettings
from tests.service.conftest import SITE, Running, Serving, blocks, ids, token

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


async def test_whoever_changes_between_stream_and_poll_sees_everything_once(
    serving: Serving,
) -> None:
    pace = Pace(lifetime_s=0.05)
    async with serving(ServiceSettings(pace=pace)) as service:
        session = await service.new()
        pen = await service.pen(session)
        cursor, seen = 0, 0
        for _ in range(3):
            await pen.progress(2)
            stream = await service.client.get(service.events(session, after=cursor))
            assert ids(stream.text) == [cursor + 1, cursor + 2]
            cursor = ids(stream.text)[-1]
            await pen.progress(2)
            poll = await service.client.get(service.progress(session, wait=20, after=cursor))
            seen, cursor = cursor, poll.json()["cursor"]
            assert cursor == seen + 2


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{0}", 304),
        ("W/{0}", 304),
        ('"a", {0}', 304),
        ('"a" ,W/"b",{0}', 304),
        ("*", 304),
        ('"a", "b"', 200),
        ('W/"a"', 200),
        ("", 200),
    ],
)
async def test_a_tag_counts_in_every_form_that_http_has_for_it(
    service: Running, given: str, status: int
) -> None:
    path = service.progress(await service.told(1))
    tag = (await service.client.get(path)).headers["etag"]
    headers = {"If-None-Match": given.format(tag)}
    assert (await service.client.get(path, headers=headers)).status_code == status


async def test_what_the_page_shows_is_the_same_by_stream_and_by_poll(service: Running) -> None:
    session = await service.told(3)
    stream = await service.client.get(service.events(session))
    assert blocks(stream.text)[-1]["data"] == '{"status":"completed"}'
    told = (await service.client.get(service.progress(session))).json()
    assert told["progress"]["status"] == "completed"
    assert told["cursor"] == ids(stream.text)[-1]
