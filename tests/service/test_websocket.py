"""The stream in another envelope: the same events, cursors, refusals and endings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from service.app import Pace, ServiceSettings
from service.websocket import packed
from tests.service.conftest import SITE, Running, Serving, blocks, token
from tests.service.multiplex import connected

pytestmark = pytest.mark.anyio

Message = dict[str, Any]


def place(service: Running, session: str, **query: object) -> str:
    """The address of the session's WebSocket, with a token."""
    return (service.url + service.events(session, **query)).replace("/events/", "/ws/")


@asynccontextmanager
async def opened(address: str, **choices: Any) -> AsyncIterator[ClientConnection]:
    """A foreign client's connection."""
    url = address.replace("http://", "ws://")
    with anyio.fail_after(10):
        async with connect(url, proxy=None, ping_interval=None, **choices) as socket:
            yield socket


async def heard(socket: ClientConnection) -> tuple[list[Message], int | None]:
    """Every message until the close, and its code."""
    messages = []
    with pytest.raises(ConnectionClosed):
        while True:
            messages.append(json.loads(await socket.recv()))
    return messages, socket.close_code


async def refused(address: str, **choices: Any) -> tuple[int, Message, Any]:
    """The status, body and headers of a handshake that is not accepted."""
    with pytest.raises(InvalidStatus) as caught:
        async with opened(address, **choices):
            pass
    response = caught.value.response
    return response.status_code, json.loads(response.body or b"null"), response.headers


async def test_a_finished_session_is_told_from_one_to_the_end_and_then_closed(
    service: Running,
) -> None:
    session = await service.told(9)
    async with opened(place(service, session)) as socket:
        messages, code = await heard(socket)
    assert [message.get("id") for message in messages] == [*range(1, 11), None]
    assert messages[-1] == {"event": "end", "data": {"status": "completed"}}
    assert code == 1000


async def test_messages_say_what_the_streams_blocks_say(service: Running) -> None:
    session = await service.told(2, ended=False)
    pen = await service.pen(session)
    await pen.progress(mensagem="ação\u2028")
    await pen.error(final=False)
    await pen.error(final=True)
    told = blocks((await service.client.get(service.events(session))).text)
    async with opened(place(service, session)) as socket:
        messages, _ = await heard(socket)
    assert messages == [
        {name: value if name == "event" else json.loads(value) for name, value in block.items()}
        for block in told
    ]
    assert [message["event"] for message in messages[-3:]] == ["failure", "failure", "end"]


