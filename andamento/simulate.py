"""`andamento simulate`: sessions written straight into the database, without service or browser.

1. The load generator of the benchmarks: every event's data carries `t`, Unix time in nanoseconds,
   taken just before its append, so that a reader can tell how long the event was on its way.
2. Sessions wait in a queue of their own, which no runner serves.
3. M events a session: M - 1 of progress and the result, round robin over the sessions.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import anyio
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from andamento import terminal
from andamento.settings import Keys, Settings, load
from andamento.terminal import DbOption, Failed, JsonOption, emit, err, out
from db.errors import Ended
from db.events import EventType
from db.sqlite import SqliteStore, file_of
from db.store import Lease, NewSession, Store

QUEUE = "simulate"
# Long enough for the longest bench; a crashed generator's sessions are nobody's to take over.
LEASE_S = 86_400


def simulate(
    db: DbOption = None,
    sessions: Annotated[int, typer.Option(min=1, max=100_000, help="How many sessions.")] = 1,
    events: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="Events a session, the result included.")
    ] = 15,
    rate: Annotated[
        float, typer.Option(min=0, help="Events a second in all; 0: as fast as it goes.")
    ] = 5,
    session: Annotated[
        list[str] | None,
        typer.Option(help="Write into this prepared session; repeatable; - reads ids from stdin."),
    ] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only create the sessions and print id and URLs.")
    ] = False,
    base: Annotated[
        str | None, typer.Option(help="Address of the service in the printed URLs.", metavar="URL")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write simulated sessions straight into the database (no browser, no service needed)."""

    async def main() -> None:
        settings = load(db=db)
        async with SqliteStore(file_of(settings.db), create=True) as store:
            ids = _given(session) or [await _create(store) for _ in range(sessions)]
            if prepare:
                for session_id in ids:
                    emit(addresses(settings, session_id, base))
                return
            leases = [await _take(store, session_id) for session_id in ids]
            took_s = await _write(store, leases, events, rate, quiet=json)
        if json:
            total = len(ids) * events
            emit({"sessions": ids, "events": total, "seconds": took_s, "rate": total / took_s})
        else:
            for session_id in ids:
                out.print(session_id)

    terminal.run(main)


def addresses(settings: Settings, session_id: str, base: str | None = None) -> dict[str, str]:
    """A session's id, token and URLs, as the service's start answers them."""
    from service.token import mint

    base = base or settings.public_url or f"http://{settings.host}:{settings.port}"
    token = mint(Keys(settings.data_dir).token, session_id, ttl_s=settings.token_ttl_s)
    return {
        "session_id": session_id,
        "token": token,
        "events_url": f"{base}/api/rpa/events/{session_id}?token={token}",
        "progress_url": f"{base}/api/rpa/progress/{session_id}?token={token}",
    }


def _given(session: Sequence[str] | None) -> list[str]:
    ids: list[str] = []
    for name in session or ():
        ids += sys.stdin.read().split() if name == "-" else [name]
    return list(dict.fromkeys(ids))


async def _create(store: Store) -> str:
    from service.token import new_session_id

    new = NewSession(id=new_session_id(), automation="simulacao", queue=QUEUE)
    created, _ = await store.create(new)
    # Held from the start: it shall not count as a visitor who waits.
    await store.fence(created.id, "simulate", ttl_s=LEASE_S)
    return created.id


async def _take(store: Store, session_id: str) -> Lease:
    found = await store.session(session_id)
    if found.queue != QUEUE:
        raise Failed(
            f"{session_id} belongs to a runner, not to simulate; prepare one with --prepare"
        )
    try:
        return await store.fence(session_id, f"simulate-{secrets.token_hex(4)}", ttl_s=LEASE_S)
    except Ended as error:
        raise Failed(f"{session_id} has already ended; prepare a new one with --prepare") from error


async def _write(
    store: Store, leases: Sequence[Lease], events: int, rate: float, *, quiet: bool
) -> float:
    """Write all events, paced; returns the seconds it took."""
    began = time.perf_counter()
    with _bar(quiet) as bar:
        task = bar.add_task("events", total=len(leases) * events)
        housekeeping = 0.0
        for count, (lease, number) in enumerate(_round_robin(leases, events)):
            # Against the start, not the last event: a slow append does not slow the whole down.
            await anyio.sleep(max(0, began + count / rate - time.perf_counter()) if rate else 0)
            kind, data = _event(number, events)
            data["t"] = time.time_ns()
            await store.append(lease, kind, data)
            bar.advance(task)
            if time.perf_counter() - housekeeping > 1:
                housekeeping = time.perf_counter()
                await store.checkpoint()
    return time.perf_counter() - began


def _round_robin(leases: Sequence[Lease], events: int) -> Iterator[tuple[Lease, int]]:
    for number in range(1, events + 1):
        for lease in leases:
            yield lease, number


def _event(number: int, events: int) -> tuple[EventType, dict[str, Any]]:
    if number == events:
        return EventType.RESULT, {
            "desfecho": "cotacao_manual",
            "mensagem": "Simulação concluída.",
            "proximo_passo": "Nada a fazer: esta sessão foi simulada.",
        }
    share = number / events
    screen = 1 + int(share * 15)
    return EventType.PROGRESS, {
        "etapa": str(screen),
        "etapa_atual": screen,
        "total_etapas": 15,
        "percentual": min(99.0, round(share * 100, 1)),
        "status": "running",
        "fase": "aviso",
        "titulo": f"Tela {screen}",
        "mensagem": f"Evento simulado {number} de {events}",
        "restante_s": None,
    }


def _bar(quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=quiet or not err.is_terminal,
    )
