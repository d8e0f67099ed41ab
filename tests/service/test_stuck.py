"""A client that takes nothing: not the first bytes of a stream, nor a plain answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from service.app import Pace, ServiceSettings
from service.parts import DROP
from tests.service.conftest import Running, Serving, token
from tests.service.multiplex import CONNECTION_WINDOW, Multiplex, connected
from tests.service.served import Served, until

pytestmark = pytest.mark.anyio

IMPATIENT = Pace(ping_s=0.05, patience_s=0.1)
# More than all buffers between the two ends of a connection take.
LONG_BYTES = 16 * 1024 * 1024
CLIENT = ("203.0.113.5", 4711)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A file to be asked for and not to be read."""
    path = tmp_path / "long.js"
    path.write_bytes(b"x" * LONG_BYTES)
    return path


@asynccontextmanager
async def full(service: Running, served: Served) -> AsyncIterator[Multiplex]:
    """A connection on which nothing can be sent until its client listens."""
    window = CONNECTION_WINDOW
    async with connected(service.url, stream_window=window, deaf=True) as connection:
        await connection.ask("/snippet/andamento.js")
        await until(served.stuck)
        yield connection


async def begin(service: Running, connection: Multiplex, session: str) -> int:
    """Ask for a stream, and wait until its first write is under way; its id."""
    stream = await connection.ask(service.events(session))
    await until(lambda: service.app.parts.tally.opened == 1)
    return stream


async def test_the_connection_of_a_stream_that_cannot_even_begin_is_dropped(
    serving: Serving,
) -> None:
    async with serving(ServiceSettings(pace=IMPATIENT)) as service:
        session = await service.told(3, ended=False)
        dropped: list[tuple[str, int]] = []
        scope: dict[str, Any] = {
            **{"type": "http", "http_version": "1.1", "method": "GET", "headers": []},
            **{"path": f"/api/rpa/events/{session}", "client": CLIENT, "root_path": ""},
            "query_string": f"token={token(session)}".encode(),
            "extensions": {DROP: dropped.append},
        }
        asked: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            return asked.pop() if asked else await anyio.sleep_forever()

        async def send(_: Any) -> None:
            await anyio.sleep_forever()

        with anyio.fail_after(10):
            await service.app(scope, receive, send)
        assert dropped == [CLIENT]
        assert not service.app.parts.gate.streams


async def test_a_full_connection_on_which_a_stream_cannot_begin_is_dropped(
    served: Served,
    serving: Serving,
    long: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("service.connection.RESET_S", 0.1)
    async with serving(ServiceSettings(pace=IMPATIENT, snippet_path=long)) as service:
        session = await service.told(3, ended=False)
        async with full(service, served) as connection:
            await begin(service, connection, session)
            await until(lambda: not service.app.parts.gate.streams)
            await until(lambda: not served.stuck())
            connection.listen()
            await connection.until(lambda: connection.closed)
            assert len(connection.data[1]) < LONG_BYTES
    assert not caplog.records


async def test_a_stream_given_up_before_it_began_takes_no_word_from_the_others(
    served: Served, serving: Serving, long: Path
) -> None:
    async with serving(ServiceSettings(snippet_path=long)) as service:
        session = await service.told(3)
        async with full(service, served) as connection:
            given_up = await begin(service, connection, session)
            await connection.give_up(given_up)
            await until(lambda: not service.app.parts.gate.streams)
            connection.listen()
            # What is told in short refers to what was told in full, to whomever.
            after = await connection.ask(service.events(session))
            await connection.until(lambda: after in connection.ended)
            assert connection.status[after] == 200
            await connection.until(lambda: len(connection.data[1]) == LONG_BYTES)


async def test_an_answer_whose_client_goes_in_its_middle_is_over(
    served: Served, serving: Serving, long: Path
) -> None:
    async with serving(ServiceSettings(snippet_path=long)) as service:
        async with full(service, served):
            assert len(served) == 1
        await until(lambda: not served)


async def test_a_plain_answer_that_is_not_fetched_is_given_up_and_its_connection_goes_on(
    serving: Serving, long: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.reply.FETCH_S", 0.1)
    async with serving(ServiceSettings(snippet_path=long)) as service:
        session = await service.told(1)
        async with connected(service.url) as connection:
            deaf = await connection.ask("/snippet/andamento.js")
            connection.held.add(deaf)
            await connection.until(lambda: deaf in connection.reset)
            assert len(connection.data[deaf]) < LONG_BYTES
            good = await connection.ask(service.events(session))
            await connection.until(lambda: good in connection.ended)
    assert not caplog.records


async def test_a_connection_whose_plain_answer_is_not_fetched_is_dropped(
    served: Served,
    serving: Serving,
    long: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("service.reply.FETCH_S", 0.1)
    async with serving(ServiceSettings(snippet_path=long)) as service:
        host, port = service.url.removeprefix("http://").split(":")
        async with await anyio.connect_tcp(host, int(port)) as deaf:
            await deaf.send(b"GET /snippet/andamento.js HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: len(served) == 1)
            await until(lambda: not served)
            taken = 0
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    taken += len(await deaf.receive())
            assert 0 < taken < LONG_BYTES
    assert not caplog.records