async def test_an_open_one_shows_each_event_when_it_is_committed(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    async with opened(place(service, session)) as socket:
        for count in range(1, 6):
            await pen.progress()
            message = json.loads(await socket.recv())
            assert (message["event"], message["id"]) == ("progress", count)
            assert message["data"]["seq"] == count
            assert message.get("retry") == (2000 if count == 1 else None)


@pytest.mark.parametrize(
    ("query", "first"), [({"after": 4}, 5), ({"last_event_id": 4, "after": 7}, 8)]
)
async def test_a_reader_that_comes_back_goes_on_behind_its_last_event(
    service: Running, query: dict[str, Any], first: int
) -> None:
    session = await service.told(9)
    async with opened(place(service, session, **query)) as socket:
        messages, _ = await heard(socket)
    assert [message["id"] for message in messages[:-1]] == list(range(first, 11))


async def test_a_cursor_that_cannot_be_used_is_said(service: Running) -> None:
    session = await service.told(1)
    async with opened(place(service, session, after="x")) as socket:
        messages, _ = await heard(socket)
    assert messages[0]["event"] == "reset"
    assert messages[0]["data"] == {"motivo": "cursor_ilegivel", "cursor": 0}
    assert [message.get("id") for message in messages[1:]] == [1, 2, None]


async def test_a_finished_session_at_its_end_says_so_and_no_more(service: Running) -> None:
    session = await service.told(2)
    async with opened(place(service, session, after=3)) as socket:
        messages, code = await heard(socket)
    assert messages == [{"event": "end", "data": {"status": "completed"}}]
    assert code == 1000


async def test_a_long_history_is_told_whole(service: Running) -> None:
    session = await service.told(700)
    async with opened(place(service, session)) as socket:
        messages, _ = await heard(socket)
    assert [message["id"] for message in messages[:-1]] == list(range(1, 702))


async def test_the_token_may_come_in_a_header(service: Running) -> None:
    session = await service.told(1)
    address = f"{service.url}/api/rpa/ws/{session}"
    headers = {"Authorization": f"Bearer {token(session)}"}
    async with opened(address, additional_headers=headers) as socket:
        assert json.loads(await socket.recv())["id"] == 1


async def test_who_may_not_read_is_refused_before_it_is_accepted(service: Running) -> None:
    mine, theirs = await service.told(1), await service.told(1)
    address = f"{service.url}/api/rpa/ws/{theirs}"
    status, body, headers = await refused(address)
    assert (status, body["code"]) == (401, "nao_autorizado")
    assert headers["www-authenticate"] == "Bearer"
    assert headers["x-content-type-options"] == "nosniff"
    status, body, _ = await refused(f"{address}?token={token(theirs, ttl_s=-1)}")
    assert (status, body["code"]) == (401, "token_expirado")
    status, body, _ = await refused(f"{address}?token={token(theirs, scopes=['cancel'])}")
    assert (status, body["code"]) == (403, "acesso_negado")
    status, body, _ = await refused(f"{address}?token={token(mine)}")
    assert (status, body["code"]) == (404, "sessao_desconhecida")


async def test_a_page_of_another_site_is_refused(service: Running) -> None:
    session = await service.told(1)
    status, body, _ = await refused(place(service, session), origin="https://outra.example")
    assert (status, body["code"]) == (403, "origem_recusada")
    for origin in (SITE, service.url):
        async with opened(place(service, session), origin=origin) as socket:
            assert json.loads(await socket.recv())["id"] == 1


async def test_where_there_is_no_room_it_is_refused_with_a_time_to_come_back(
    serving: Serving,
) -> None:
    async with serving(ServiceSettings(streams=1)) as service:
        session = await service.told(1, ended=False)
        async with opened(place(service, session)):
            status, body, headers = await refused(
                place(service, session), additional_headers={"Accept": "text/event-stream"}
            )
        assert (status, body["code"]) == (503, "servico_cheio")
        assert int(headers["retry-after"]) > 0


async def test_other_addresses_do_not_speak_websocket_and_this_one_nothing_else(
    service: Running,
) -> None:
    session = await service.told(1)
    for path in (service.events(session), service.progress(session), "/livez"):
        status, body, _ = await refused(service.url + path)
        assert (status, body["code"]) == (405, "metodo_nao_permitido")
    status, _, _ = await refused(service.url + "/nowhere")
    assert status == 404
    plain = await service.client.get(place(service, session))
    assert (plain.status_code, plain.json()["code"]) == (426, "so_websocket")
    assert plain.headers["upgrade"] == "websocket"


async def test_pings_come_as_messages(serving: Serving) -> None:
    async with serving(ServiceSettings(pace=Pace(ping_s=0.02))) as service:
        session = await service.new()
        async with opened(place(service, session)) as socket:
            assert json.loads(await socket.recv()) == {"event": "ping", "data": {}, "retry": 2000}
            assert json.loads(await socket.recv()) == {"event": "ping", "data": {}}


async def test_a_connection_is_renewed_after_its_life(serving: Serving) -> None:
    async with serving(ServiceSettings(pace=Pace(lifetime_s=0.05))) as service:
        session = await service.told(3, ended=False)
        async with opened(place(service, session)) as socket:
            messages, code = await heard(socket)
    assert [message["id"] for message in messages] == [1, 2, 3]
    assert code == 1001


async def test_a_stop_tells_each_when_to_come_back(service: Running) -> None:
    session = await service.told(1, ended=False)
    times = set()
    async with anyio.create_task_group() as group:
        seen = anyio.Semaphore(0)

        async def watch() -> None:
            async with opened(place(service, session)) as socket:
                assert json.loads(await socket.recv())["id"] == 1
                seen.release()
                (farewell,), code = await heard(socket)
                assert (farewell["event"], code) == ("ping", 1012)
                times.add(farewell["retry"])

        for _ in range(10):
            group.start_soon(watch)
        for _ in range(10):
            await seen.acquire()
        service.stop.set()
        with anyio.fail_after(5):
            await service.stopped.wait()
    assert all(1000 <= wait_ms <= 5000 for wait_ms in times)
    assert len(times) > 5


async def test_a_client_that_leaves_gives_its_place_back(service: Running) -> None:
    session = await service.told(1, ended=False)
    async with opened(place(service, session)) as socket:
        await socket.recv()
        assert service.app.parts.gate.streams == 1
    with anyio.fail_after(5):
        while service.app.parts.gate.streams or service.app.parts.broadcast.listening:
            await checkpoint()
    assert not service.app.parts.open


async def test_what_a_client_says_is_neither_answered_nor_kept(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    async with opened(place(service, session)) as socket:
        for _ in range(30):
            await socket.send("x" * 1_000_000)
        await socket.send([b"in", b"pieces"])
        await pen.result()
        messages, code = await heard(socket)
    assert ([message["event"] for message in messages], code) == (["result", "end"], 1000)


async def test_compression_is_not_agreed_to(service: Running) -> None:
    session = await service.told(1)
    async with opened(place(service, session), compression="deflate") as socket:
        assert socket.response is not None
        assert "sec-websocket-extensions" not in socket.response.headers
        assert json.loads(await socket.recv())["id"] == 1


async def test_over_http2_it_is_a_stream_of_the_connection(service: Running) -> None:
    session = await service.told(1)
    path = service.events(session).replace("/events/", "/ws/")
    async with connected(service.url) as connection:
        good = await connection.ask_websocket(path)
        bad = await connection.ask_websocket(path + "x")
        await connection.until(lambda: {good, bad} <= connection.ended)
    assert (connection.status[good], connection.status[bad]) == (200, 401)
    # Unmasked text frames, then a close with its code.
    assert connection.data[good].startswith(b"\x81\x7e")
    assert b'{"event":"end","data":{"status":"completed"}}' in connection.data[good]
    assert connection.data[good].endswith(b"\x88\x02\x03\xe8")
    assert json.loads(connection.data[bad])["code"] == "nao_autorizado"


def test_messages_are_packed_once_for_all_readers_of_the_same_bytes() -> None:
    data = b'id: 1\nevent: progress\ndata: {"a":1}\n\nid: 2\nevent: result\ndata: {}\n\n'
    texts, rest = packed(data)
    assert texts == (
        '{"event":"progress","id":1,"data":{"a":1}}',
        '{"event":"result","id":2,"data":{}}',
    )
    assert rest == b""
    assert packed(data)[0] is texts
