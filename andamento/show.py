"""`andamento show`: everything about one session, for the operator who wants to know why.

1. What the visitor was told is the timeline; what the machinery did is the log. They stand apart:
   the one is a fact, the other is what a program said while it worked.
2. An attempt is one worker with one lease: every generation that got a process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps, loads
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from andamento import evidence, terminal
from andamento.look import facts, history_of, store_at
from andamento.look import line as line_of
from andamento.settings import load
from andamento.terminal import DbOption, JsonOption, SessionArgument, emit, out
from db.events import Event
from db.snapshot import Snapshot, fold
from db.store import LogLine, Session

# A run says some thirty lines; the first ones of each attempt are needed to tell them apart.
READ_LINES = 2000
COLOURS = {"debug": "dim", "info": "blue", "warning": "yellow", "error": "bold red"}
STARTED, LEFT = "worker started", "worker left"
ENDED = "session ended for its worker"
# Who was killed with its worker has no last word.
GONE = "its runner is gone"
# What else ends an attempt.
OUTCOMES = {
    "session given back": "back to the queue",
    "flow failed": "failed",
    "flow stopped": "stopped",
}


def show(
    session_id: SessionArgument,
    logs: Annotated[int, typer.Option(min=0, max=READ_LINES, help="How many of the last.")] = 20,
    db: DbOption = None,
    json: JsonOption = False,
) -> None:
    """Show one session: state, holder, attempts, timeline, last logs, evidence of failures."""

    async def main() -> None:
        async with store_at(db) as store:
            session = await store.session(session_id)
            history = await history_of(store, session_id)
            said = await store.logs(session_id, limit=READ_LINES)
        picture, kept = fold(history), evidence.of(load(db=db), session_id)
        tries, last = (
            attempts(said, over=session.status.terminal),
            said[len(said) - logs :] if logs else [],
        )
        if json:
            told = {"attempts": tries, "logs": [_line(one) for one in last]}
            events = [_event(item) for item in history]
            emit({**facts(session, picture), "events": events, **told, "evidence": kept})
            return
        _print_facts(session, picture)
        _print_attempts(tries)
        for item in history:
            out.print(line_of(item))
        _print_logs(last)
        evidence.tell(kept)

    terminal.run(main)


def attempts(said: Sequence[LogLine], *, over: bool) -> list[dict[str, Any]]:
    """The attempts at a session as its log tells them, in their order; `over`: it has ended.

    The last one has no outcome while it runs.
    """
    found: dict[int, dict[str, Any]] = {}
    # A fence gives a new generation: what is said under it is about the attempt before.
    current: dict[str, Any] | None = None
    for line in said:
        if line.message == STARTED:
            current = {"attempt": len(found) + 1, "generation": line.generation, "at": line.at}
            current |= {name: line.fields.get(name) for name in ("pid", "runner", "warm")}
            current |= {"until": None, "outcome": None}
            found[line.generation] = current
        elif current is not None:
            current["until"] = line.at
            _conclude(current, line)
    tries = list(found.values())
    for one in tries if over else tries[:-1]:
        one["outcome"] = one["outcome"] or GONE
    return tries


def _conclude(attempt: dict[str, Any], said: LogLine) -> None:
    if said.message == ENDED or (said.message in OUTCOMES and "tipo" in said.fields):
        attempt["outcome"] = said.fields.get("tipo")
    elif said.message in OUTCOMES:
        attempt["outcome"] = attempt["outcome"] or OUTCOMES[said.message]
    elif said.message == LEFT:
        exit_ = said.fields.get("sinal") or f"exit {said.fields.get('saida')}"
        attempt["outcome"] = attempt["outcome"] or exit_


def _print_facts(session: Session, picture: Snapshot) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts(session, picture).items():
        if value not in (None, "", []):
            told = ", ".join(value) if isinstance(value, list) else str(value)
            table.add_row(f"[dim]{name}[/]", escape(told))
    out.print(table)
    out.print()


def _print_attempts(tries: Sequence[Mapping[str, Any]]) -> None:
    for one in tries:
        how = "a spare" if one["warm"] else "started cold"
        until = f" – {one['until'][11:23]}" if one["until"] else ""
        out.print(
            f"[dim]attempt {one['attempt']}[/] {one['at'][11:23]}{until}  pid {one['pid']}, {how}, "
            f"{one['runner']}  [bold]{one['outcome'] or 'running'}[/]"
        )
    if tries:
        out.print()


def _print_logs(said: Sequence[LogLine]) -> None:
    if said:
        out.print()
    for one in said:
        fields = " ".join(f"{name}={_value(value)}" for name, value in one.fields.items())
        out.print(
            f"[dim]{one.at[11:23]}[/] [{COLOURS[one.level]}]{one.level:<7}[/] "
            f"[dim]{one.screen or '':>4}[/]  {escape(one.message)}  [dim]{escape(fields)}[/]"
        )


def _value(value: object) -> str:
    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)


def _line(one: LogLine) -> dict[str, object]:
    told = {"at": one.at, "level": one.level, "screen": one.screen, "generation": one.generation}
    return {**told, "message": one.message, "fields": dict(one.fields)}


def _event(item: Event) -> dict[str, object]:
    detail = loads(item.detail) if item.detail else None
    return {"seq": item.seq, "type": item.type, "at": item.at, "data": item.data, "detail": detail}
