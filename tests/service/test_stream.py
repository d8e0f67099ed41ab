"""Watching a session: every event once, from any cursor, to the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx_sse
import pytest
from structlog.testing import capture_logs

from tests.service.conftest import SITE, Running, blocks, ids, token

pytestmark = pytest.mark.anyio


async def test_a_finished_session_is_told_from_one_to_the_end_and_then_closed(
    service: Running,
) -> None:
    session = await service.told(9)
    answer = await service.client.get(service.events(session))
    assert answer.status_code == 200
    assert ids(answer.text) == list(range(1, 11))
    assert blocks(answer.text)[-1] == {"event": "end", "data": '{"status":"completed"}'}
    assert blocks(answer.text)[-2]["event"] == "result"


async def test_a_reader_that_comes_back_goes_on_behind_its_last_event(service: Running) -> None:
    session = await service.told(9)
    answer = await service.client.get(service.events(session), headers={"Last-Event-ID": "5"})
    assert ids(answer.text) == [6, 7, 8, 9, 10]
    again = await service.client.get(service.events(session), headers={"Last-Event-ID": "10"})
    assert (again.status_code, again.content) == (204, b"")


async def test_replayed_bytes_equal_live_ones(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    async with service.client.stream("GET", service.events(session)) as live:
        text = live.aiter_bytes()
        seen = await anext(text)
        await pen.progress(3, mensagem="ação\u2028")
        await pen.error(final=False)
        await pen.error(final=True)
        seen += b"".join([piece async for piece in text])
    replay = await service.client.get(service.events(session))
    assert seen == replay.content
    assert [block["event"] for block in blocks(replay.text)[3:]] == ["failure", "failure", "end"]
    assert blocks(replay.text)[-1]["data"] == '{"status":"failed"}'


async def test_an_open_stream_shows_each_event_when_it_is_committed(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    async with httpx_sse.aconnect_sse(service.client, "GET", service.events(session)) as source:
        events = source.aiter_sse()
        for count in range(1, 6):
            await pen.progress()
            with anyio.fail_after(5):
                event = await anext(events)
            assert (event.id, event.event, event.retry) == (
                str(count),
                "progress",
                2000 if count == 1 else None,
            )
            assert json.loads(event.data)["seq"] == count


async def test_the_answers_head_keeps_proxies_and_caches_away(service: Running) -> None:
    session = await service.told(1)
    answer = await service.client.get(service.events(session), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-encoding" not in answer.headers


async def test_a_comment_goes_out_at_once_even_when_nothing_has_happened(service: Running) -> None:
    session = await service.new()
    async with service.client.stream("GET", service.events(session)) as answer:
        with anyio.fail_after(5):
            first = await anext(answer.aiter_bytes())
    assert first.startswith(b":")
    assert b"\n\n" not in first


async def test_head_has_the_streams_headers_and_no_stream(service: Running) -> None:
    session = await service.new()
    with anyio.fail_after(5):
        answer = await service.client.head(service.events(session))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("header", "query", "first"),
    [
        ("3", {}, 4),
        (None, {"after": 3}, 4),
        (None, {"last_event_id": 3}, 4),
        (None, {"lastEventId": 3}, 4),
        ("7", {"last_event_id": 2}, 8),
        ("2", {"last_event_id": 7}, 8),
        ("x", {"after": 4}, 5),
        ("5", {"after": "nonsense"}, 6),
        ("0", {}, 1),
        ("", {}, 1),
        (None, {"after": ""}, 1),
    ],
)
async def test_the_largest_valid_cursor_counts(
    service: Running, header: str | None, query: dict[str, Any], first: int
) -> None:
    session = await service.told(9)
    headers = {} if header is None else {"Last-Event-ID": header}
    answer = await service.client.get(service.events(session, **query), headers=headers)
    assert ids(answer.text) == list(range(first, 11))
    assert not [block for block in blocks(answer.text) if block.get("event") == "reset"]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "1e3", "9" * 16, "0x10", "null", "%D9%A3"])
async def test_a_cursor_that_cannot_be_read_begins_again_and_says_so(
    service: Running, cursor: str
) -> None:
    session = await service.told(2)
    answer = await service.client.get(service.events(session, after=cursor))
    first, *rest = blocks(answer.text)
    assert first["event"] == "reset"
    assert json.loads(first["data"]) == {"motivo": "cursor_ilegivel", "cursor": 0}
    assert first["retry"] == "2000"
    assert [block.get("id") for block in rest] == ["1", "2", "3", None]


async def test_a_cursor_ahead_of_a_running_session_begins_again_and_says_so(
    service: Running,
) -> None:
    session = await service.told(2, ended=False)
    pen = await service.pen(session)
    await pen.result()
    running = await service.told(2, ended=False)
    pen = await service.pen(running)
    async with service.client.stream("GET", service.events(running, after=99)) as answer:
        text = answer.aiter_text()
        seen = await anext(text)
        await pen.result()
        seen += "".join([piece async for piece in text])
    assert blocks(seen)[0]["event"] == "reset"
    assert json.loads(blocks(seen)[0]["data"])["motivo"] == "cursor_adiantado"
    assert ids(seen) == [1, 2, 3]


async def test_a_cursor_ahead_of_a_finished_session_is_at_its_end(service: Running) -> None:
    session = await service.told(2)
    answer = await service.client.get(service.events(session, after=99), headers={"Origin": SITE})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == SITE


async def test_a_long_history_is_told_whole_in_pages(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.broadcast.REPLAY_PAGE", 7)
    monkeypatch.setattr("service.window.WRITE_BYTES", 1000)
    session = await service.told(60)
    answer = await service.client.get(service.events(session))
    assert ids(answer.text) == list(range(1, 62))


@pytest.mark.parametrize(
    ("final", "tipo", "status"), [(True, "site", "failed"), (True, "cancelado", "cancelled")]
)
async def test_the_end_names_the_status(
    service: Running, final: bool, tipo: str, status: str
) -> None:
    session = await service.told(1, ended=False)
    await (await service.pen(session)).error(final=final, tipo=tipo)
    answer = await service.client.get(service.events(session))
    assert json.loads(blocks(answer.text)[-1]["data"]) == {"status": status}


async def test_a_stream_shows_its_own_session_only(service: Running) -> None:
    one, two = await service.new(), await service.new()
    pens = [await service.pen(one), await service.pen(two)]
    async with service.client.stream("GET", service.events(one)) as answer:
        text = answer.aiter_text()
        seen = await anext(text)
        for _ in range(5):
            for pen in pens:
                await pen.progress()
        await pens[0].result()
        seen += "".join([piece async for piece in text])
    assert ids(seen) == [1, 2, 3, 4, 5, 6]
    assert two not in seen


async def test_the_token_may_come_in_the_header_or_in_the_address(service: Running) -> None:
    session = await service.told(1)
    path = f"/api/rpa/events/{session}"
    headers = {"Authorization": f"Bearer {token(session)}"}
    assert (await service.client.get(path, headers=headers)).status_code == 200
    basic = {"Authorization": "Basic c3RhZ2luZzpzaXRl"}
    query = f"{path}?token={token(session)}"
    assert (await service.client.get(query, headers=basic)).status_code == 200
    assert (await service.client.get(query)).status_code == 200


async def test_without_a_valid_token_there_is_no_stream(service: Running) -> None:
    session = await service.told(1)
    path = f"/api/rpa/events/{session}"
    for query in ("", "?token=", "?token=nonsense", f"?token={token(session)}x"):
        answer = await service.client.get(path + query)
        assert (answer.status_code, answer.json()["code"]) == (401, "nao_autorizado")
        assert answer.headers["www-authenticate"] == "Bearer"
    expired = await service.client.get(f"{path}?token={token(session, ttl_s=-1)}")
    assert (expired.status_code, expired.json()["code"]) == (401, "token_expirado")


async def test_a_strangers_session_and_no_session_are_the_same_answer(service: Running) -> None:
    mine, theirs = await service.told(1), await service.told(1)
    stranger = await service.client.get(f"/api/rpa/events/{theirs}?token={token(mine)}")
    nobody = await service.client.get(service.events("rpa_v5_20260101_000000_" + "f" * 32))
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.content == nobody.content


async def test_a_token_without_the_right_to_read_reads_nothing(service: Running) -> None:
    session = await service.told(1)
    path = f"/api/rpa/events/{session}?token={token(session, scopes=['cancel'])}"
    assert (await service.client.get(path)).status_code == 403


async def test_another_programs_write_lock_holds_no_reader_up(
    service: Running, database: Path
) -> None:
    session = await service.told(3)
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = await service.client.get(service.events(session))
        assert (await service.client.get(service.progress(session))).status_code == 200
    assert ids(answer.text) == [1, 2, 3, 4]


async def test_http2_is_served_as_well(service: Running) -> None:
    session = await service.told(3)
    async with httpx.AsyncClient(base_url=service.url, http1=False, http2=True) as client:
        answer = await client.get(service.events(session))
        assert (answer.http_version, ids(answer.text)) == ("HTTP/2", [1, 2, 3, 4])
        assert (await client.get(service.events(session, after=4))).status_code == 204
        start = "/api/rpa/start"
        assert (await client.post(start, json={"placa": "A"})).status_code == 202
        json_type = {"content-type": "application/json"}
        large = await client.post(start, content=b"x" * 300_000, headers=json_type)
        assert large.status_code == 413


async def test_many_readers_of_one_session_all_see_all_of_it(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    seen: list[list[int]] = []
    limits = httpx.Limits(max_connections=60)
    async with httpx.AsyncClient(base_url=service.url, limits=limits, timeout=20) as client:

        async def watch() -> None:
            seen.append(ids((await client.get(service.events(session))).text))

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(watch)
            with anyio.fail_after(10):
                while service.app.parts.gate.streams < 25:
                    await anyio.lowlevel.checkpoint()
            await pen.progress(40)
            await pen.result()
    assert seen == [list(range(1, 42))] * 50


async def test_a_client_that_closes_in_the_middle_leaves_no_trace(
    service: Running, caplog: pytest.LogCaptureFixture
) -> None:
    session = await service.new()
    pen = await service.pen(session)
    host, port = service.url.removeprefix("http://").split(":")
    with capture_logs() as lines:
        for _ in range(5):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {service.events(session)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await reader.readuntil(b"andamento\n")
            await pen.progress()
            writer.transport.abort()
        with anyio.fail_after(5):
            while service.app.parts.gate.streams:
                await anyio.lowlevel.checkpoint()
    assert not lines
    assert not caplog.records
