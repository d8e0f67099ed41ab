"""`make bench`: measure, print one table, keep the figures as JSON. Some fifteen minutes in all."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import appends, crowd, delivery, product, quote, start
from benchmarks.figure import Figure, console, facts, table

# Pairs of runs: enough for a median that does not move much, in a minute each.
FAST_ROUNDS, REAL_ROUNDS = 10, 2
# Starts of each kind, and how many come at once: real quotes, simulated sessions.
STARTS, QUOTES, SIMULATED = 5, crowd.CROWD, 200

Advance = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures that are measured together; `work` calls what it is given some `steps` times.

    A `slow` one is left out of a quick run, unless it was asked for by name.
    """

    about: str
    work: Callable[[Path, Advance], list[Figure]]
    steps: int = 1
    slow: bool = False


def groups(seconds: float, *, quick: bool) -> Mapping[str, Group]:
    """All groups by name, in the order of the table."""
    rounds, starts = (2, 2) if quick else (FAST_ROUNDS, STARTS)
    pace, quotes, simulated = ("fast", 3, 50) if quick else ("real", QUOTES, SIMULATED)

    def pairs(pace: str, rounds: int, whole: bool) -> Callable[[Path, Advance], list[Figure]]:
        return lambda folder, advance: quote.measure(
            folder, pace=pace, rounds=rounds, whole=whole, advance=advance
        )

    return {
        "delivery": Group(
            about="commit → client",
            work=lambda folder, _: [delivery.measure(folder, seconds=seconds)],
        ),
        "snapshots": Group(
            about="requests a second",
            work=lambda folder, _: delivery.snapshots(folder, seconds=seconds),
        ),
        "appends": Group(
            about="of many processes",
            work=lambda folder, _: [appends.measure(folder, seconds=seconds)],
        ),
        "quote": Group(
            about="the flow against bare Playwright",
            work=pairs("fast", rounds, True),
            steps=2 * rounds + 1,
        ),
        "quote-real": Group(
            about="the same at the real site's pace, to the calculation",
            work=pairs("real", REAL_ROUNDS, False),
            steps=2 * REAL_ROUNDS + 1,
            slow=True,
        ),
        "product": Group(
            about="one visitor's quote at the real site's pace",
            work=lambda folder, advance: product.measure(folder, advance=advance),
            steps=product.EVENTS,
            slow=True,
        ),
        "start": Group(
            about="from the request to the first words",
            work=lambda _, advance: start.measure(rounds=starts, advance=advance),
            steps=2 * starts,
        ),
        "crowd": Group(
            about="many at once",
            work=lambda _, advance: [
                *crowd.quotes(pace=pace, count=quotes, advance=advance),
                crowd.simulated(count=simulated, advance=advance),
            ],
            steps=1 + quotes + simulated,
            slow=True,
        ),
    }


def main() -> int:
    """Measure; 0 whatever the figures are: a benchmark measures, it does not judge."""
    chosen = _arguments()
    # What runs in this process says as much as in the product, but here the table is read.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    every = groups(chosen.seconds, quick=chosen.quick)
    usual = [name for name, group in every.items() if not (chosen.quick and group.slow)]
    figures: list[Figure] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        for name in chosen.only or usual:
            figures += _measured(name, every[name], progress)
    console.print(table(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(facts(figures), indent=1), encoding="utf-8")
    return 0


def _measured(name: str, group: Group, progress: Progress) -> list[Figure]:
    task = progress.add_task(f"{name}: {group.about}", total=group.steps)
    with tempfile.TemporaryDirectory(prefix="andamento-bench-") as folder:
        figures = group.work(Path(folder), lambda: progress.advance(task))
    progress.update(task, completed=group.steps)
    return figures


def _arguments() -> argparse.Namespace:
    names = list(groups(0, quick=False))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="length of each measurement")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=names,
        metavar="GROUP",
        help=f"measure only these: {', '.join(names)}",
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer runs, and none at the real site's pace"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
