"""`andamento quote`: one quote in the foreground, with a live bar and a truthful exit code.

1. It is an ordinary session, written to the same log: `show`, `tail` and `v_timeline` know it.
2. It waits in a queue of its own, so that no other runner takes it.
3. Ctrl-C asks it to stop and waits for its ending; the browser does not stay behind.
4. Input models and supervisor are imported where they are used: no other command needs them.
"""

from __future__ import annotations

import json as json_text
import re
import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import typer
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from andamento import log as logs
from andamento import terminal
from andamento.look import follow, line
from andamento.place import open_store, open_vault
from andamento.settings import Settings, load
from andamento.terminal import DbOption, Failed, JsonOption, emit, emit_line, err, out
from db.errors import Ended, UnknownSession
from db.events import Event, Status, wire
from db.snapshot import Snapshot, step
from db.store import NewSession, Store, Wish

if TYPE_CHECKING:
    from runner.automation import Automation, Intake

FALLBACK = Path("parametros.json")


def quote(
    data: Annotated[str | None, typer.Option(help="The answers as JSON.", metavar="JSON")] = None,
    data_file: Annotated[
        Path | None,
        typer.Option(help="A file with the answers as JSON; - reads standard input."),
    ] = None,
    session: Annotated[
        str | None, typer.Option(help="Id of the new session.", metavar="ID")
    ] = None,
    automation: Annotated[str, typer.Option(help="What to run.")] = "cotacao_auto",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only show the answers as the site would get them."),
    ] = False,
    db: DbOption = None,
    json: JsonOption = False,
) -> None:
    """Run one quote here and now. Without --data or --data-file, parametros.json is read.

    Prefer --data-file: what stands on a command line can be read by every user of the machine.
    """

    async def main() -> None:
        settings = load(db=db)
        logs.configure(settings.log_level if json else "warning")
        if session is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", session):
            raise typer.BadParameter("a session id has letters, digits, - and _ only")
        chosen = _automation(automation)
        answers = _answers(chosen, _read(data, data_file))
        if dry_run:
            _show_answers(chosen, answers, json=json)
            return
        async with open_store(settings, create=True) as store:
            created = await _create(store, settings, automation, answers, session)
            ending = await _run(store, settings, created, quiet=json)
        if ending.status is not Status.COMPLETED:
            raise typer.Exit(1)

    terminal.run(main)


def _read(data: str | None, data_file: Path | None) -> Mapping[str, Any]:
    if data is not None and data_file is not None:
        raise typer.BadParameter("give --data or --data-file, not both")
    place = "--data" if data is not None else str(data_file or FALLBACK)
    try:
        if data is None:
            path = data_file or FALLBACK
            data = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        # With or without the mark that editors on Windows put in front.
        answers = json_text.loads(data.removeprefix("\ufeff"))
    except OSError as error:
        raise typer.BadParameter(f"{place} cannot be read: {error.strerror}") from None
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json_text.JSONDecodeError) else "text"
        raise typer.BadParameter(f"{place} is not JSON ({where})") from None
    except RecursionError:
        raise typer.BadParameter(f"{place} is nested too deeply") from None
    if not isinstance(answers, dict):
        raise typer.BadParameter(f"{place} must hold one JSON object with the answers")
    return answers


def _automation(name: str) -> Automation:
    from andamento.automations import AUTOMATIONS

    try:
        return AUTOMATIONS[name]
    except KeyError as error:
        known = ", ".join(sorted(AUTOMATIONS))
        raise typer.BadParameter(f"{error}; known: {known}") from None


def _answers(automation: Automation, raw: Mapping[str, Any]) -> Intake:
    intake = automation.normalise(raw, language="pt")
    if intake.errors:
        listed = "\n".join(f"  {name}: {text}" for name, text in intake.errors.items())
        raise typer.BadParameter(f"the answers cannot be used:\n{listed}")
    return intake


