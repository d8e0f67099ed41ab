"""The quote flow on the replica, against the same clicks in bare Playwright.

1. Both in one process and one Chromium, each run in a context of its own, in turns (A B, B A, …):
   whatever else the machine does meets both.
2. All delays of the replica depend on its seed and on the plate. Both runs of a pair have the same,
   so both wait for the same things, equally long; each pair has another plate.
3. A pair counts only if the site received the same answers on the same screens from both.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median

import anyio

from benchmarks.figure import Figure
from benchmarks.lap import Lap, Track, Witness
from db.sqlite import SqliteStore
from demo.replica import Replica
from runner.browser import Browser

MOST = 1.05
# What the site must have recorded alike.
COMPARED = ("answers", "address", "screens", "vehicle")

Pair = tuple[Lap, Lap]
Seconds = Callable[[Lap], float]


def measure(
    folder: Path, *, pace: str, rounds: int, whole: bool, advance: Callable[[], None]
) -> list[Figure]:
    """Medians of `rounds` pairs at the replica's `pace`; `whole`: to the result, too.

    `advance` is called after each run: 2 × `rounds` times, and once before for the warm-up.
    """
    pairs = anyio.run(_pairs, folder, pace, rounds, whole, advance)
    figures = [_figure(f"quote flow to the calculation, site {pace}", pairs, _calculation)]
    if whole:
        figures.append(_figure(f"quote flow to the result, site {pace}", pairs, _result))
    return figures


async def _pairs(
    folder: Path, pace: str, rounds: int, whole: bool, advance: Callable[[], None]
) -> list[Pair]:
    witness = Witness()
    pairs: list[Pair] = []
    async with (
        SqliteStore(folder / "quote.db", create=True) as store,
        Browser(witness=witness) as browser,
    ):
        with Replica(pace=pace, seed=1) as site:
            track = Track(
                site=site,
                store=store,
                browser=browser,
                witness=witness,
                folder=folder / "evidence",
                whole=whole,
            )
            # Chromium's first page is slower than all that follow, whosever it is.
            await track.bare(_plate(rounds))
            advance()
            for number in range(rounds):
                pairs.append(await _pair(track, _plate(number), number % 2 == 1, advance))
    return pairs


async def _pair(track: Track, plate: str, turned: bool, advance: Callable[[], None]) -> Pair:
    turns = (track.bare, track.flow) if turned else (track.flow, track.bare)
    laps = []
    for turn in turns:
        laps.append(await turn(plate))
        advance()
    first, second = laps
    for name in COMPARED:
        assert first.record[name] == second.record[name], name
    return (second, first) if turned else (first, second)


def _plate(number: int) -> str:
    return f"BEN{number // 100 % 10}A{number % 100:02d}"


def _figure(name: str, pairs: list[Pair], seconds: Seconds) -> Figure:
    # Each pair has delays of its own: the ratio is taken within the pairs.
    ratio = median(seconds(ours) / seconds(bare) for ours, bare in pairs)
    ours, bare = (median(map(seconds, laps)) for laps in zip(*pairs, strict=True))
    return Figure(
        name=name,
        value=f"{ours:.2f} s",
        peer=f"bare Playwright {bare:.2f} s",
        ratio=ratio,
        asked=f"≤ {MOST} ×",
        reached=ratio <= MOST,
    )


def _calculation(lap: Lap) -> float:
    return lap.calculation_s


def _result(lap: Lap) -> float:
    assert lap.result_s is not None
    return lap.result_s
