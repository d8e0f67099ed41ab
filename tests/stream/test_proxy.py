"""The proxy does what its faults say: a test through it would else prove nothing."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.service.conftest import Running
from tests.stream.proxy import BUFFER_BYTES, Ending, Fault, Proxy, proxying

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def through(
    service: Running, fault: Fault, session: str
) -> AsyncIterator[tuple[Proxy, StreamReader]]:
    """The session's stream through a proxy with this fault."""
    with anyio.fail_after(10):
        async with proxying(int(service.url.rpartition(":")[2]), [fault]) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            path = service.events(session)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n".encode())
            try:
                yield proxy, reader
            finally:
                writer.close()


async def test_it_passes_so_many_events_and_then_the_end(service: Running) -> None:
    session = await service.told(5)
    async with through(service, Fault(after_events=3), session) as (proxy, reader):
        text = await reader.read()
        assert (text.count(b"\nevent: progress"), text[-2:]) == (3, b"\n\n")
        assert [(one.path, one.last_event_id) for one in proxy.asked] == [
            (service.events(session), "0")
        ]
        assert proxy.struck == 1


async def test_it_cuts_so_far_inside_a_block(service: Running) -> None:
    session = await service.told(5)
    async with through(service, Fault(after_events=3, inside=1), session) as (_, reader):
        text = await reader.read()
    assert (text.count(b"\nevent: progress"), text[-2:]) == (3, b"}\n")


async def test_a_reset_is_one(service: Running) -> None:
    session = await service.told(5)
    fault = Fault(after_bytes=0, ending=Ending.RST)
    async with through(service, fault, session) as (_, reader):
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_the_answers_end_empties_a_buffer(service: Running) -> None:
    session = await service.told(3, ended=False)
    pen = await service.pen(session)
    async with through(service, Fault(buffered=BUFFER_BYTES), session) as (proxy, reader):
        await proxy.until(lambda: len(proxy.asked) == 1)
        await pen.result()
        before = text = b""
        while b"event: end" not in text:
            before, text = text, text + await reader.read(BUFFER_BYTES)
    # All in one: of the events, nothing came before the end did.
    assert b"id: " not in before


async def test_a_full_buffer_is_emptied(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    async with through(service, Fault(buffered=BUFFER_BYTES), session) as (_, reader):
        for _ in range(6):
            await pen.progress(mensagem="x" * 20_000)
        assert len(await reader.readexactly(BUFFER_BYTES)) == BUFFER_BYTES


async def test_a_silent_line_says_nothing_until_it_is_let_go(service: Running) -> None:
    session = await service.told(3, ended=False)
    pen = await service.pen(session)
    fault = Fault(after_events=2, ending=Ending.SILENCE)
    async with through(service, fault, session) as (proxy, reader):
        await proxy.until(lambda: proxy.struck == 1)
        await pen.result()
        proxy.let_go()
        text = await reader.read()
    assert text.count(b"\nid: ") == 2
    assert b"result" not in text