def _show_answers(automation: Automation, intake: Intake, *, json: bool) -> None:
    shown = automation.assumptions(intake.answers, intake.assumed)
    if json:
        facts = {"answers": intake.answers, "assumed": intake.assumed, "ignored": intake.ignored}
        emit({**facts, "assumptions": shown})
        return
    told = {row["campo"] for row in shown}
    table = Table(box=None, show_header=False, pad_edge=False)
    given = {name: value for name, value in intake.answers.items() if value is not None}
    for name, value in given.items():
        note = "[yellow]assumed[/]" if name in told else "[dim]assumed, unused[/]"
        table.add_row(
            escape(automation.model.title(name)),
            _cell(value),
            note if name in intake.assumed else "",
            f"[dim]{name}[/]",
        )
    out.print(table)
    if left_open := len(intake.answers) - len(given):
        out.print(f"[dim]{left_open} more are open: not asked for, or only for display.[/]")
    if intake.ignored:
        out.print(f"{intake.ignored} unknown fields were ignored.")


async def _create(
    store: Store, settings: Settings, automation: str, intake: Intake, session: str | None
) -> str:
    from service.token import new_session_id

    session_id = session or new_session_id()
    sealed = open_vault(settings).seal(session_id, intake.answers)
    if session and await _exists(store, session):
        raise Failed(f"the session {session} exists already; leave --session out for a new one")
    await store.create(
        NewSession(
            id=session_id,
            automation=automation,
            queue=f"quote-{secrets.token_hex(4)}",
            answers=sealed,
            assumed=intake.assumed,
            ignored=intake.ignored,
        )
    )
    return session_id


async def _exists(store: Store, session_id: str) -> bool:
    try:
        await store.session(session_id)
    except UnknownSession:
        return False
    return True


async def _run(store: Store, settings: Settings, session_id: str, *, quiet: bool) -> Snapshot:
    from andamento.running import journal, supervisor

    queue = (await store.session(session_id)).queue
    stop = anyio.Event()
    picture = Snapshot()
    # The bar is for people; the runner's own log would tear it.
    level = settings.log_level if quiet else "warning"
    async with (
        journal(settings, store, sys.stderr, level=level),
        anyio.create_task_group() as group,
    ):
        group.start_soon(supervisor(settings, store, queues=[queue]).run, stop)
        group.start_soon(_cancel_on_signal, store, session_id)
        with _bar(quiet) as bar:
            task = bar.add_task(session_id, total=100)
            async for item in follow(store, session_id):
                picture = step(picture, item)
                _tell(item, picture, bar, task, quiet=quiet)
        if picture.result is not None and not quiet:
            out.print(_plans(picture.result))
        stop.set()
        # The runner has nothing left to do; it must not wait for a next session.
        group.cancel_scope.cancel()
    return picture


async def _cancel_on_signal(store: Store, session_id: str) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            err.print("Stopping …")
            try:
                await store.wish(session_id, Wish.CANCEL)
            except Ended:
                return


def _tell(item: Event, picture: Snapshot, bar: Progress, task: TaskID, *, quiet: bool) -> None:
    if quiet:
        emit_line(wire(item))
        return
    bar.console.print(line(item))
    bar.update(task, completed=picture.percentual, description=escape(picture.mensagem))


def _plans(data: Mapping[str, Any]) -> Panel | Table:
    plans = [
        plan for plan in (data.get("plano_recomendado"), data.get("plano_alternativo")) if plan
    ]
    if not plans:
        return Panel(f"{data.get('mensagem')}\n{data.get('proximo_passo', '')}", expand=False)
    table = Table(title=str(data.get("mensagem")), title_justify="left")
    table.add_column("")
    for plan in plans:
        table.add_column(str(plan.get("plano")))
    for name in plans[0]:
        if name != "plano" and not name.endswith("_centavos"):
            table.add_row(name.replace("_", " "), *(_cell(plan.get(name)) for plan in plans))
    return table


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "sim" if value else "não"
    return escape(str(value))


def _bar(quiet: bool) -> Progress:
    return Progress(
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=err,
        disable=quiet or not err.is_terminal,
    )
