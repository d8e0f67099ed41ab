"""A writer at a given pace: appends to each session in turn, and tells when each was committed.

    python -m benchmarks.pacer DATABASE EVENTS RATE < ids

EVENTS for each session, RATE a second in all. Every event carries `t`, Unix time in nanoseconds
just before its append; printed at the end is a JSON list of pairs: that stamp, and the moment at
which the append had returned, so that the event was on the disk.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from andamento.place import housekeep
from db.events import EventType
from db.sqlite import SqliteStore

DATA = {
    "etapa": "7",
    "percentual": 46.7,
    "status": "running",
    "fase": "aviso",
    "titulo": "Tela 7",
    "mensagem": "Evento simulado de um passo que dura",
}


def main() -> int:
    """Write; 0."""
    path, events, rate = sys.argv[1:]
    told = anyio.run(_write, Path(path), sys.stdin.read().split(), int(events), float(rate))
    print(json.dumps(told))
    return 0


async def _write(path: Path, ids: Sequence[str], events: int, rate: float) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    async with SqliteStore(path, create=False) as store, anyio.create_task_group() as group:
        group.start_soon(housekeep, store)
        leases = [await store.fence(session_id, "pacer", ttl_s=3600) for session_id in ids]
        began = time.perf_counter()
        for number in range(events):
            for place, lease in enumerate(leases):
                # Against the start: an append that was slow does not slow the whole down.
                due = began + (number * len(ids) + place) / rate
                await anyio.sleep(max(0.0, due - time.perf_counter()))
                stamp = time.time_ns()
                await store.append(lease, EventType.PROGRESS, {**DATA, "t": stamp})
                told.append((stamp, time.time_ns()))
        group.cancel_scope.cancel()
    return told


if __name__ == "__main__":
    sys.exit(main())
