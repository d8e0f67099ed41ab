"""One round: visitors ask, blows fall, and everything that must hold afterwards is looked at.

1. Each invariant is checked where somebody would notice its loss: at the reading clients, in the
   database file as `sqlite3` shows it, in the list of processes, in the temporary folder.
2. A violation names what was seen; `Report.words` holds all that is needed to look into it.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
import psutil
from anyio import to_thread

from benchmarks.chaos.blow import BOUNDS, KILLED_S, MAY_FAIL, Blow, Plan
from benchmarks.chaos.product import Product, until
from benchmarks.chaos.strike import Hit, strike
from benchmarks.chaos.visitor import Story, visit

# Every session must have ended by then, whatever happened.
PATIENCE_S = 90.0
# Processes and folders of what has ended: the product's own times to leave, and some more.
SETTLE_S = 20.0
# What `andamento check --json` prints of an item or a session that is not as it must be.
FAULT = re.compile(r'"verdict":"failed"|"severe":true')


@dataclass(kw_only=True)
class Report:
    """What came of a round. `latencies`: seconds from the blow to the terminal event."""

    plan: Plan
    hits: list[Hit] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    took_s: float = 0
    settled_s: float = 0

    @property
    def void(self) -> bool:
        """Whether no blow found its victim."""
        return all(hit.void for hit in self.hits)

    @property
    def late(self) -> bool:
        """Whether a terminal event came later than it must."""
        bound = BOUNDS.get(self.plan.blow)
        return bound is not None and any(latency > bound for latency in self.latencies)

    def facts(self) -> dict[str, Any]:
        """The round for programs."""
        return {
            "round": self.plan.number,
            "blow": self.plan.blow,
            "hits": [hit.whom for hit in self.hits],
            "void": self.void,
            "sessions": {story.session_id: story.outcome for story in self.stories},
            "cuts": sum(story.cuts for story in self.stories),
            "latencies_s": [round(latency, 3) for latency in self.latencies],
            "violations": self.violations,
            "took_s": round(self.took_s, 2),
            "settled_s": round(self.settled_s, 2),
        }


async def play(product: Product, plan: Plan) -> Report:
    """Play one round and judge it."""
    report = Report(plan=plan, stories=[Story() for _ in plan.answers])
    began = time.monotonic()

    def over() -> bool:
        return all(story.ended_at is not None for story in report.stories)

    def begun() -> bool:
        # The first event is the supervisor's own.
        return any(len(story.received) > 1 for story in report.stories)

    async def hit(number: int) -> None:
        report.hits.append(await strike(product, plan.strokes[number], begun, over))

    with anyio.move_on_after(PATIENCE_S):
        async with httpx.AsyncClient(timeout=20) as client, anyio.create_task_group() as group:
            for number in range(len(plan.strokes)):
                group.start_soon(hit, number)
            await anyio.sleep(plan.late_s)
            for story, answers, key in zip(report.stories, plan.answers, plan.keys, strict=True):
                group.start_soon(visit, client, product.api, answers, key, story)
    report.took_s = time.monotonic() - began
    await to_thread.run_sync(judge, product, report)
    return report


def judge(product: Product, report: Report) -> None:
    """Look at everything that must hold after a round; what does not is added to the report."""
    _judge_stories(report)
    _judge_log(product, report)
    _judge_failures(report)
    began = time.monotonic()
    if not until(lambda: not product.strays() and not product.leftovers(), SETTLE_S):
        for process in product.strays():
            report.violations.append(f"a process is left: {_told(process)}")
        for name in product.leftovers():
            report.violations.append(f"a temporary folder is left: {name}")
    report.settled_s = time.monotonic() - began


def _judge_stories(report: Report) -> None:
    for story in report.stories:
        name = story.session_id or "a session that never began"
        report.violations += [f"{name}: {fault}" for fault in story.faults]
        if story.ended_at is None:
            report.violations.append(f"{name}: no terminal event within {PATIENCE_S:g} s")
    if len({story.session_id for story in report.stories}) < len(report.stories):
        report.violations.append("two requests got the same session")


def _judge_log(product: Product, report: Report) -> None:
    """What the visitors received is what the log holds, and each session has one ending there."""
    with closing(sqlite3.connect(f"file:{product.database}?mode=ro", uri=True)) as log:
        for story in report.stories:
            if not story.session_id:
                continue
            rows = log.execute(
                "SELECT seq, type, data FROM events WHERE session_id = ? ORDER BY seq",
                (story.session_id,),
            ).fetchall()
            _compare(story, rows, report)
        made = log.execute(
            "SELECT count(*) FROM sessions WHERE created_at >= ("
            "SELECT min(created_at) FROM sessions WHERE id IN (SELECT value FROM json_each(?)))",
            (json.dumps([story.session_id for story in report.stories]),),
        ).fetchone()[0]
    if made > len(report.stories):
        report.violations.append(f"{made} sessions were made of {len(report.stories)} requests")


def _compare(story: Story, rows: list[tuple[int, str, str]], report: Report) -> None:
    said = [
        (event["seq"], event["type"], event["data"]) for event in map(json.loads, story.received)
    ]
    kept = [(seq, kind, json.loads(data)) for seq, kind, data in rows]
    if said != kept:
        report.violations.append(
            f"{story.session_id}: received {len(said)} events, the log holds {len(kept)}"
        )
    if [seq for seq, _, _ in kept] != list(range(1, len(kept) + 1)):
        report.violations.append(f"{story.session_id}: the log's seqs are not dense")
    ends = [seq for seq, kind, data in kept if _terminal(kind, data)]
    if ends != [len(kept)]:
        report.violations.append(f"{story.session_id}: terminal events at {ends} of {len(kept)}")


def _terminal(kind: str, data: Mapping[str, Any]) -> bool:
    return kind == "result" or (kind == "error" and data.get("final") is True)


def _judge_failures(report: Report) -> None:
    failed = [story for story in report.stories if story.failed]
    allowed = MAY_FAIL[report.plan.blow]
    if allowed is not None and len(failed) > allowed:
        told = ", ".join(f"{story.session_id}: {story.outcome}" for story in failed)
        report.violations.append(f"{len(failed)} sessions failed, {allowed} may ({told})")
    judged = {Blow.DRAIN: _judge_drained, Blow.OPERATE: _judge_operated}.get(report.plan.blow)
    if judged is not None:
        judged(report, failed)
    if len(report.hits) == 1 and not report.void:
        at = report.hits[0].at
        report.latencies = [
            story.ended_at - at
            for story in failed
            if story.ended_at is not None and story.ended_at > at
        ]


def _judge_drained(report: Report, failed: Sequence[Story]) -> None:
    """What had sent nothing was begun again elsewhere; the rest was told the truth."""
    for story in failed:
        data = (story.ending or {})["data"]
        if (data["tipo"], data["dados_enviados"]) != ("robo_interrompido", True):
            sent = "sent" if data["dados_enviados"] else "nothing sent"
            report.violations.append(f"{story.session_id}: {data['tipo']}, {sent}, by a drain")


def _judge_operated(report: Report, failed: Sequence[Story]) -> None:
    """Who was to be cancelled was, unless the result was on its way; nobody else was disturbed."""
    hits = {hit.cancelled: hit for hit in report.hits if hit.cancelled}
    report.violations += [fault for hit in report.hits for fault in hit.faults]
    for story in report.stories:
        wished = hits.get(story.session_id)
        if wished is None and story in failed:
            report.violations.append(f"{story.session_id}: {story.outcome}, without a wish")
        elif wished and story.outcome != "cancelado":
            passed = (story.ended_at or 0) - wished.at
            if story.failed or passed > KILLED_S:
                report.violations.append(
                    f"{story.session_id}: {story.outcome} {passed:.1f} s after it was cancelled"
                )


def audit(product: Product) -> list[str]:
    """What is wrong with the log as a whole, by SQLite's own word and by `andamento check`."""
    with closing(sqlite3.connect(f"file:{product.database}?mode=ro", uri=True)) as log:
        said = log.execute("PRAGMA integrity_check").fetchone()[0]
    faults = [] if said == "ok" else [f"integrity_check: {said}"]
    done = product.command("check", "--sessions", "--json")
    if done.returncode:
        faults += [f"check: {line}" for line in done.stdout.splitlines() if FAULT.search(line)]
        faults.append(f"check: exit code {done.returncode} {done.stderr[-1000:]}")
    return faults


def _told(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {process.status()} {' '.join(process.cmdline())[:160]}"
    except psutil.Error as error:
        return f"{process.pid} ({type(error).__name__})"


def keep(product: Product, report: Report, folder: Path) -> str:
    """Keep what is needed to look into a violation; where it is."""
    place = folder / f"round-{report.plan.number}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "report.json").write_text(json.dumps(report.facts(), indent=1, default=str))
    (place / "product.log").write_bytes(product.log.read_bytes())
    with (
        closing(sqlite3.connect(f"file:{product.database}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(place / "chaos.db")) as copy,
    ):
        source.backup(copy)
    return str(place)
