"""What a soak must show, judged from its samples and its readers' tallies. Pure.

1. Memory and threads are compared between the middle third and the last: what grows with traffic
   grows then, too, while caches and the allocator's arenas have reached their size before.
2. Descriptors are compared between before the first reader and after the last has left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.soak.gauge import Sample, third
from benchmarks.soak.reader import Tally

MB = 1024 * 1024
# What medians of ten minutes differ by: a byte kept for each delivery would be 0.4 MB more, a
# kilobyte kept for each connection 30.
MOST_GROWTH, MOST_GROWTH_BYTES = 0.02, 1 * MB
# The service moves a log that is longer than 4 MiB, every second, and a reader may hold it up.
MOST_WAL_BYTES = 24 * MB
MOST_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One row: what was found, what may be, and whether it holds."""

    name: str
    found: str
    allowed: str
    holds: bool


def judge(
    samples: Sequence[Sample], tally: Tally, before: Sample, after: Sample, waited_s: float
) -> list[Verdict]:
    """All rows; `before` the first reader came, `after` the last has left, `waited_s` ago."""
    return [
        _whole(tally),
        _memory(samples),
        _wal(samples),
        Verdict(
            name="open files after all have left",
            found=f"{after.descriptors}, {waited_s:.0f} s later",
            allowed=f"{before.descriptors}, as before",
            holds=after.descriptors <= before.descriptors,
        ),
        _threads(samples),
    ]


def _whole(tally: Tally) -> Verdict:
    faults = ", ".join(f"{count} × {what}" for what, count in tally.faults.most_common(5))
    return Verdict(
        name="gaps, repeats, refusals",
        found=faults or f"0 in {tally.deliveries:,} deliveries",
        allowed="0",
        holds=not tally.faults,
    )


def _memory(samples: Sequence[Sample]) -> Verdict:
    early, late = (third(samples, number, lambda one: one.rss_bytes) for number in (2, 3))
    most = early * (1 + MOST_GROWTH) + MOST_GROWTH_BYTES
    return Verdict(
        name="memory, middle third → last third",
        found=f"{early / MB:.1f} → {late / MB:.1f} MB",
        allowed=f"≤ {most / MB:.1f} MB",
        holds=late <= most,
    )


def _wal(samples: Sequence[Sample]) -> Verdict:
    most = max(sample.wal_bytes for sample in samples)
    return Verdict(
        name="WAL, at most",
        found=f"{most / MB:.1f} MB",
        allowed=f"≤ {MOST_WAL_BYTES / MB:.0f} MB",
        holds=most <= MOST_WAL_BYTES,
    )


def _threads(samples: Sequence[Sample]) -> Verdict:
    early, late = (third(samples, number, lambda one: one.threads) for number in (2, 3))
    return Verdict(
        name="threads, middle third → last third",
        found=f"{early:.0f} → {late:.0f}",
        allowed=f"≤ {early + MOST_THREADS:.0f}",
        holds=late <= early + MOST_THREADS,
    )
