"""Ten thousand open streams in one service process: all open, all served, and what they weigh.

1. A session of its own for each stream, as visitors have it; nothing is shared but the process.
2. Resident memory (RSS, and PSS beside it) is read before the first stream and when all are open,
   and once more when each has got an event and stays open: the larger difference counts.
3. Sockets' buffers belong to the kernel and are in no process's memory; while nothing waits in
   them they are empty.
4. Where the machine lets a process open fewer files, fewer streams are opened, and the row says so.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import anyio
import psutil

from benchmarks.client import Crowd
from benchmarks.figure import Figure
from benchmarks.served import Served, folder_of_its_own, lift, serve
from db.events import EventType
from db.sqlite import SqliteStore

STREAMS = 10_000
MOST_KB = 36.0
# Descriptors of a process that has no stream: libraries, database, sockets that listen.
OTHER_FILES = 200
OPEN_S, SERVE_S = 180.0, 120.0
# Until the last answer's leftovers are freed.
SETTLE_S = 1.0
STEPS = 4
PROGRESS = {
    "etapa": "1",
    "etapa_atual": 1,
    "percentual": 6.7,
    "status": "running",
    "fase": "entrou",
}
RESULT = {"desfecho": "cotacao_manual", "mensagem": "Fim.", "proximo_passo": "Nada a fazer."}

Advance = Callable[[], None]
Weight = dict[str, int]


def measure(*, streams: int = STREAMS, advance: Advance) -> list[Figure]:
    """Open, weigh, serve, weigh, end; `advance` is called `STEPS` times."""
    most = lift() - OTHER_FILES
    count = min(streams, most)
    with folder_of_its_own() as folder, serve(folder) as service:
        sessions = service.prepare(count)
        advance()
        with Crowd([session["events_url"] for session in sessions]) as crowd:
            before = _weight(service)
            began = time.monotonic()
            crowd.open(patience_s=OPEN_S)
            took_s = time.monotonic() - began
            time.sleep(SETTLE_S)
            opened = _weight(service)
            advance()
            ids = [session["session_id"] for session in sessions]
            served, after = _served(crowd, service, ids, advance)
    raw = {
        "streams": count,
        "served": served,
        "opened_in_s": took_s,
        "before_bytes": before,
        "open_bytes": opened,
        "served_bytes": after,
    }
    return [_figure(streams, count, raw, _each(before, opened, count), _each(before, after, count))]


def _served(
    crowd: Crowd, service: Served, ids: Sequence[str], advance: Advance
) -> tuple[int, Weight]:
    """One event to each, the weight then, and the ends: how many got both."""
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as beside, ExitStack() as whatever_happens:
        # Or the writer would wait for ever, and we for it.
        whatever_happens.callback(go_on.set)
        writing = beside.submit(anyio.run, _append, service.database, ids, go_on)
        crowd.gather(1, patience_s=SERVE_S)
        time.sleep(SETTLE_S)
        after = _weight(service)
        served = crowd.served
        advance()
        go_on.set()
        ended = crowd.gather(2, patience_s=SERVE_S)
        advance()
        writing.result()
    return min(served, len(ids) - ended.lost), after


# In a thread of this process: nothing is timed meanwhile.
async def _append(path: Path, ids: Sequence[str], go_on: threading.Event) -> None:
    async with SqliteStore(path, create=False) as store:
        leases = [await store.fence(session_id, "crowd", ttl_s=3600) for session_id in ids]
        for kind, data in ((EventType.PROGRESS, PROGRESS), (EventType.RESULT, RESULT)):
            for lease in leases:
                await store.append(lease, kind, {**data, "t": time.time_ns()})
            await anyio.to_thread.run_sync(go_on.wait)


def _weight(service: Served) -> Weight:
    process = psutil.Process(service.pid)
    if sys.platform != "linux":
        return {"rss": process.memory_info().rss}
    memory = process.memory_full_info()
    return {"rss": memory.rss, "pss": memory.pss}


def _each(before: Weight, after: Weight, streams: int) -> float:
    """KB (1,024 bytes) for each stream."""
    return (after["rss"] - before["rss"]) / streams / 1024


def _figure(asked: int, count: int, raw: dict[str, object], idle: float, served: float) -> Figure:
    whole, each = raw["served"] == count, max(idle, served)
    fewer = "" if count == asked else f" (of {asked:,}: no process here may open more files)"
    return Figure(
        key="streams",
        name=f"{count:,} open streams, one process{fewer}",
        value=f"{raw['served']:,} served, {each:.1f} KB each",
        peer=f"just opened {idle:.1f} KB, after an event {served:.1f} KB",
        asked=f"all served, ≤ {MOST_KB:g} KB each",
        # Fewer than the contract's number cannot show that it is reached.
        reached=False if not whole or each > MOST_KB else True if count >= STREAMS else None,
        raw={**raw, "idle_kb": idle, "served_kb": served},
    )
