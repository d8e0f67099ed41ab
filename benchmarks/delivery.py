"""Commit → client: how long an event is on its way, at a pace that leaves everybody time.

1. From the moment at which the event is a fact to the client's read that brings the bytes. For the
   product that is when its append has returned, and the event is on the disk; for Redis, which
   keeps nothing, just before it is published. One clock: one machine.
2. What the disk takes for a durable append is the disk's affair, and is told beside it.
3. Product, Redis pub/sub with sse-starlette, and a stream that polls the database take turns, with
   the same number of streams and the same pace; a session, and so a channel, for each stream.
4. Redis keeps nothing, and what is published while a client is away is gone: it is the peer for
   speed, not for the same promise.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import peer
from benchmarks.client import Crowd, Take
from benchmarks.figure import Figure, spread
from benchmarks.served import folder_of_its_own, serve

STREAMS, RATE = 100, 1_000
MOST_P50_MS, MOST_P99_MS = 1.0, 5.0
PATIENCE_S = 60.0
NAMES: Mapping[str, str] = {
    "ours": "Andamento",
    "append": "Andamento, append included",
    "redis": "Redis pub/sub + sse-starlette",
    "polling": "polling every 0.5 s",
}

Advance = Callable[[], None]
# In ms, by what was measured.
Delays = Mapping[str, list[float]]


def steps(rounds: int) -> int:
    """How many times `measure` calls `advance`."""
    return rounds * 3


def measure(
    *,
    seconds: float,
    rounds: int,
    streams: int = STREAMS,
    rate: float = RATE,
    advance: Advance,
) -> list[Figure]:
    """All rounds' delays together, each round `seconds` long.

    Raises RuntimeError when an event was lost.
    """
    events = max(1, int(rate * seconds / streams))
    turns: Mapping[str, Callable[[int, int, float], Delays]] = {
        "ours": ours,
        "redis": lambda *given: {"redis": redis(*given)},
        "polling": lambda *given: {"polling": polling(*given)},
    }
    delays: dict[str, list[float]] = {name: [] for name in NAMES}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for name, turn in turns.items():
            try:
                for what, found in turn(streams, events, rate).items():
                    delays[what] += found
            except peer.Missing as error:
                missing[name] = str(error)
            advance()
    return figures(delays, missing, f"{streams} streams, {rate:,.0f} events/s")


def ours(streams: int, events: int, rate: float) -> Delays:
    """Delays in ms of the product's streams: from the commit, and from before the append."""
    committed: dict[int, int] = {}
    with folder_of_its_own() as folder, serve(folder) as service:
        sessions = service.prepare(streams)
        ids = [session["session_id"] for session in sessions]

        def write() -> None:
            committed.update(_paced(service.database, ids, events, rate))

        take = _take([session["events_url"] for session in sessions], events, write)
    # The page may have it before the writer's own thread goes on.
    since = [max(0.001, (came - committed[stamp]) / 1e6) for stamp, came in take.arrivals]
    return {"ours": since, "append": take.delays_ms}


def _paced(database: Path, ids: Sequence[str], events: int, rate: float) -> dict[int, int]:
    command = [sys.executable, "-m", "benchmarks.pacer", str(database), str(events), str(rate)]
    done = subprocess.run(command, input="\n".join(ids), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the writer failed: {done.stderr.strip()[-500:]}")
    return dict(json.loads(done.stdout))


def redis(streams: int, events: int, rate: float) -> list[float]:
    """Delays in ms with Redis; raises Missing."""
    channels = [f"channel-{number}" for number in range(streams)]
    with (
        folder_of_its_own() as folder,
        peer.redis(folder) as port,
        peer.application("redis_sse", str(port)) as base,
    ):
        publish = partial(peer.publish, "redis", port, channels, events=events, rate=rate)
        return _delays([f"{base}/{channel}" for channel in channels], events, publish)


def polling(streams: int, events: int, rate: float) -> list[float]:
    """Delays in ms of streams that poll the database which the product's generator writes."""
    with (
        folder_of_its_own() as folder,
        serve(folder) as service,
        peer.application("polling", str(service.database)) as base,
    ):
        ids = [session["session_id"] for session in service.prepare(streams)]
        write = partial(service.write, ids, events=events, rate=rate)
        return _delays([f"{base}/{session_id}" for session_id in ids], events, write)


def figures(delays: Delays, missing: Mapping[str, str], pace: str) -> list[Figure]:
    """The product's own bounds with Redis beside it, and the product against polling."""
    raw = {
        name: {**spread(values, "ms"), "name": NAMES[name]}
        for name, values in delays.items()
        if values
    }
    p50, p99 = raw["ours"]["p50_ms"], raw["ours"]["p99_ms"]
    bounds = p50 <= MOST_P50_MS and p99 <= MOST_P99_MS
    beaten = "redis" in raw and p50 <= raw["redis"]["p50_ms"]
    return [
        Figure(
            key="delivery",
            name=f"commit → client, {pace}",
            value=_told(raw["ours"]),
            peer=_peer("redis", raw, missing),
            ratio=_ratio("redis", raw),
            asked=f"p50 ≤ {MOST_P50_MS:g} ms, p99 ≤ {MOST_P99_MS:g} ms, p50 ≤ Redis's",
            # Without the peer it cannot be told whether all is reached, only whether it is not.
            reached=(bounds and beaten) if "redis" in raw or not bounds else None,
            raw=raw,
        ),
        Figure(
            key="delivery_append",
            name=f"append → client, {pace}",
            value=_told(raw["append"]),
            peer="the disk's fsync is in it",
        ),
        Figure(
            key="delivery_polling",
            name=f"commit → client, {pace}",
            value=_told(raw["ours"]),
            peer=_peer("polling", raw, missing),
            ratio=_ratio("polling", raw),
        ),
    ]


def _peer(name: str, raw: Mapping[str, Any], missing: Mapping[str, str]) -> str:
    if name not in raw:
        return f"{NAMES[name]}: {missing.get(name, 'not measured')}"
    return f"{NAMES[name]}: {_told(raw[name])}"


def _told(spread_: Mapping[str, Any]) -> str:
    return f"p50 {spread_['p50_ms']:.2f} ms, p99 {spread_['p99_ms']:.2f} ms"


def _ratio(name: str, raw: Mapping[str, Any]) -> float | None:
    return raw["ours"]["p50_ms"] / raw[name]["p50_ms"] if name in raw else None


def _delays(urls: Sequence[str], events: int, write: Callable[[], None]) -> list[float]:
    return _take(urls, events, write).delays_ms


def _take(urls: Sequence[str], events: int, write: Callable[[], None]) -> Take:
    with Crowd(urls, timed=True) as crowd, ThreadPoolExecutor(1) as beside:
        crowd.open(patience_s=PATIENCE_S)
        writing = beside.submit(write)
        take = crowd.gather(events, patience_s=PATIENCE_S)
        writing.result()
    if not take.whole:
        raise RuntimeError(f"{take.lost} events were lost, {take.repeated} came twice")
    return take
