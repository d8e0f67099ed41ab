"""`make bench`: measure, print one table, keep the figures as JSON and as a picture.

1. Some twenty minutes in all; `--quick` leaves out what is slow and takes less than two.
2. A peer that is not installed is left out of the table, with the reason in its place.
3. A measurement that fails costs its own rows, not those of the others.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path

import structlog
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.figure import Figure, console, facts, machine, table
from benchmarks.group import Group, groups

FAILED = "not measured"


def main() -> int:
    """Measure; 0 whatever the figures are (a benchmark measures, it does not judge), 1 if a
    measurement itself failed."""
    chosen = _arguments()
    # What runs in this process says as much as in the product (a lap that ends at the calculation
    # that its flow has failed), but here the table is read.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
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
    _keep(figures, chosen.json, chosen.plot)
    return 1 if any(figure.value.startswith(FAILED) for figure in figures) else 0


def _measured(name: str, group: Group, progress: Progress) -> list[Figure]:
    task = progress.add_task(f"{name}: {group.about}", total=group.steps)
    try:
        with tempfile.TemporaryDirectory(prefix="andamento-bench-") as folder:
            figures = group.work(Path(folder), lambda: progress.advance(task))
    except Exception as error:  # the roof of one measurement: see 3
        text = f"{type(error).__name__}: {error}"
        figures = [Figure(name=name, value=f"{FAILED}: {text}", reached=False)]
    progress.update(task, completed=group.steps)
    return figures


def _keep(figures: list[Figure], facts_path: Path | None, plot_path: Path | None) -> None:
    told = {"machine": machine(), "figures": facts(figures)}
    for path in filter(None, (facts_path, plot_path)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if facts_path:
        facts_path.write_text(json.dumps(told, indent=1), encoding="utf-8")
        console.print(f"figures kept in {facts_path}", highlight=False)
    if plot_path:
        # Here, not above: a run without a picture needs no library for one.
        from benchmarks.picture import draw

        drawn = draw(told, plot_path)
        news = f"picture drawn to {plot_path}" if drawn else "none of these figures is drawn"
        console.print(news, highlight=False)


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
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the figures here (PNG)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
