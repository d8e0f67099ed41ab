"""Commit → client: streams of a real service, written to by the product's own load generator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
from anyio.abc import ByteStream

from benchmarks.figure import Figure, percentile

STREAMS, RATE = 100, 1000
STAMP = re.compile(rb'"t":(\d+)')


@contextmanager
def service(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A service of its own on a new database: its address and its environment."""
    environment = {
        **os.environ,
        "ANDAMENTO_DB": f"sqlite:///{folder / 'service.db'}",
        "ANDAMENTO_DATA_DIR": str(folder / "keys"),
        "ANDAMENTO_REQUESTS_PER_MINUTE": "100000000",
        "ANDAMENTO_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "andamento", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().removeprefix("ready ").strip(), environment
        finally:
            process.terminate()
            process.wait()


def prepared(base: str, environment: dict[str, str], sessions: int) -> list[dict[str, str]]:
    """New sessions to write into: id and URLs of each."""
    told = _simulate(environment, "--prepare", "--base", base, "--sessions", str(sessions))
    return [json.loads(line) for line in told.splitlines()]


def written(environment: dict[str, str], ids: list[str], *, events: int, rate: float) -> None:
    """Write `events` into each of the sessions, `rate` a second in all."""
    numbers = ["--events", str(events), "--rate", str(rate)]
    _simulate(environment, "--json", "--session", "-", *numbers, given="\n".join(ids))


def _simulate(environment: dict[str, str], *arguments: str, given: str = "") -> str:
    command = [sys.executable, "-m", "andamento", "simulate", *arguments]
    done = subprocess.run(
        command, env=environment, input=given, capture_output=True, text=True, check=True
    )
    return done.stdout


def measure(folder: Path, *, seconds: float) -> Figure:
    """p50 and p99 of the time from just before an append to its bytes in a client's hands."""
    with service(folder) as (base, environment):
        sessions = prepared(base, environment, STREAMS)
        delays = sorted(anyio.run(_watch, environment, sessions, seconds))
    p50, p99 = (percentile(delays, share) * 1000 for share in (0.5, 0.99))
    return Figure(
        name=f"commit → client, {STREAMS} streams, {RATE:,} events/s",
        value=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
        asked="p50 ≤ 1 ms, p99 ≤ 5 ms",
        reached=p50 <= 1 and p99 <= 5,
    )


async def _watch(
    environment: dict[str, str], sessions: list[dict[str, str]], seconds: float
) -> list[float]:
    delays: list[float] = []
    async with anyio.create_task_group() as group:
        for session in sessions:
            stream = await _open(session["events_url"])
            group.start_soon(_read, stream, delays)
        ids = [session["session_id"] for session in sessions]
        events = int(RATE * seconds / STREAMS)
        await anyio.to_thread.run_sync(lambda: written(environment, ids, events=events, rate=RATE))
    return delays


async def _open(url: str) -> ByteStream:
    parts = urlsplit(url)
    stream = await anyio.connect_tcp(parts.hostname or "", parts.port or 80)
    head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
    await stream.send(head.encode())
    return stream


async def _read(stream: ByteStream, delays: list[float]) -> None:
    # Stamps are found in the raw bytes: parsing would measure this client, not the service.
    async with stream:
        rest = b""
        async for chunk in stream:
            now = time.time_ns()
            blocks, _, rest = (rest + chunk).rpartition(b"\n\n")
            delays += [(now - int(stamp)) / 1e9 for stamp in STAMP.findall(blocks)]
            if b"event: end" in blocks:
                return


def snapshots(folder: Path, *, seconds: float) -> list[Figure]:
    """Requests a second of a short and a long history's snapshot, against a bare JSON route."""
    with service(folder) as (base, environment):
        short, long = (prepared(base, environment, 1)[0] for _ in range(2))
        written(environment, [short["session_id"]], events=10, rate=0)
        written(environment, [long["session_id"]], events=10_000, rate=0)
        rates = [_rate(session["progress_url"], seconds) for session in (short, long)]
        bare = _rate(f"{base}/livez", seconds)
    return [
        Figure(
            name=f"snapshot of a {events}-event session",
            value=f"{rate:,.0f}/s",
            peer=f"a route that reads nothing {bare:,.0f}/s",
            ratio=rate / bare,
            asked="≥ 0.6 ×",
            reached=rate / bare >= 0.6,
        )
        for events, rate in zip(("10", "10,000"), rates, strict=True)
    ]


def _rate(url: str, seconds: float) -> float:
    with httpx.Client() as client:
        client.get(url).raise_for_status()
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            client.get(url)
            count += 1
    return count / seconds
