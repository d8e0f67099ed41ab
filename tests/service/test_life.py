"""A stream's long life: pings, renewal, readers that do not read, places, passing troubles."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import httpx_sse
import pytest
from anyio.lowlevel import checkpoint
from structlog.testing import capture_logs

from db.errors import StoreBusy
from db.sqlite import SqliteStore
from service.app import Pace, ServiceSettings
from tests.service.conftest import Running, Serving, blocks, ids

pytestmark = pytest.mark.anyio

SSE = {"Accept": "text/event-stream"}


async def test_pings_come_as_events_without_id(serving: Serving) -> None:
    pace = Pace(ping_s=0.02)
    async with serving(ServiceSettings(pace=pace)) as service:
        session = await service.new()
        events = httpx_sse.aconnect_sse(service.client, "GET", service.events(session))
        async with events as source:
            stream = source.aiter_sse()
            with anyio.fail_after(5):
                first, second = await anext(stream), await anext(stream)
    assert (first.event, first.data, first.id) == ("ping", "{}", "")
    assert (first.retry, second.retry) == (2000, None)


async def test_pings_come_on_time_also_while_events_flow(serving: Serving) -> None:
    async with serving(ServiceSettings(pace=Pace(ping_s=0.02))) as service:
        session = await service.new()
        pen = await service.pen(session)
        async with service.client.stream("GET", service.events(session)) as answer:
            seen = ""
            with anyio.fail_after(5):
                async for piece in answer.aiter_text():
                    seen += piece
                    if "ping" in seen and ids(seen)[-1:] >= [5]:
                        break
                    await pen.progress()


async def test_a_connection_is_renewed_after_its_life_and_nothing_is_lost(serving: Serving) -> None:
    async with serving(ServiceSettings(pace=Pace(lifetime_s=0.05))) as service:
        session = await service.told(3, ended=False)
        with anyio.fail_after(5):
            answer = await service.client.get(service.events(session))
        assert ids(answer.text) == [1, 2, 3]
        assert "end" not in [block.get("event") for block in blocks(answer.text)]


async def test_a_client_that_leaves_gives_its_place_back(service: Running) -> None:
    session = await service.new()
    async with service.client.stream("GET", service.events(session)) as answer:
        pieces = answer.aiter_bytes()
        await anext(pieces)
        assert service.app.parts.gate.streams == 1
    with anyio.fail_after(5):
        while service.app.parts.gate.streams or service.app.parts.broadcast.listening:
            await checkpoint()
    assert not service.app.parts.open


@contextlib.contextmanager
def deaf_reader(service: Running, session: str) -> Iterator[socket.socket]:
    """A client that asks for a stream and then reads nothing at all."""
    host, port = service.url.removeprefix("http://").split(":")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((host, int(port)))
        deaf.sendall(f"GET {service.events(session)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        yield deaf


async def test_a_reader_that_does_not_read_is_cut_and_holds_nobody_up(serving: Serving) -> None:
    pace = Pace(ping_s=0.05, patience_s=0.2)
    async with serving(ServiceSettings(pace=pace)) as service:
        session = await service.new()
        pen = await service.pen(session)
        with deaf_reader(service, session):
            while service.app.parts.gate.streams == 0:
                await checkpoint()
            for _ in range(150):
                await pen.progress(mensagem="x" * 40_000)
            with anyio.fail_after(10):
                while service.app.parts.gate.streams:
                    await anyio.lowlevel.checkpoint()
        await pen.result()
        with anyio.fail_after(10):
            answer = await service.client.get(service.events(session))
        assert ids(answer.text) == list(range(1, 152))


@pytest.mark.parametrize("accept", ["text/event-stream", "text/event-stream, */*"])
async def test_over_a_passing_limit_a_stream_is_told_to_come_back_later(
    serving: Serving, accept: str
) -> None:
    async with serving(ServiceSettings(streams=1)) as service:
        session = await service.new()
        async with service.client.stream("GET", service.events(session)) as held:
            pieces = held.aiter_bytes()
            await anext(pieces)
            answer = await service.client.get(service.events(session), headers={"Accept": accept})
            assert answer.status_code == 200
            (block,) = blocks(answer.text)
            assert (block["event"], block["data"]) == ("ping", "{}")
            assert 12_000 <= int(block["retry"]) <= 18_000
            other = await service.client.get(service.events(session))
            assert (other.status_code, other.json()["code"]) == (503, "servico_cheio")
            assert other.headers["retry-after"] == "15"


async def test_one_address_holds_only_so_many_streams(serving: Serving) -> None:
    settings = ServiceSettings(streams_per_address=1, trusted_proxies=["127.0.0.1"])
    async with serving(settings) as service:
        session = await service.new()
        mine, theirs = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-For": "203.0.113.6"}
        path = service.events(session)
        async with service.client.stream("GET", path, headers=mine) as held:
            pieces = held.aiter_bytes()
            await anext(pieces)
            answer = await service.client.get(path, headers=mine)
            assert (answer.status_code, answer.json()["code"]) == (429, "muitos_pedidos")
            assert "retry-after" in answer.headers
            async with service.client.stream("GET", path, headers=theirs) as other:
                assert other.status_code == 200


class Failing(SqliteStore):
    """A store whose pages of events cannot be read while it is told so."""

    busy = False

    async def events(self, session_id: str, **how: Any) -> Any:
        if self.busy:
            raise StoreBusy
        return await super().events(session_id, **how)

    async def session(self, session_id: str) -> Any:
        if self.busy is None:
            raise StoreBusy
        return await super().session(session_id)


async def test_a_log_that_cannot_be_read_closes_the_stream_to_be_resumed(
    serving: Serving, database: Any
) -> None:
    async with SqliteStore(database, create=True), Failing(database) as failing:
        failing.busy = True
        async with serving(seen_as=failing) as service:
            session = await service.told(1, ended=False)
            with capture_logs() as lines, anyio.fail_after(5):
                answer = await service.client.get(service.events(session))
            assert answer.status_code == 200
            (block,) = blocks(answer.text)
            assert block["event"] == "ping"
            (line,) = [line for line in lines if "session" in line]
            assert (line["session"], line["code"]) == (session, "banco_ocupado")


async def test_a_store_that_is_busy_at_the_start_of_a_stream_is_a_passing_trouble(
    serving: Serving, database: Any
) -> None:
    async with SqliteStore(database, create=True), Failing(database) as failing:
        async with serving(seen_as=failing) as service:
            session = await service.told(1)
            failing.busy = None  # type: ignore[assignment]  # a third state, for this test alone
            stream = await service.client.get(service.events(session), headers=SSE)
            plain = await service.client.get(service.events(session))
        assert (stream.status_code, blocks(stream.text)[0]["event"]) == (200, "ping")
        assert (plain.status_code, plain.json()["code"]) == (503, "banco_ocupado")
        assert plain.headers["retry-after"]
