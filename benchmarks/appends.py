"""Durable appends by many processes at once, against a bare INSERT with the same durability.

1. Everybody writes one row a transaction, WAL and `synchronous=FULL`, the same page size, the same
   text. The product's append also checks the lease, counts the session's seq, keeps the session's
   row and asks the triggers that make the log append-only.
2. Two peers: a table of a key and a text, as bare as SQLite has it; and the product's own table
   with its indexes, without triggers and lease, which shows where the rest goes.
3. All processes open first, begin together, and stop together; the three take turns.
4. SQLite checkpoints the peers' logs by its own rule, every 1,000 pages. The product's is moved by
   one of its writers, as the service does it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.appender import create
from benchmarks.figure import Figure, percentile, rates
from benchmarks.served import folder_of_its_own

PROCESSES = 16
LEAST, MOST_S = 0.8, 1.0
# Between the last one's `open` and the common start: until all have heard of it.
HEARD_S = 0.1
NAMES: Mapping[str, str] = {
    "ours": "Andamento",
    "bare": "bare INSERT",
    "indexed": "bare INSERT, same table and indexes",
}

Advance = Callable[[], None]
# Seconds of each append of all processes, between the common start and the common end.
Times = list[float]


def steps(rounds: int) -> int:
    """How many times `measure` calls `advance`."""
    return rounds * len(NAMES)


def measure(
    *, seconds: float, rounds: int, processes: int = PROCESSES, advance: Advance
) -> list[Figure]:
    """Medians of `rounds`, each `seconds` long; the worst append of all rounds."""
    found: dict[str, list[Times]] = {name: [] for name in NAMES}
    for _ in range(rounds):
        for name, runs in found.items():
            with folder_of_its_own() as folder:
                runs.append(_run(name, folder / "data.db", processes, seconds))
            advance()
    return figures(found, seconds, processes)


def figures(found: Mapping[str, list[Times]], seconds: float, processes: int) -> list[Figure]:
    """The product against either peer."""
    raw = {name: _raw(NAMES[name], runs, seconds) for name, runs in found.items()}
    rate = {name: raw[name]["median_per_s"] for name in raw}
    worst = raw["ours"]["worst_s"]
    ratio = {name: _ratio(found["ours"], runs) for name, runs in found.items()}
    value = f"{rate['ours']:,.0f}/s, worst {worst:.2f} s"
    return [
        Figure(
            key="appends",
            name=f"durable appends, {processes} processes",
            value=value,
            peer=f"{NAMES['bare']} {rate['bare']:,.0f}/s, worst {raw['bare']['worst_s']:.2f} s",
            ratio=ratio["bare"],
            asked=f"≥ {LEAST:g} ×, worst ≤ {MOST_S:g} s",
            reached=ratio["bare"] >= LEAST and worst <= MOST_S,
            raw=raw,
        ),
        Figure(
            key="appends_indexed",
            name=f"durable appends, {processes} processes",
            value=value,
            peer=f"{NAMES['indexed']} {rate['indexed']:,.0f}/s",
            ratio=ratio["indexed"],
        ),
    ]


def _ratio(ones: list[Times], others: list[Times]) -> float:
    # Within the rounds: what slows one of a pair down slows the other down, too.
    return median(len(one) / len(other) for one, other in zip(ones, others, strict=True))


def _raw(name: str, runs: list[Times], seconds: float) -> dict[str, Any]:
    ordered = sorted(took for times in runs for took in times)
    return {
        "name": name,
        **rates([len(times) / seconds for times in runs]),
        "p50_s": percentile(ordered, 0.5),
        "p99_s": percentile(ordered, 0.99),
        "worst_s": ordered[-1],
        "count": len(ordered),
    }


def _run(kind: str, path: Path, processes: int, seconds: float) -> Times:
    create(kind, path)
    with ExitStack() as stack:
        crew = [
            stack.enter_context(_appender(kind, path, number, seconds))
            for number in range(processes)
        ]
        for process in crew:
            assert process.stdout is not None
            process.stdout.readline()
        start = time.monotonic() + HEARD_S
        for process in crew:
            assert process.stdin is not None
            print(start, file=process.stdin, flush=True)
        # In turn is soon enough: one that is done and not yet read only waits.
        told = [process.communicate()[0] for process in crew]
    if any(process.returncode for process in crew):
        raise RuntimeError(f"a process that appends failed ({kind})")
    return [took for text in told for took in json.loads(text)]


def _appender(kind: str, path: Path, number: int, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.appender", kind, str(path), str(number)]
    pipe = subprocess.PIPE
    return subprocess.Popen([*command, str(seconds)], stdin=pipe, stdout=pipe, text=True)
