"""The service on a socket: from the port to a clean end."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from anyio.abc import TaskStatus
from structlog.testing import capture_logs

from service.app import Pace, ServiceSettings
from service.server import SENT_BYTES, CannotListen, Door, PortInUse, bind, serve
from tests.service.conftest import Running, Serving, blocks, ids
from tests.service.test_life import deaf_reader

pytestmark = pytest.mark.anyio


class Nothing:
    """An application that is never asked."""

    async def __call__(self, scope: object, receive: object, send: object) -> None: ...

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        task_status.started()

    def leave(self) -> None: ...


async def test_a_used_port_is_said_clearly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse) as caught:
            await serve(
                Nothing(), host="127.0.0.1", port=port, stop=anyio.Event(), ready=lambda _: None
            )
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "--port" in str(caught.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1"])
def test_an_address_that_is_not_ours_is_said_clearly(host: str) -> None:
    with pytest.raises(CannotListen) as caught:
        bind(host, 0)
    assert not isinstance(caught.value, PortInUse)
    assert host in str(caught.value)


async def test_port_zero_takes_a_free_one_and_says_which(service: Running) -> None:
    port = int(service.url.rpartition(":")[2])
    assert port > 0
    assert (await service.client.get("/livez")).status_code == 200


@asynccontextmanager
async def watchers(service: Running, session: str, count: int) -> AsyncIterator[list[str]]:
    """`count` streams that saw three events; what each saw in all once the block has ended."""
    seen: list[str] = []

    async def watch() -> None:
        host, port = service.url.removeprefix("http://").split(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            request = f"GET {service.events(session)} HTTP/1.1\r\nHost: x\r\n\r\n"
            await stream.send(request.encode())
            seen.append("")
            mine = len(seen) - 1
            async for piece in stream:
                seen[mine] += piece.decode()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            for _ in range(count):
                group.start_soon(watch)
            while sum("id: 3" in text for text in seen) < count:
                await anyio.lowlevel.checkpoint()
            yield seen


async def test_a_stop_with_fifty_open_streams_tells_each_and_takes_less_than_a_second(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with capture_logs() as lines:
        async with serving(ServiceSettings(pace=Pace(return_s=(1, 5)))) as service:
            session = await service.told(3, ended=False)
            async with watchers(service, session, 50) as seen:
                began = anyio.current_time()
                service.stop.set()
                await service.stopped.wait()
                took_s = anyio.current_time() - began
    assert took_s < 1
    retries = set()
    for text in seen:
        assert ids(text.partition("\r\n\r\n")[2]) == [1, 2, 3]
        last = blocks(text.rpartition("data: {")[0])[-1]
        assert last.get("event") == "ping"
        retries.add(int(text.rpartition("retry: ")[2].split()[0]))
        assert text.endswith("0\r\n\r\n")
    assert all(1000 <= retry <= 5000 for retry in retries)
    assert len(retries) > 10
    assert not caplog.records
    assert not [line for line in lines if line["log_level"] in ("warning", "error")]


async def test_a_stop_does_not_wait_for_a_reader_that_does_not_read(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as service:
        session = await service.new()
        pen = await service.pen(session)
        with deaf_reader(service, session):
            for _ in range(150):
                await pen.progress(mensagem="x" * 40_000)
            began = anyio.current_time()
            service.stop.set()
            with anyio.fail_after(5):
                await service.stopped.wait()
            assert anyio.current_time() - began < 1
    assert not caplog.records


async def test_the_connection_of_a_reader_that_does_not_read_is_dropped(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(ServiceSettings(pace=Pace(ping_s=0.05, patience_s=0.1))) as service:
        session = await service.new()
        pen = await service.pen(session)
        with deaf_reader(service, session) as deaf:
            for _ in range(150):
                await pen.progress(mensagem="x" * 40_000)
            with anyio.fail_after(10):
                while service.app.parts.gate.streams:
                    await anyio.lowlevel.checkpoint()
            # What the kernel still holds comes, and then the end: not the rest of the answer.
            deaf.settimeout(5)
            received = 0
            while piece := await anyio.to_thread.run_sync(deaf.recv, 1 << 16):
                received += len(piece)
    # Beside what was not sent, what the client's own kernel had taken.
    assert received < 2 * SENT_BYTES
    assert not caplog.records


async def test_a_stop_closes_idle_connections(service: Running) -> None:
    assert (await service.client.get("/livez")).status_code == 200
    began = anyio.current_time()
    service.stop.set()
    with anyio.fail_after(5):
        await service.stopped.wait()
    assert anyio.current_time() - began < 1


async def test_nothing_is_accepted_after_the_stop(service: Running) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    service.stop.set()
    await service.stopped.wait()
    with pytest.raises(OSError):
        await anyio.connect_tcp(host, int(port))


async def test_the_port_is_free_again_at_once() -> None:
    for port in (0, 0):
        door = bind("127.0.0.1", port)
        taken = door.getsockname()[1]
        door.close()
        again = bind("127.0.0.1", taken)
        assert again.getsockname()[1] == taken
        again.close()


def test_a_socket_that_others_accept_from_too_gives_one_connection_a_wakeup() -> None:
    with bind("127.0.0.1", 0) as first, Door(descriptor=os.dup(first.fileno())) as second:
        place = first.getsockname()
        with socket.create_connection(place), socket.create_connection(place):
            second.accept()[0].close()
            with pytest.raises(BlockingIOError):
                second.accept()
            second.accept()[0].close()
        assert second.url() == first.url() == f"http://127.0.0.1:{place[1]}"


async def test_an_ipv6_address_is_written_in_brackets() -> None:
    urls: list[str] = []
    stop = anyio.Event()

    class Empty(Nothing):
        async def __call__(self, scope: object, receive: object, send: object) -> None:
            stop.set()

    with anyio.fail_after(5):
        await serve(Empty(), host="::1", port=0, stop=stop, ready=urls.append)
    assert urls[0].startswith("http://[::1]:")
