"""The operator's window: sessions, the events of one or all as they come, a snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import anyio
import typer
from rich.markup import escape
from rich.table import Table

from andamento import terminal
from andamento.settings import load
from andamento.terminal import DbOption, JsonOption, SessionArgument, emit, out
from db.events import Event, EventType, Status, wire
from db.snapshot import Snapshot, render, step
from db.sqlite import SqliteStore, file_of
from db.store import PAGE, EventLog, Session

# The eye cannot tell 20 looks a second from none missed.
LOOK_S = 0.05

COLOURS = {
    Status.QUEUED: "cyan",
    Status.RUNNING: "blue",
    Status.PAUSED: "yellow",
    Status.COMPLETED: "green",
    Status.FAILED: "red",
    Status.CANCELLED: "magenta",
}


def store_at(db: str | None) -> SqliteStore:
    """The database as it is; a missing one is an error, not a new one."""
    return SqliteStore(file_of(load(db=db).db))


def sessions(
    db: DbOption = None,
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    automation: Annotated[str | None, typer.Option(help="Only of this automation.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    json: JsonOption = False,
) -> None:
    """List the newest sessions."""

    async def main() -> None:
        async with store_at(db) as store:
            found = await store.sessions(status=status, automation=automation, limit=limit)
            snapshots = [await _snapshot(store, session.id) for session in found]
        if json:
            for session, snapshot in zip(found, snapshots, strict=True):
                emit(facts(session, snapshot))
            return
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        # The id is there to be copied: it is never cut, the last words may be.
        for column, width in (("session", 55), ("status", 9), ("created", 11), ("%", 3)):
            table.add_column(column, no_wrap=True, min_width=width)
        table.add_column("last words", no_wrap=True, overflow="ellipsis", ratio=1)
        for session, snapshot in zip(found, snapshots, strict=True):
            table.add_row(
                session.id,
                coloured(session.status),
                session.created_at[5:16].replace("T", " "),
                f"{snapshot.percentual:.0f}",
                escape(snapshot.mensagem),
            )
        out.print(table if found else "No sessions yet.")

    terminal.run(main)


def tail(
    session_id: Annotated[
        str | None, typer.Argument(help="Only this session; it ends with it.", metavar="[ID]")
    ] = None,
    db: DbOption = None,
    json: JsonOption = False,
) -> None:
    """Follow events as they are written: of one session to its end, or of all until Ctrl-C."""

    def tell(item: Event) -> None:
        if json:
            terminal.emit_line(wire(item))
        else:
            out.print(line(item, with_session=session_id is None))

    async def main() -> None:
        async with store_at(db) as store:
            if session_id is None:
                await _follow_all(store, tell)
            else:
                await store.session(session_id)
                async for item in follow(store, session_id):
                    tell(item)

    terminal.run(main)


def snapshot(session_id: SessionArgument, db: DbOption = None) -> None:
    """Print a session's snapshot as JSON: the same that the service answers."""

    async def main() -> None:
        async with store_at(db) as store:
            await store.session(session_id)
            emit(
                {
                    "success": True,
                    "session_id": session_id,
                    **render(await _snapshot(store, session_id)),
                }
            )

    terminal.run(main)


async def follow(store: EventLog, session_id: str, after: int = 0) -> AsyncIterator[Event]:
    """The events of a session from `after` on, as they come, until its terminal one."""
    version = -1
    while True:
        page = await store.events(session_id, after=after)
        for item in page:
            after = item.seq
            yield item
            if item.status is not None:
                return
        if len(page) == PAGE:
            continue
        while (now := await store.version()) == version:
            await anyio.sleep(LOOK_S)
        version = now


def line(item: Event, *, with_session: bool = False) -> str:
    """One event as one line for people, in rich's markup."""
    data = item.data
    head = f"[dim]{item.at[11:23]}[/] " + (
        f"[dim]{item.session_id[-8:]}[/] " if with_session else ""
    )
    head += f"[dim]{item.seq:>3}[/] "
    message = escape(str(data.get("mensagem") or ""))
    match item.type:
        case EventType.PROGRESS:
            percent = float(data.get("percentual") or 0)
            where = f"{data.get('fase') or '':<8} {data.get('etapa') or '':>4}"
            title = escape(str(data.get("titulo") or ""))
            return f"{head}{percent:5.1f} %  [blue]{where}[/]  {title}  [dim]{message}[/]"
        case EventType.ESTIMATE:
            return f"{head}[green]estimate[/]  {escape(_ranges(data))}"
        case EventType.RESULT:
            return f"{head}[bold green]result[/]    {escape(_prices(data))}  {message}"
        case EventType.ERROR:
            where = f" on screen {data['etapa']}" if data.get("etapa") else ""
            return f"{head}[bold red]error[/]     {data.get('tipo')}{where}: {message}"


def _ranges(data: dict[str, object]) -> str:
    covers = data.get("coberturas_detalhadas")
    return " · ".join(
        f"{cover['nome_cobertura']} {cover['valores']['de']} – {cover['valores']['ate']}"
        for cover in (covers if isinstance(covers, list) else [])
    )


def _prices(data: dict[str, object]) -> str:
    plans = (data.get("plano_recomendado"), data.get("plano_alternativo"))
    told = [f"{plan['plano']} {plan['valor']}" for plan in plans if isinstance(plan, dict)]
    return " · ".join([str(data.get("desfecho") or ""), *told])


async def _follow_all(store: EventLog, tell: Callable[[Event], None]) -> None:
    position, version = await store.head(), -1
    while True:
        events, position = await store.since(position)
        for item in events:
            tell(item)
        if events:
            continue
        while (now := await store.version()) == version:
            await anyio.sleep(LOOK_S)
        version = now


async def history_of(store: EventLog, session_id: str) -> list[Event]:
    """All events of a session."""
    history: list[Event] = []
    while page := await store.events(session_id, after=len(history)):
        history += page
    return history


async def _snapshot(store: EventLog, session_id: str) -> Snapshot:
    picture = Snapshot()
    while page := await store.events(session_id, after=picture.cursor):
        for item in page:
            picture = step(picture, item)
    return picture


def facts(session: Session, picture: Snapshot) -> dict[str, object]:
    """A session's facts for programs; `picture` is the fold of its events."""
    return {
        "session_id": session.id,
        "automation": session.automation,
        "status": session.status,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "ended_at": session.ended_at,
        "events": session.last_seq,
        "percentual": picture.percentual,
        "etapa": picture.etapa,
        "mensagem": picture.mensagem,
        "assumed": list(session.assumed),
        "ignored": session.ignored,
        "wish": session.wish,
        "retry_of": session.retry_of,
        "priority": session.priority,
        "generation": session.generation,
        "lapses": session.lapses,
        "lease_owner": session.lease_owner,
        "lease_until": session.lease_until,
        "pid": session.pid,
    }


def coloured(status: Status) -> str:
    """A status in its colour, in rich's markup."""
    return f"[{COLOURS[status]}]{status}[/]"
