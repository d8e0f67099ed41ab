"""`make bench`: measure, print one table, keep the figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import appends, delivery
from benchmarks.figure import Figure, console, facts, table


def main() -> int:
    """Run every benchmark; 0 whatever the figures are: a benchmark measures, it does not judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="length of each measurement")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures here")
    chosen = parser.parse_args()
    works: list[tuple[str, Callable[[Path], list[Figure]]]] = [
        ("delivery", lambda folder: [delivery.measure(folder, seconds=chosen.seconds)]),
        ("snapshots", lambda folder: delivery.snapshots(folder, seconds=chosen.seconds)),
        ("appends", lambda folder: [appends.measure(folder, seconds=chosen.seconds)]),
    ]
    figures: list[Figure] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        for name, work in works:
            task = progress.add_task(name, total=1)
            with tempfile.TemporaryDirectory(prefix="andamento-bench-") as folder:
                figures += work(Path(folder))
            progress.update(task, completed=1)
    console.print(table(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(facts(figures), indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
