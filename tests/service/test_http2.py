"""HTTP/2: many streams through one connection, none at another's mercy; and TLS."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import anyio
import httpx
import pytest
from h2.connection import H2Connection
from h2.errors import ErrorCodes

from service.app import Pace, ServiceSettings
from service.connection import BUFFER_BYTES
from service.server import Door, Tls
from service.window import WRITE_BYTES
from tests.certificate import Certificate, certificate
from tests.service.conftest import Running, Serving, blocks, ids
from tests.service.multiplex import CONNECTION_WINDOW, connected
from tests.service.served import Served, until

pytestmark = pytest.mark.anyio

IMPATIENT = ServiceSettings(pace=Pace(ping_s=0.05, patience_s=0.2))


@pytest.fixture
def own(tmp_path: Path) -> Certificate:
    """A certificate for this machine."""
    return certificate(tmp_path)


@pytest.fixture
def tls(own: Certificate) -> Tls:
    """The same, for the service."""
    return Tls(cert=own.cert, key=own.key)


@pytest.mark.parametrize("count", [101, 300])
async def test_all_streams_of_one_connection_are_served(service: Running, count: int) -> None:
    session = await service.told(1, ended=False)
    async with connected(service.url) as connection:
        streams = [await connection.ask(service.events(session)) for _ in range(count)]
        await connection.until(lambda: all(b"id: 1\n" in connection.data[s] for s in streams))
        assert service.app.parts.gate.streams == count
        pen = await service.pen(session)
        await pen.progress()
        await pen.result()
        await connection.until(lambda: connection.ended == set(streams))
    assert {tuple(ids(connection.data[s].decode())) for s in streams} == {(1, 2, 3)}
    assert set(connection.status.values()) == {200}


async def test_with_a_certificate_both_protocols_are_offered(
    serving: Serving, tls: Tls, own: Certificate
) -> None:
    async with serving(tls=tls) as service:
        assert service.url.startswith("https://127.0.0.1:")
        session = await service.told(3)
        for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
            client = httpx.AsyncClient(http2=http2, verify=own.trusted(), base_url=service.url)
            async with client:
                answer = await client.get(service.events(session))
                assert (answer.http_version, ids(answer.text)) == (version, [1, 2, 3, 4])
                started = await client.post("/api/rpa/start", json={"placa": version})
                assert started.json()["events_url"].startswith("https://127.0.0.1:")


async def test_the_101st_stream_of_an_encrypted_connection_is_served_too(
    serving: Serving, tls: Tls, own: Certificate
) -> None:
    async with serving(tls=tls) as service:
        session = await service.told(2)
        async with connected(service.url, tls=own.trusted("h2")) as connection:
            streams = [await connection.ask(service.events(session)) for _ in range(101)]
            await connection.until(lambda: connection.ended == set(streams))
        assert {tuple(ids(connection.data[s].decode())) for s in streams} == {(1, 2, 3)}


async def test_a_stop_with_encrypted_streams_takes_less_than_a_second(
    serving: Serving, tls: Tls, own: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with serving(tls=tls) as service:
        session = await service.told(1, ended=False)
        async with connected(service.url, tls=own.trusted("h2")) as connection:
            streams = [await connection.ask(service.events(session)) for _ in range(20)]
            await connection.until(lambda: all(b"id: 1\n" in connection.data[s] for s in streams))
            began = anyio.current_time()
            service.stop.set()
            await service.stopped.wait()
            assert anyio.current_time() - began < 1
            await connection.until(lambda: connection.ended == set(streams))
        assert all(b"event: ping" in connection.data[s] for s in streams)
    assert not caplog.records


async def test_who_does_not_speak_tls_is_turned_away_without_a_trace(
    serving: Serving, tls: Tls, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tls=tls) as service, httpx.AsyncClient() as client:
        with pytest.raises(httpx.TransportError):
            await client.get(service.url.replace("https", "http"))
        with pytest.raises(httpx.ConnectError):
            await client.get(service.url)
    assert not caplog.records


async def test_a_reader_that_does_not_read_holds_no_other_up_and_little_memory(
    served: Served, service: Running
) -> None:
    session = await service.new()
    pen = await service.pen(session)
    async with connected(service.url) as connection:
        deaf, good = [await connection.ask(service.events(session)) for _ in range(2)]
        connection.held.add(deaf)
        for _ in range(100):
            await pen.progress(mensagem="x" * 40_000)
        await pen.result()
        await connection.until(lambda: good in connection.ended)
        assert ids(connection.data[good].decode()) == list(range(1, 102))
        assert deaf not in connection.ended
        assert 0 < sum(served.buffers()) <= WRITE_BYTES + BUFFER_BYTES


async def test_a_stream_that_is_stuck_is_reset_and_its_connection_goes_on(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(IMPATIENT) as service:
        long, short = await service.new(), await service.told(1, ended=False)
        await (await service.pen(long)).progress(20, mensagem="x" * 40_000)
        async with connected(service.url) as connection:
            deaf = await connection.ask(service.events(long))
            connection.held.add(deaf)
            good = await connection.ask(service.events(short))
            await connection.until(lambda: deaf in connection.reset)
            assert connection.reset == {deaf: ErrorCodes.CANCEL}
            await until(lambda: service.app.parts.gate.streams == 1)
            await (await service.pen(short)).result()
            await connection.until(lambda: good in connection.ended)
            again = await connection.ask(service.events(long, after=19))
            await connection.until(lambda: b"id: 20\n" in connection.data[again])
    assert not caplog.records


async def test_an_end_that_is_not_fetched_is_not_kept_for_ever(
    served: Served, serving: Serving
) -> None:
    async with serving(IMPATIENT) as service:
        session = await service.told(1)
        async with connected(service.url, stream_window=10) as connection:
            deaf = await connection.ask(service.events(session))
            await connection.until(lambda: deaf in connection.status)
            connection.held.add(deaf)
            await connection.until(lambda: deaf in connection.reset)
            await until(lambda: not service.app.parts.gate.streams)
            await until(lambda: not served.buffers())


async def test_a_connection_that_takes_nothing_at_all_is_dropped(
    serving: Serving, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = anyio.Event()

    def drop(door: Door, client: tuple[str, int]) -> None:
        real(door, client)
        dropped.set()

    real = Door.drop
    monkeypatch.setattr(Door, "drop", drop)
    monkeypatch.setattr("service.connection.RESET_S", 0.1)
    async with serving(IMPATIENT) as service:
        session = await service.new()
        await (await service.pen(session)).progress(150, mensagem="x" * 40_000)
        host, port = service.url.removeprefix("http://").split(":")
        protocol = H2Connection()
        protocol.initiate_connection()
        protocol.increment_flow_control_window(CONNECTION_WINDOW)
        pseudo = {":method": "GET", ":scheme": "http", ":authority": "x"}
        for stream_id in (1, 3, 5):
            given = [*pseudo.items(), (":path", service.events(session))]
            protocol.send_headers(stream_id, given, end_stream=True)
            protocol.increment_flow_control_window(CONNECTION_WINDOW, stream_id)
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((host, int(port)))
            deaf.sendall(protocol.data_to_send())
            await until(lambda: service.app.parts.gate.streams == 3)
            with anyio.fail_after(10):
                await dropped.wait()
            deaf.settimeout(5)
            while await anyio.to_thread.run_sync(deaf.recv, 1 << 16):
                pass
            assert not service.app.parts.gate.streams
    assert not caplog.records


async def test_a_client_that_gives_a_stream_up_gives_its_place_back(service: Running) -> None:
    session = await service.told(1, ended=False)
    async with connected(service.url) as connection:
        first, second = [await connection.ask(service.events(session)) for _ in range(2)]
        await connection.until(lambda: b"id: 1\n" in connection.data[second])
        assert service.app.parts.gate.streams == 2
        await connection.give_up(first)
        await until(lambda: service.app.parts.gate.streams == 1)
        await (await service.pen(session)).result()
        await connection.until(lambda: second in connection.ended)
    await until(lambda: not service.app.parts.open)


async def test_streams_that_are_given_up_leave_nothing_in_their_connection(
    served: Served, serving: Serving
) -> None:
    async with serving(ServiceSettings(requests_per_minute=10_000)) as service:
        session = await service.new()
        async with connected(service.url) as connection:
            for _ in range(11):
                streams = [await connection.ask(service.events(session)) for _ in range(100)]
                await connection.until(lambda: set(streams) <= set(connection.data))  # noqa: B023
                for stream in streams:
                    await connection.give_up(stream)
            await until(lambda: not service.app.parts.gate.streams)
            await until(lambda: not served.buffers())
            last = await connection.ask(service.events(session))
            await connection.until(lambda: last in connection.data)


async def test_a_stop_tells_each_stream_of_a_connection(
    service: Running, caplog: pytest.LogCaptureFixture
) -> None:
    session = await service.new()
    await (await service.pen(session)).progress(20, mensagem="x" * 40_000)
    async with connected(service.url) as connection:
        deaf = await connection.ask(service.events(session))
        connection.held.add(deaf)
        path = service.events(session, after=19)
        good = [await connection.ask(path) for _ in range(100)]
        await connection.until(lambda: all(b"id: 20\n" in connection.data[s] for s in good))
        service.stop.set()
        with anyio.fail_after(1):
            await service.stopped.wait()
        await connection.until(lambda: connection.closed)
        assert connection.ended == set(good)
        last = [blocks(connection.data[s].decode())[-1] for s in good]
        assert all(1000 <= int(block["retry"]) <= 5000 for block in last)
    assert not caplog.records
