"""Ten thousand clients come and go, in every way that they do, and leave nothing behind.

Counted in this process, which holds the service and the clients: tasks, descriptors, places, open
answers, subscriptions, and after a second wave, compared with the first, objects and memory.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice, product
from urllib.parse import urlsplit

import anyio
import psutil
import pytest

from tests.service.conftest import Pen, Running
from tests.service.served import until

pytestmark = pytest.mark.anyio

WAVE, AT_ONCE = 5_000, 100
# One object in ten connections would be a leak by now; what a process does meanwhile is not.
OBJECTS = WAVE // 10
# A kilobyte and a half a connection: less than any of its parts.
MEMORY_BYTES = 8_000_000

# What a client has read when it leaves; None: it has not even asked.
MOMENTS = (None, b"", b"H", b"id: 2\n", b"id: 4\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a process holds."""

    tasks: int
    descriptors: int
    places: int
    answers: int
    listening: bool


def left(service: Running) -> Left:
    """What there is right now."""
    parts = service.app.parts
    return Left(
        tasks=len(asyncio.all_tasks()),
        descriptors=psutil.Process().num_fds(),
        places=parts.gate.streams,
        answers=len(parts.open),
        listening=parts.broadcast.listening,
    )


async def visit(service: Running, path: str, moment: bytes | None, reset: bool) -> None:
    """Come, stay until the moment, and go."""
    place = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    if moment is not None:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readuntil(moment) if moment else None
    if reset:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def wave(service: Running, pen: Pen, path: str, count: int) -> None:
    """So many visits, a hundred at a time, while events flow."""
    ways: Iterator[tuple[bytes | None, bool]] = cycle(product(MOMENTS, (False, True)))
    for _ in range(count // AT_ONCE):
        async with anyio.create_task_group() as group:
            for moment, reset in islice(ways, AT_ONCE):
                group.start_soon(visit, service, path, moment, reset)
            await pen.progress()


def weight() -> tuple[int, int]:
    """Objects that the collector knows, and resident bytes."""
    gc.collect()
    return len(gc.get_objects()), psutil.Process(os.getpid()).memory_info().rss


async def settled(service: Running, tasks: int) -> Left:
    """What there is once everybody has gone and only so many tasks are left."""
    await until(lambda: left(service).tasks <= tasks)
    await until(lambda: not service.app.parts.broadcast.listening)
    return left(service)


@pytest.mark.parametrize("asked", [True, False], ids=["after an answer", "before it asked"])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_an_idle_connection_is_gone_with_its_client(
    service: Running, asked: bool, reset: bool
) -> None:
    tasks, descriptors = len(asyncio.all_tasks()), psutil.Process().num_fds()
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(visit, service, "/livez", b"}" if asked else None, reset)
    # At once, and not when the server would tire of an idle connection.
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    await until(lambda: psutil.Process().num_fds() <= descriptors)


async def test_ten_thousand_visits_leave_nothing_behind(service: Running) -> None:
    session = await service.told(4, ended=False)
    pen, path = await service.pen(session), service.events(session)
    tasks = len(asyncio.all_tasks())
    await wave(service, pen, path, AT_ONCE)
    before = await settled(service, tasks)
    await wave(service, pen, path, WAVE)
    await until(lambda: left(service) == before)
    objects, memory = weight()
    await wave(service, pen, path, WAVE)
    await until(lambda: left(service) == before)
    more_objects, more_memory = weight()
    assert more_objects - objects < OBJECTS
    assert more_memory - memory < MEMORY_BYTES
