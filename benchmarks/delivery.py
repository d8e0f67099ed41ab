"""Commit → client: how long an event is on its way, at a pace that leaves everybody time.

1. From the stamp that the writer takes just before its append (the commit to disk is part of the
   way) or its publishing, to the client's read that brings the bytes. One clock: one machine.
2. Product, Redis pub/sub with sse-starlette, and a stream that polls the database take turns, with
   the same number of streams and the same pace; a session, and so a channel, for each stream.
3. Redis keeps nothing, and what is published while a client is away is gone: it is the peer for
   speed, not for the same promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks import peer
from benchmarks.client import Crowd
from benchmarks.figure import Figure, spread
from benchmarks.served import folder_of_its_own, serve

STREAMS, RATE = 100, 1_000
MOST_P50_MS, MOST_P99_MS = 1.0, 5.0
PATIENCE_S = 60.0
NAMES: Mapping[str, str] = {
    "ours": "Andamento",
    "redis": "Redis pub/sub + sse-starlette",
    "polling": "polling every 0.5 s",
}

Advance = Callable[[], None]
Delays = Mapping[str, list[float]]


def steps(rounds: int) -> int:
    """How many times `measure` calls `advance`."""
    return rounds * len(NAMES)


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
    turns: Mapping[str, Callable[[int, int, float], list[float]]] = {
        "ours": ours,
        "redis": redis,
        "polling": polling,
    }
    delays: dict[str, list[float]] = {name: [] for name in turns}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for name, turn in turns.items():
            try:
                delays[name] += turn(streams, events, rate)
            except peer.Missing as error:
                missing[name] = str(error)
            advance()
    return figures(delays, missing, f"{streams} streams, {rate:,.0f} events/s")


def ours(streams: int, events: int, rate: float) -> list[float]:
    """Delays in ms of the product's streams."""
    with folder_of_its_own() as folder, serve(folder) as service:
        sessions = service.prepare(streams)
        ids = [session["session_id"] for session in sessions]
        write = partial(service.write, ids, events=events, rate=rate)
        return _delays([session["events_url"] for session in sessions], events, write)


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
            value=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
            peer=_peer("redis", raw, missing),
            ratio=_ratio("redis", raw),
            asked=f"p50 ≤ {MOST_P50_MS:g} ms, p99 ≤ {MOST_P99_MS:g} ms, p50 ≤ Redis's",
            # Without the peer it cannot be told whether all is reached, only whether it is not.
            reached=(bounds and beaten) if "redis" in raw or not bounds else None,
            raw=raw,
        ),
        Figure(
            key="delivery_polling",
            name=f"commit → client, {pace}",
            value=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
            peer=_peer("polling", raw, missing),
            ratio=_ratio("polling", raw),
        ),
    ]


def _peer(name: str, raw: Mapping[str, Any], missing: Mapping[str, str]) -> str:
    if name not in raw:
        return f"{NAMES[name]}: {missing.get(name, 'not measured')}"
    return f"{NAMES[name]}: p50 {raw[name]['p50_ms']:.2f} ms, p99 {raw[name]['p99_ms']:.2f} ms"


def _ratio(name: str, raw: Mapping[str, Any]) -> float | None:
    return raw["ours"]["p50_ms"] / raw[name]["p50_ms"] if name in raw else None


def _delays(urls: Sequence[str], events: int, write: Callable[[], None]) -> list[float]:
    with Crowd(urls, timed=True) as crowd, ThreadPoolExecutor(1) as beside:
        crowd.open(patience_s=PATIENCE_S)
        writing = beside.submit(write)
        take = crowd.gather(events, patience_s=PATIENCE_S)
        writing.result()
    if not take.whole:
        raise RuntimeError(f"{take.lost} events were lost, {take.repeated} came twice")
    return list(take.delays_ms)
