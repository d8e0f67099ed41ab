"""The fold: a session's events become the one picture of where it stands.

1. Pure: no clock, no I/O. `snapshot = step(snapshot, event)`, so that a reader may keep a snapshot
   and add only what is new; `fold(events)` is that from the beginning.
2. `frontend_snippet/andamento.js` holds the same function; `tests/vectors/*.json` bind the two.
3. Tolerant of missing keys: an old log must still fold after an event gained a field.
4. Bounded: the lists keep their last ten, whatever the length of the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from db.events import Event, EventType, Phase, Status

# A picture of the last steps, not the history: that is what the log is for.
KEPT = 10

QUEUED_MESSAGE = "Recebemos seu pedido. Já vamos começar."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One pass over a screen; times as in the events, None while unknown."""

    etapa: str
    titulo: str
    inicio: str | None
    fim: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Where a session stands after `cursor` events. `submitted` is for the runner's own use."""

    cursor: int = 0
    status: Status = Status.QUEUED
    etapa_atual: int = 0
    total_etapas: int = 0
    percentual: float = 0
    mensagem: str = QUEUED_MESSAGE
    started_at: str | None = None
    updated_at: str | None = None
    etapa: str | None = None
    estimate: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    errors: tuple[Mapping[str, Any], ...] = ()
    timeline: tuple[Visit, ...] = ()
    restante_s: Any = None
    fila: Any = None
    assumidas: Sequence[Any] = ()
    submitted: bool = False


def fold(events: Iterable[Event]) -> Snapshot:
    """The snapshot of a history that is given in the order of seq."""
    snapshot = Snapshot()
    for event in events:
        snapshot = step(snapshot, event)
    return snapshot


def step(snapshot: Snapshot, event: Event) -> Snapshot:
    """The snapshot after one more event. An event at or before the cursor changes nothing."""
    if event.seq <= snapshot.cursor:
        return snapshot
    data = event.data
    snapshot = replace(
        snapshot,
        cursor=event.seq,
        started_at=snapshot.started_at or event.at,
        updated_at=event.at,
        mensagem=str(data.get("mensagem") or snapshot.mensagem),
        submitted=snapshot.submitted or data.get("dados_enviados") is True,
    )
    match event.type:
        case EventType.PROGRESS:
            return _progress(snapshot, data, event.at)
        case EventType.ESTIMATE:
            return replace(snapshot, estimate=data)
        case EventType.RESULT:
            return _end(replace(snapshot, result=data, percentual=100), Status.COMPLETED)
        case EventType.ERROR:
            return _error(snapshot, data, event)


def render(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as the outside sees it: `{"cursor", "terminal", "progress": {…}}`."""
    return {
        "cursor": snapshot.cursor,
        "terminal": snapshot.status.terminal,
        "progress": {
            "etapa_atual": snapshot.etapa_atual,
            "total_etapas": snapshot.total_etapas,
            "percentual": snapshot.percentual,
            "status": str(snapshot.status),
            "mensagem": snapshot.mensagem,
            "timestamp_inicio": snapshot.started_at,
            "timestamp_atualizacao": snapshot.updated_at,
            "estimativas": {
                "capturadas": snapshot.estimate is not None,
                "dados": snapshot.estimate,
            },
            "resultados_finais": {
                "rpa_finalizado": snapshot.result is not None,
                "dados": snapshot.result,
            },
            "erros": list(snapshot.errors),
            "timeline": [_visit(visit) for visit in snapshot.timeline],
            "restante_s": snapshot.restante_s,
            "fila": snapshot.fila,
            "assumidas": list(snapshot.assumidas),
            "source": "history",
        },
    }


def _progress(snapshot: Snapshot, data: Mapping[str, Any], at: str) -> Snapshot:
    status = _running_status(data.get("status"))
    return replace(
        snapshot,
        status=status,
        etapa=str(data["etapa"]) if "etapa" in data else snapshot.etapa,
        etapa_atual=data.get("etapa_atual", snapshot.etapa_atual),
        total_etapas=data.get("total_etapas", snapshot.total_etapas),
        # Never falls, even where a writer got it wrong: a bar that goes back breaks trust.
        percentual=max(snapshot.percentual, data.get("percentual", 0)),
        restante_s=data.get("restante_s"),
        fila=data.get("fila") if status is Status.QUEUED else None,
        assumidas=_list(data.get("assumidas"), snapshot.assumidas),
        timeline=_timeline(snapshot.timeline, data, at),
    )


def _running_status(given: object) -> Status:
    return Status(str(given)) if given in ("queued", "paused") else Status.RUNNING


def _list(given: object, kept: Sequence[Any]) -> Sequence[Any]:
    # Told once, at the beginning: what later events do not repeat stays.
    return given if isinstance(given, list) else kept


def _timeline(timeline: tuple[Visit, ...], data: Mapping[str, Any], at: str) -> tuple[Visit, ...]:
    etapa, titulo = str(data.get("etapa", "")), str(data.get("titulo", ""))
    match data.get("fase"):
        case Phase.ENTERED:
            return (*timeline, Visit(etapa=etapa, titulo=titulo, inicio=at))[-KEPT:]
        case Phase.DONE:
            return _leave(timeline, etapa, titulo, at)
        case _:
            return timeline


def _leave(timeline: tuple[Visit, ...], etapa: str, titulo: str, at: str) -> tuple[Visit, ...]:
    for index in range(len(timeline) - 1, -1, -1):
        visit = timeline[index]
        if visit.etapa == etapa and visit.fim is None:
            return (*timeline[:index], replace(visit, fim=at), *timeline[index + 1 :])
    return (*timeline, Visit(etapa=etapa, titulo=titulo, inicio=None, fim=at))[-KEPT:]


def _error(snapshot: Snapshot, data: Mapping[str, Any], event: Event) -> Snapshot:
    entry = {key: data.get(key) for key in ("tipo", "mensagem", "sugestao")}
    entry["timestamp"] = event.at
    snapshot = replace(snapshot, errors=(*snapshot.errors, entry)[-KEPT:])
    status = event.status
    return _end(snapshot, status) if status else snapshot


def _end(snapshot: Snapshot, status: Status) -> Snapshot:
    return replace(snapshot, status=status, restante_s=None, fila=None)


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "etapa": visit.etapa,
        "titulo": visit.titulo,
        "inicio": visit.inicio,
        "fim": visit.fim,
        "duracao_s": _seconds(visit.inicio, visit.fim),
    }


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    passed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return round(passed.total_seconds(), 3)
