"""`make soak MINUTES=30`: one service, everyday traffic, and nothing may grow, leak or be lost.

1. Some fifty sessions are written at two hundred events a second; they end and are replaced.
   Readers come and go in every manner that was thought of; see reader.py.
2. Writer and readers live in this process, the service in its own; only that one is weighed.
3. The same `--seed` casts the same play; how it runs still depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.figure import machine
from benchmarks.served import Served, folder_of_its_own, lift, serve
from benchmarks.soak.gauge import Gauge, Sample
from benchmarks.soak.reader import Audience, Tally
from benchmarks.soak.verdict import MB, Verdict, judge
from benchmarks.soak.writer import Writer
from db.sqlite import SqliteStore

SESSIONS, RATE, READERS = 50, 200.0, 150
# Somebody has the whole of a history before it, and is in a hurry.
FINISH_S = 60.0
# Hypercorn sees that a client has closed a connection that rests between two requests only when its
# time is over: the service lets it rest for 75 s.
SETTLE_S = 90.0

console = Console(width=None if Console().is_terminal else 140)

Tell = Callable[[Sample, Writer, Audience], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A soak that is over."""

    verdicts: Sequence[Verdict]
    samples: Sequence[Sample]
    tally: Tally
    written: int
    sessions: int
    worst_append_s: float

    @property
    def good(self) -> bool:
        """True if every verdict holds."""
        return all(verdict.holds for verdict in self.verdicts)

    def facts(self) -> dict[str, Any]:
        """The report for programs."""
        tally = self.tally
        return {
            "machine": machine(),
            "good": self.good,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "written": self.written,
            "sessions": self.sessions,
            "worst_append_s": self.worst_append_s,
            "deliveries": tally.deliveries,
            "connections": tally.connections,
            "finished": tally.finished,
            "readers": dict(tally.readers),
            "faults": dict(tally.faults),
            "samples": [asdict(sample) for sample in self.samples],
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak; 0 if every verdict holds, else 1."""
    chosen = _arguments(arguments)
    lift()
    columns = (
        TextColumn("soak"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[news]}"),
    )
    seconds = chosen.minutes * 60
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("soak", total=seconds, news="")

        def tell(sample: Sample, writer: Writer, audience: Audience) -> None:
            news = _news(sample, writer, audience)
            progress.update(task, completed=min(sample.at_s, seconds), news=news)

        report = anyio.run(_soak, chosen, tell)
    console.print(_table(report))
    _keep(report, chosen.json, chosen.plot)
    return 0 if report.good else 1


async def _soak(chosen: argparse.Namespace, tell: Tell) -> Report:
    chance = random.Random(chosen.seed)
    with folder_of_its_own() as folder, serve(folder) as service:
        async with SqliteStore(service.database, create=False) as store:
            writer = Writer(
                store,
                lambda session_id: _urls(service, session_id),
                sessions=chosen.sessions,
                rate=chosen.rate,
                chance=chance,
            )
            audience = Audience(lambda: writer.alive, count=chosen.readers, chance=chance)
            return await _watched(service, writer, audience, chosen.minutes * 60, tell)


async def _watched(
    service: Served, writer: Writer, audience: Audience, seconds: float, tell: Tell
) -> Report:
    gauge = Gauge(service)
    await writer.prepare()
    await _warm(writer)
    before = await _settled(gauge, most=0)
    async with anyio.create_task_group() as watching:
        watching.start_soon(gauge.run, lambda sample: tell(sample, writer, audience))
        async with anyio.create_task_group() as play:
            play.start_soon(writer.run)
            play.start_soon(audience.run)
            await anyio.sleep(seconds)
            samples = list(gauge.samples)
            writer.stop()
            audience.stop()
            # Whoever is not done by then has a stream that lacks its end.
            play.cancel_scope.deadline = anyio.current_time() + FINISH_S
        watching.cancel_scope.cancel()
    left_at_s = gauge.samples[-1].at_s
    after = await _settled(gauge, most=before.descriptors)
    return Report(
        verdicts=judge(samples, audience.tally, before, after, after.at_s - left_at_s),
        samples=gauge.samples,
        tally=audience.tally,
        written=writer.written,
        sessions=writer.begun,
        worst_append_s=writer.worst_s,
    )


async def _warm(writer: Writer) -> None:
    """One reader who leaves at once: what the first stream opens for good is open then."""
    audience = Audience(lambda: writer.alive, count=1, chance=random.Random(0))
    async with anyio.create_task_group() as group:
        group.start_soon(audience.run)
        await anyio.sleep(1)
        audience.stop()
        group.cancel_scope.cancel()


async def _settled(gauge: Gauge, *, most: int) -> Sample:
    """Look until there are at most `most` descriptors, or for a while, or twice the same."""
    deadline, last = anyio.current_time() + SETTLE_S, -1
    while True:
        sample = gauge.look()
        calm = sample.descriptors == last if not most else sample.descriptors <= most
        if calm or anyio.current_time() > deadline:
            return sample
        last = sample.descriptors
        await anyio.sleep(0.5)


def _urls(service: Served, session_id: str) -> tuple[str, str]:
    url = service.events_url(session_id)
    return url, url.replace("/api/rpa/events/", "/api/rpa/progress/")


def _news(sample: Sample, writer: Writer, audience: Audience) -> str:
    passed = max(sample.at_s, 1)
    tally = audience.tally
    faults = sum(tally.faults.values())
    return (
        f"{writer.written / passed:,.0f} appends/s  {tally.deliveries / passed:,.0f} deliveries/s  "
        f"{audience.size} readers  RSS {sample.rss_bytes / MB:.0f} MB  "
        f"WAL {sample.wal_bytes / MB:.1f} MB  {faults} faults"
    )


def _table(report: Report) -> Table:
    tally = report.tally
    console.print(
        f"{report.written:,} appends in {report.sessions:,} sessions, "
        f"the slowest {report.worst_append_s:.2f} s; "
        f"{tally.deliveries:,} deliveries on {tally.connections:,} connections",
        highlight=False,
    )
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("soak", "found", "allowed", ""):
        shown.add_column(column)
    for verdict in report.verdicts:
        mark = "[green]holds[/]" if verdict.holds else "[red]violated[/]"
        shown.add_row(verdict.name, verdict.found, verdict.allowed, mark)
    return shown


def _keep(report: Report, facts_path: Path | None, plot_path: Path | None) -> None:
    for path in filter(None, (facts_path, plot_path)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if facts_path:
        facts_path.write_text(json.dumps(report.facts(), indent=1), encoding="utf-8")
        console.print(f"figures kept in {facts_path}", highlight=False)
    if plot_path:
        # Here, not above: a soak without a picture needs no library for one.
        from benchmarks.soak.picture import draw

        draw(report.samples, plot_path)
        console.print(f"picture drawn to {plot_path}", highlight=False)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long it takes")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="written at a time")
    parser.add_argument("--rate", type=float, default=RATE, help="events a second in all")
    parser.add_argument("--readers", type=int, default=READERS, help="reading at a time")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is left to chance")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep report and samples here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw memory and WAL here (PNG)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
