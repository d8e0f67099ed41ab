"""Durable appends by several processes, against a bare INSERT with the same durability."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from benchmarks.figure import Figure
from db.events import EventType
from db.sqlite import SqliteStore
from db.store import NewSession

PROCESSES = 16
DATA = {
    "etapa": "7",
    "percentual": 46.7,
    "fase": "entrou",
    "titulo": "x" * 30,
    "mensagem": "y" * 60,
}

Writer = Callable[[Path, int, float], list[float]]


def measure(folder: Path, *, seconds: float) -> Figure:
    """Appends a second of both, one after the other, and the longest single append of ours."""
    ours = _run(_ours, folder / "ours.db", seconds)
    bare = _run(_bare, folder / "bare.db", seconds)
    rate, peer = (sum(map(len, times)) / seconds for times in (ours, bare))
    worst = max(max(times, default=0.0) for times in ours)
    return Figure(
        name=f"durable appends, {PROCESSES} processes",
        value=f"{rate:,.0f}/s, worst {worst:.2f} s",
        peer=f"bare INSERT {peer:,.0f}/s",
        ratio=rate / peer,
        asked="≥ 0.8 ×, worst ≤ 1 s",
        reached=rate / peer >= 0.8 and worst <= 1,
    )


def _run(writer: Writer, path: Path, seconds: float) -> list[list[float]]:
    writer(path, 0, 0.01)
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        pool.map(_nothing, range(PROCESSES * 4))
        jobs = [(writer, path, number + 1, seconds) for number in range(PROCESSES)]
        return pool.starmap(_call, jobs, chunksize=1)


def _nothing(_: int) -> None:
    time.sleep(0.01)


def _call(writer: Writer, path: Path, number: int, seconds: float) -> list[float]:
    return writer(path, number, seconds)


def _ours(path: Path, number: int, seconds: float) -> list[float]:
    return anyio.run(_append, path, number, seconds)


async def _append(path: Path, number: int, seconds: float) -> list[float]:
    times: list[float] = []
    async with SqliteStore(path, create=True) as store:
        name = f"s{number}"
        await store.create(NewSession(id=name, automation="bench", queue="bench"))
        lease = await store.fence(name, name, ttl_s=3600)
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            await store.append(lease, EventType.PROGRESS, DATA)
            times.append(time.perf_counter() - began)
            if number == 1 and len(times) % 100 == 0:
                await store.checkpoint()
    return times


def _bare(path: Path, number: int, seconds: float) -> list[float]:
    times: list[float] = []
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, data TEXT)")
    text: Any = str(DATA)
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        connection.execute("INSERT INTO t (data) VALUES (?)", (text,))
        times.append(time.perf_counter() - began)
    connection.close()
    return times
