"""The bell beside the database: heard by all, after the commit, and missed without harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from db.bell import Bell, listening
from db.events import EventType
from db.sqlite import SqliteStore
from db.store import NewSession

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's"),
]

RINGS = """
import sys
from pathlib import Path
from db.bell import Bell
bell = Bell(Path(sys.argv[1]))
bell.hang()
bell.ring()
"""


async def test_another_process_that_commits_is_heard(database: Path) -> None:
    bell = Bell(database)
    bell.hang()
    with listening(bell.path) as first, listening(bell.path) as second, anyio.fail_after(10):
        subprocess.run([sys.executable, "-c", RINGS, str(database)], check=True)
        assert first is not None and second is not None
        await first.wait()
        await second.wait()
    bell.take_down()


async def test_rings_that_nobody_heard_are_one_ring(database: Path) -> None:
    bell = Bell(database)
    bell.hang()
    with listening(bell.path) as ear:
        assert ear is not None
        for _ in range(1000):
            bell.ring()
        await ear.wait()
        with anyio.move_on_after(0.01) as silence:
            await ear.wait()
        assert silence.cancelled_caught
        bell.ring()
        with anyio.fail_after(10):
            await ear.wait()
    bell.take_down()


async def test_an_event_rings_once_it_can_be_read(database: Path) -> None:
    async with (
        SqliteStore(database, create=True) as writer,
        SqliteStore(database) as reader,
    ):
        await writer.create(NewSession(id="a", automation="t", queue="q"))
        lease = await writer.fence("a", "me", ttl_s=60)
        head = await reader.head()
        with reader.bell() as ear:
            assert ear is not None
            await writer.append(lease, EventType.PROGRESS, {"etapa": "1"})
            with anyio.fail_after(10):
                await ear.wait()
            found, _ = await reader.since(head)
            assert [event.seq for event in found] == [1]


async def test_where_there_is_no_bell_nothing_is_rung_and_nothing_heard(tmp_path: Path) -> None:
    bell = Bell(tmp_path / "missing" / "andamento.db")
    bell.hang()
    bell.ring()
    bell.take_down()
    with listening(bell.path) as ear:
        assert ear is None


async def test_nobody_else_may_read_the_bell(database: Path) -> None:
    async with SqliteStore(database, create=True):
        path = Bell(database).path
        assert path.stat().st_mode & 0o777 == 0o600
        # It takes no room, so that it also rings on a full disk.
        assert path.stat().st_blocks == 0
    descriptors = {os.readlink(f"/proc/self/fd/{one}") for one in _open_descriptors()}
    assert str(path) not in descriptors


def _open_descriptors() -> list[str]:
    return [name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")]
