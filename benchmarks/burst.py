"""Burst: a thousand watchers of one session get a thousand events, as fast as they come.

1. Product and nchan serve the same events to the same client, in turns. Seconds count from the
   first event's stamp to the last arrival, so writing and publishing are part of it: the product
   commits each event to disk meanwhile, nchan keeps it in memory.
2. nchan is measured with one worker process, as the product, and with one a core, as Debian sets it
   up. The faster one is the peer.
3. Redis with sse-starlette serves a tenth of the events: it would need a minute for all of them,
   and its rate does not depend on their number.
4. Every round must be whole: each watcher gets each event once. Anything else is no rate but an
   error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median

from benchmarks import ceiling, peer
from benchmarks.client import Crowd, Take
from benchmarks.figure import Figure, rates
from benchmarks.served import folder_of_its_own, serve

WATCHERS, EVENTS = 1_000, 1_000
SLOW_SHARE = 10
LEAST = 2.0
PATIENCE_S = 120.0
SESSION = "burst"
# Who takes turns in each round, as in the table. The client alone comes once more.
NAMES: Mapping[str, str] = {
    "ours": "Andamento",
    "nchan_1": "nchan, 1 worker",
    "nchan_2": "nchan, 2 workers",
    "redis": "Redis pub/sub + sse-starlette",
}

Advance = Callable[[], None]
Takes = Mapping[str, list[Take]]


def steps(rounds: int) -> int:
    """How many times `measure` calls `advance`."""
    return rounds * len(NAMES) + 1


def measure(
    *, rounds: int, watchers: int = WATCHERS, events: int = EVENTS, advance: Advance
) -> list[Figure]:
    """Medians of `rounds`. Raises RuntimeError when anybody lost an event."""
    few = max(1, events // SLOW_SHARE)
    turns: Mapping[str, Callable[[], Take]] = {
        "ours": partial(ours, watchers, events),
        "nchan_1": partial(nchan, watchers, events, workers=1),
        "nchan_2": partial(nchan, watchers, events, workers=2),
        "redis": partial(redis, watchers, few),
    }
    takes: dict[str, list[Take]] = {name: [] for name in turns}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for name, turn in turns.items():
            try:
                takes[name].append(_whole(name, turn()))
            except peer.Missing as error:
                missing[name] = str(error)
            advance()
    alone = ceiling.measure(
        rounds=rounds, watchers=watchers, events=events, fastest=_fastest(takes)
    )
    advance()
    return [*figures(takes, missing, watchers, events), alone]


def ours(watchers: int, events: int) -> Take:
    """The product: one session in a new database, written by the load generator."""
    with folder_of_its_own() as folder, serve(folder) as service:
        session = service.prepare(1)[0]
        write = partial(service.write, [session["session_id"]], events=events, rate=0)
        return _burst(session["events_url"], watchers, events, write)


def nchan(watchers: int, events: int, *, workers: int) -> Take:
    """nginx with nchan; raises Missing."""
    with folder_of_its_own() as folder, peer.nchan(folder, workers=workers) as port:
        publish = partial(peer.publish, "nchan", port, [SESSION], events=events, rate=0)
        return _burst(f"http://127.0.0.1:{port}/watch/{SESSION}", watchers, events, publish)


def redis(watchers: int, events: int) -> Take:
    """Redis pub/sub and sse-starlette; raises Missing."""
    with (
        folder_of_its_own() as folder,
        peer.redis(folder) as port,
        peer.application("redis_sse", str(port)) as base,
    ):
        publish = partial(peer.publish, "redis", port, [SESSION], events=events, rate=0)
        return _burst(f"{base}/{SESSION}", watchers, events, publish)


def figures(takes: Takes, missing: Mapping[str, str], watchers: int, events: int) -> list[Figure]:
    """The product against each of its peers, by the medians of their rounds."""
    rate = {name: median(take.rate for take in taken) for name, taken in takes.items() if taken}
    best = max(
        (name for name in rate if name.startswith("nchan")), key=rate.__getitem__, default=""
    )
    raw = {
        name: {
            **rates([take.rate for take in taken]),
            "client_busy": max(take.busy for take in taken),
            "deliveries": sum(take.deliveries for take in taken),
            "name": NAMES[name],
        }
        for name, taken in takes.items()
        if taken
    }
    crowd = f"burst: {watchers:,} watchers × {events:,} events"
    return [
        _figure("burst", crowd, rate, best, missing.get("nchan_1", ""), raw),
        _figure("burst_redis", crowd, rate, "redis", missing.get("redis", ""), {}),
    ]


def _figure(
    key: str,
    name: str,
    rate: Mapping[str, float],
    other: str,
    missing: str,
    raw: Mapping[str, object],
) -> Figure:
    asked = LEAST if key == "burst" else None
    value = f"{rate['ours']:,.0f} deliveries/s"
    text = "" if asked is None else f"≥ {asked:g} × nchan"
    if other not in rate:
        return Figure(key=key, name=name, value=value, peer=missing, asked=text, raw=raw)
    ratio = rate["ours"] / rate[other]
    return Figure(
        key=key,
        name=name,
        value=value,
        peer=f"{NAMES[other]} {rate[other]:,.0f}",
        ratio=ratio,
        asked=text,
        reached=None if asked is None else ratio >= asked,
        raw=raw,
    )


def _burst(url: str, watchers: int, events: int, write: Callable[[], None]) -> Take:
    with Crowd([url] * watchers) as crowd, ThreadPoolExecutor(1) as beside:
        crowd.open(patience_s=PATIENCE_S)
        writing = beside.submit(write)
        take = crowd.gather(events, patience_s=PATIENCE_S)
        writing.result()
    return take


def _whole(name: str, take: Take) -> Take:
    if not take.whole:
        raise RuntimeError(
            f"{NAMES[name]}: {take.lost} events lost, {take.repeated} twice, "
            f"{take.faults} watchers out of order"
        )
    return take


def _fastest(takes: Takes) -> float:
    return max(take.rate for taken in takes.values() for take in taken)
