"""What the service bounds, over real sockets: places by session, and what readers hold."""

from __future__ import annotations

import socket
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from anyio.lowlevel import checkpoint

from service.app import Pace, ServiceSettings
from service.tally import Ending
from service.window import WRITE_BYTES
from tests.service.conftest import Running, Serving, blocks

pytestmark = pytest.mark.anyio

READERS = 10
# What the server holds of earlier writes before it makes us wait, and three copies of the last one:
# the batch, the chunk that it became, what of it is not yet sent.
HELD_BYTES = 64 * 1024 + 3 * WRITE_BYTES
# Pages on their way from rows to bytes, once for all who read.
PAGE_BYTES = 8 * 1024 * 1024


async def test_a_session_is_watched_by_so_many_and_others_are_told_when_to_come_back(
    serving: Serving,
) -> None:
    settings = ServiceSettings(streams_per_session=1, trusted_proxies=["127.0.0.1"])
    async with serving(settings) as service:
        session, other = await service.new(), await service.new()
        path = service.events(session)
        mine, theirs = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-For": "203.0.113.6"}
        async with service.client.stream("GET", path, headers=mine) as held:
            pieces = held.aiter_bytes()
            await anext(pieces)
            answer = await service.client.get(path, headers=theirs)
            assert (answer.status_code, answer.json()["code"]) == (429, "muitos_pedidos")
            assert answer.headers["retry-after"] == "15"
            page = {**theirs, "Accept": "text/event-stream"}
            (block,) = blocks((await service.client.get(path, headers=page)).text)
            assert 12_000 <= int(block["retry"]) <= 18_000
            async with service.client.stream("GET", service.events(other), headers=theirs) as free:
                assert free.status_code == 200


async def test_a_long_poll_takes_a_place_of_its_session(serving: Serving) -> None:
    settings = ServiceSettings(streams_per_session=1, trusted_proxies=["127.0.0.1"])
    async with serving(settings) as service:
        session = await service.told(2, ended=False)
        mine, theirs = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-For": "203.0.113.6"}
        path = service.events(session)
        async with service.client.stream("GET", path, headers=mine) as held:
            pieces = held.aiter_bytes()
            await anext(pieces)
            with anyio.fail_after(5):
                poll = service.progress(session, wait=20, after=2)
                answer = await service.client.get(poll, headers=theirs)
            assert answer.json()["cursor"] == 2


@contextmanager
def deaf(service: Running, session: str) -> Iterator[None]:
    """A client that asks for a stream and reads nothing at all."""
    host, port = service.url.removeprefix("http://").split(":")
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((host, int(port)))
        client.sendall(f"GET {service.events(session)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        yield


def fill(database: Path, session: str) -> None:
    """Give the session a history of 20 MB, far more than the kernel takes for one connection."""
    with closing(sqlite3.connect(database)) as hand:
        hand.execute(
            "INSERT INTO events (session_id, seq, generation, type, at, data) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            "SELECT ?, i, 0, 'progress', '2026-01-02T12:00:00.000Z', "
            "json_object('mensagem', printf('%.2000c', 'x')) FROM n",
            [session],
        )
        hand.commit()


async def test_readers_that_do_not_read_hold_one_write_each_and_are_cut(
    serving: Serving, database: Path
) -> None:
    async with serving(ServiceSettings(pace=Pace(ping_s=0.1, patience_s=1))) as service:
        session = await service.new()
        await to_thread.run_sync(fill, database, session)
        ended = service.app.parts.tally.ended
        tracemalloc.start()
        try:
            with ExitStack() as clients, anyio.fail_after(60):
                for _ in range(READERS):
                    clients.enter_context(deaf(service, session))
                while ended[Ending.SLOW] < READERS or service.app.parts.gate.streams:
                    await checkpoint()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < PAGE_BYTES + READERS * HELD_BYTES
