"""`make chaos`: many rounds of blows against the product; 0 only if nothing was violated.

1. Each round's plan depends on seed, number and the blows to choose from: `--seed S --first N
   --rounds 1` plays it again.
2. The product is started anew now and then: that it leaves nothing behind when asked to stop is one
   of the things to see, and its own pauses after crashes begin anew.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import anyio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.chaos.blow import BOUNDS, WITH_BROWSER_ONLY, Blow, plan
from benchmarks.chaos.disk import can_mount
from benchmarks.chaos.product import Product, until
from benchmarks.chaos.round import SETTLE_S, Report, audit, keep, play
from benchmarks.figure import percentile
from demo.replica import Replica

# Rounds with one and the same tree of processes.
A_LIFE = 25
CAPACITY = 3
SESSIONS = {False: 4, True: 2}

console = Console(width=None if Console().is_terminal else 140)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the rounds of both kinds; 0 if nothing was violated and nothing came too late."""
    chosen = _arguments(arguments)
    # Asked to stop, it takes its world with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not chosen.seed:
        chosen.seed = random.SystemRandom().randint(1, 10**6)
    console.print(f"seed {chosen.seed}", highlight=False)
    reports: list[Report] = []
    for browsers, rounds in ((False, chosen.rounds), (True, chosen.browser_rounds)):
        if rounds:
            reports += _kind(chosen, browsers=browsers, rounds=rounds)
    console.print(table(reports))
    violations = sum(len(report.violations) for report in reports)
    void = sum(report.void for report in reports)
    console.print(
        f"{len(reports)} rounds ({void} void), {sum(len(one.stories) for one in reports)} sessions,"
        f" {violations} violations"
    )
    return 1 if violations or missed(reports) else 0


def _kind(chosen: argparse.Namespace, *, browsers: bool, rounds: int) -> list[Report]:
    blows = _blows(chosen, browsers=browsers)
    reports: list[Report] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[violations]} violations"),
        TimeRemainingColumn(),
    )
    what = "with browsers" if browsers else "simulated"
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=rounds, violations=0)
        for report in _rounds(chosen, blows, rounds, browsers=browsers):
            reports.append(report)
            if chosen.json:
                with chosen.json.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(report.facts()) + "\n")
            count = sum(len(one.violations) for one in reports)
            progress.update(task, advance=1, violations=count)
            if not console.is_terminal and len(reports) % A_LIFE == 0:
                console.print(f"{what}: {len(reports)} of {rounds} rounds, {count} violations")
    return reports


def _rounds(
    chosen: argparse.Namespace, blows: Sequence[Blow], rounds: int, *, browsers: bool
) -> Iterator[Report]:
    numbers = list(range(chosen.first, chosen.first + rounds))
    disk = Blow.FILL_DISK in blows
    with ExitStack() as stack:
        site = stack.enter_context(Replica(pace="fast", port=0)).url if browsers else ""
        while numbers:
            spares = 1 if browsers else 0
            with Product(capacity=CAPACITY, site=site, spares=spares, disk=disk) as product:
                while numbers:
                    number = numbers.pop(0)
                    drawn = plan(
                        chosen.seed, number, blows, browsers=browsers, sessions=SESSIONS[browsers]
                    )
                    report = anyio.run(play, product, drawn)
                    last = not numbers or number % A_LIFE == 0 or bool(report.violations)
                    if last:
                        _close(product, report)
                    if report.violations:
                        _tell(chosen, product, report, browsers=browsers)
                    yield report
                    if last:
                        break


def _close(product: Product, report: Report) -> None:
    """The end of a life: the log as a whole, and what is left when it was asked to stop."""
    report.violations += audit(product)
    code = product.stop()
    if code != 0:
        report.violations.append(f"asked to stop, `up` ended with {code}")
    if not until(lambda: not product.strays() and not product.leftovers(), SETTLE_S):
        left = [*(process.name() for process in product.census.family()), *product.leftovers()]
        report.violations.append(f"left after the stop: {', '.join(left)}")


def _tell(chosen: argparse.Namespace, product: Product, report: Report, *, browsers: bool) -> None:
    place = keep(product, report, chosen.keep)
    console.print(f"[red]round {report.plan.number}: {report.plan.blow}[/]", highlight=False)
    for violation in report.violations:
        console.print(f"  {violation}", highlight=False, markup=False)
    for stroke in report.plan.strokes:
        console.print(f"  {stroke}", highlight=False, markup=False)
    kind = "BROWSER_ROUNDS=1 ROUNDS=0" if browsers else "ROUNDS=1 BROWSER_ROUNDS=0"
    only = f" ONLY={','.join(chosen.only)}" if chosen.only else ""
    again = f"make chaos SEED={chosen.seed} FIRST={report.plan.number} {kind}{only}"
    console.print(f"  again: {again}\n  log and database: {place}", highlight=False)


def _blows(chosen: argparse.Namespace, *, browsers: bool) -> list[Blow]:
    wanted = list(chosen.only or Blow)
    if not browsers:
        wanted = [blow for blow in wanted if blow not in WITH_BROWSER_ONLY]
    if Blow.FILL_DISK in wanted and (reason := can_mount()):
        console.print(f"[yellow]skipped: {Blow.FILL_DISK}: {reason}[/]", highlight=False)
        wanted.remove(Blow.FILL_DISK)
    return wanted


def missed(reports: Sequence[Report]) -> list[Blow]:
    """The blows whose 99th percentile is above its bound."""
    return [
        blow
        for blow, times in _latencies(reports).items()
        if times and blow in BOUNDS and percentile(times, 0.99) > BOUNDS[blow]
    ]


def table(reports: Sequence[Report]) -> Table:
    """One row a blow: rounds, endings by it, and how fast they were at the reader."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("blow", "rounds", "void", "endings", "p50", "p99", "max", "asked", ""):
        shown.add_column(name, justify="left" if name in ("blow", "asked", "") else "right")
    latencies, late = _latencies(reports), missed(reports)
    for blow in Blow:
        of = [report for report in reports if report.plan.blow is blow]
        times = latencies[blow]
        if not of:
            continue
        told = [f"{percentile(times, share):.2f} s" for share in (0.5, 0.99, 1)] if times else []
        bound = BOUNDS.get(blow)
        mark = "[red]missed[/]" if blow in late else "[green]reached[/]"
        shown.add_row(
            blow.value,
            str(len(of)),
            str(sum(report.void for report in of) or ""),
            str(len(times)),
            *(told or ("", "", "")),
            f"p99 ≤ {bound:g} s" if bound else "",
            mark if bound and times else "",
        )
    return shown


def _latencies(reports: Sequence[Report]) -> defaultdict[Blow, list[float]]:
    times: defaultdict[Blow, list[float]] = defaultdict(list)
    for report in reports:
        times[report.plan.blow] += report.latencies
    for found in times.values():
        found.sort()
    return times


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="of the simulated kind")
    parser.add_argument("--browser-rounds", type=int, default=50, help="of the kind with browsers")
    parser.add_argument("--seed", type=int, default=0, help="0: a new one, which is printed")
    parser.add_argument("--first", type=int, default=1, help="number of the first round")
    parser.add_argument("--only", type=_named, metavar="BLOWS", help=", ".join(Blow))
    parser.add_argument("--json", type=Path, metavar="FILE", help="add a line a round here")
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path("var/chaos"),
        metavar="FOLDER",
        help="logs and databases of violations",
    )
    return parser.parse_args(arguments)


def _named(names: str) -> list[Blow]:
    try:
        return [Blow(name.strip()) for name in names.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; choose from {', '.join(Blow)}") from None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
