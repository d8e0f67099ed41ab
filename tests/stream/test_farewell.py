"""A real service is told to stop with five hundred streams open, and another takes its place.

1. Each stream is told by a `retry:` of its own when to come back, and its answer ends whole.
2. What happens before, while and after the service stops reaches each reader once, in order.
3. The bound is ten times what a stop may take (service/server.py): it is there for a hung one, and
   no busy machine comes near it.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint

from andamento.settings import Keys
from db.sqlite import SqliteStore
from db.store import NewSession
from service.token import mint, new_session_id
from tests.cli.conftest import Cli, ready
from tests.service.conftest import Pen

pytestmark = pytest.mark.anyio

SESSIONS, STREAMS = 10, 500
GRACE_S = 10.0


@dataclass(slots=True)
class Reader:
    """One stream's client: all that it saw, over as many connections as it takes."""

    session_id: str
    token: str
    seen: list[int] = field(default_factory=list)
    retries: list[int] = field(default_factory=list)
    ended: bool = False
    whole: bool = False

    async def read(self, port: int) -> None:
        """Connect with the cursor, and read until the service closes."""
        answer = b""
        cursor = self.seen[-1] if self.seen else 0
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(
                f"GET /api/rpa/events/{self.session_id}?token={self.token} HTTP/1.1\r\n"
                f"Host: 127.0.0.1\r\nLast-Event-ID: {cursor}\r\nConnection: close\r\n\r\n".encode()
            )
            known = len(self.seen)
            async for piece in stream:
                answer += piece
                ids = re.findall(rb"^id: (\d+)\n(?=.*\n.*\n\n)", answer, re.MULTILINE)
                self.seen[known:] = map(int, ids)
        self.retries += map(int, re.findall(rb"^retry: (\d+)$", answer, re.MULTILINE)[1:])
        self.ended = b"\nevent: end\n" in answer
        self.whole = answer.endswith(b"\r\n0\r\n\r\n")


async def write(pens: Sequence[Pen], count: int) -> None:
    """So many events for each session, in turn."""
    for _ in range(count):
        for pen in pens:
            await pen.progress()


async def begin(store: SqliteStore, data_dir: Path) -> tuple[list[Pen], list[Reader]]:
    """Sessions with three events each, and readers that saw none of it yet."""
    pens, readers = [], []
    for _ in range(SESSIONS):
        session_id = new_session_id()
        await store.create(NewSession(id=session_id, automation="test", queue="quotes"))
        pens.append(await Pen.take(store, session_id))
        token = mint(Keys(data_dir).token, session_id)
        readers += [Reader(session_id, token) for _ in range(STREAMS // SESSIONS)]
    await write(pens, 3)
    return pens, readers


async def until_all_saw(readers: Sequence[Reader], last: int) -> None:
    with anyio.fail_after(60):
        while any(last not in reader.seen[-1:] for reader in readers):
            await checkpoint()


async def test_five_hundred_streams_are_told_to_come_back_and_lose_nothing(
    tmp_path: Path,
) -> None:
    cli = Cli(tmp_path)
    async with SqliteStore(cli.database, create=True) as store:
        pens, readers = await begin(store, cli.folder / ".andamento")
        with cli.running("serve", "--port", "0") as first:
            port = int(ready(first).rpartition(":")[2])
            async with anyio.create_task_group() as group:
                for reader in readers:
                    group.start_soon(reader.read, port)
                await until_all_saw(readers, 3)
                await write(pens, 2)
                first.send_signal(signal.SIGTERM)
                # Some of these are still told by the first service, some only by the second.
                await write(pens, 5)
                with anyio.fail_after(GRACE_S):
                    assert await anyio.to_thread.run_sync(first.wait) == 0
        assert_told_to_come_back(readers)
        with cli.running("serve", "--port", str(port)) as second:
            assert ready(second).endswith(f":{port}")
            async with anyio.create_task_group() as group:
                for reader in readers:
                    group.start_soon(reader.read, port)
                for pen in pens:
                    await pen.result()
    assert [reader.seen for reader in readers] == [list(range(1, 12))] * STREAMS
    assert all(reader.ended and reader.whole for reader in readers)


def assert_told_to_come_back(readers: Sequence[Reader]) -> None:
    """Every answer ended whole, not with the session, and with a time to come back of its own.

    All but a few: on a machine that stands still for a moment, who has not read by then is cut.
    """
    told = [reader for reader in readers if reader.whole]
    assert len(told) >= 0.9 * STREAMS
    assert not any(reader.ended for reader in readers)
    retries = [retry for reader in told for retry in reader.retries]
    assert len(retries) == len(told)
    assert min(retries) >= 500 and max(retries) <= 60_000
    # Of a thousand or more milliseconds five hundred draws hit far more than a hundred.
    assert max(retries) - min(retries) >= 1000
    assert len(set(retries)) > 100
