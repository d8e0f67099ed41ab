"""What a supervisor writes for a worker that cannot, or shall not: an ending, or "once more".

1. Everything that is said comes from the log, the only thing that both processes share: the screen,
   and whether anything of the visitor's was submitted (`dados_enviados`).
2. An ending is never given up while the lease is ours; who asked to cancel is told just that.
3. A session goes back to its queue only as long as nothing was submitted. It is said first and done
   then: whoever dies between the two leaves a session that waits, which the next one begins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from db.errors import Ended, EventRefused, Fenced, StoreError, UnknownSession
from db.events import EventType, Phase, Status
from db.snapshot import Snapshot, step
from db.store import PAGE, EventLog, Lease, Runs, Wish
from runner.failure import Failure
from runner.job import Job
from runner.reporter import FIRST_SCREEN, insist, progress

FOR_EVER = float("inf")
# This session is no longer ours to write.
LOST = (Fenced, Ended, UnknownSession)
# A refused event would be refused again; every other trouble passes.
FINAL = (*LOST, EventRefused)

BACK_MESSAGE = (
    "Nosso sistema está sendo reiniciado. Sua cotação recomeça em instantes, sem você precisar "
    "fazer nada."
)


async def conclude(
    store: Runs, lease: Lease, tipo: str, detail: Mapping[str, Any] | None = None
) -> None:
    """End the session with the failure `tipo`, as true as the log allows."""

    async def write() -> None:
        session = await store.session(lease.session_id)
        picture = await history(store, lease.session_id)
        wished = session.wish is Wish.CANCEL
        failure = Failure("cancelado" if wished else tipo, detail=detail)
        data = failure.data(picture.etapa or FIRST_SCREEN, picture.submitted)
        await store.append(lease, EventType.ERROR, data, detail=failure.detail or None)

    await _insist_while_ours(write)


async def give_back(store: Runs, lease: Lease) -> bool:
    """Put the session back into its queue and tell its visitor; False if it has to end instead."""
    may = True

    async def write() -> None:
        nonlocal may
        session = await store.session(lease.session_id)
        picture = await history(store, lease.session_id)
        may = not picture.submitted and session.wish is not Wish.CANCEL
        if may and not waits(picture):
            await store.append(lease, EventType.PROGRESS, _back(picture))
        if may:
            await store.release(lease)

    await _insist_while_ours(write)
    return may


async def fence(store: Runs, job: Job) -> Lease | None:
    """The next generation, or None if the session ended or somebody else took it."""
    fenced: list[Lease] = []

    async def take() -> None:
        lease = await store.fence(
            job.session_id, job.owner, ttl_s=job.ttl_s, generation=job.generation
        )
        fenced.append(lease)

    await _insist_while_ours(take)
    return fenced[-1] if fenced else None


async def history(store: EventLog, session_id: str) -> Snapshot:
    """The fold of everything that the session's log holds."""
    picture = Snapshot()
    while events := await store.events(session_id, after=picture.cursor, limit=PAGE):
        for event in events:
            picture = step(picture, event)
    return picture


def waits(picture: Snapshot) -> bool:
    """Whether it is in the queue by its own last word: new, or put back into it."""
    return picture.status is Status.QUEUED


def touched(picture: Snapshot) -> bool:
    """Whether a worker has come to any screen since it began."""
    return not waits(picture) and (picture.etapa != FIRST_SCREEN or picture.submitted)


def _back(picture: Snapshot) -> dict[str, Any]:
    told = progress(
        etapa=FIRST_SCREEN,
        total=picture.total_etapas,
        percentual=picture.percentual,
        fase=Phase.QUEUE,
        titulo="",
        mensagem=BACK_MESSAGE,
        status=Status.QUEUED,
    )
    return {**told, "fila": None}


async def _insist_while_ours(write: Callable[[], Awaitable[None]]) -> None:
    with suppress(*FINAL):
        await insist(write, patience_s=FOR_EVER, against=(StoreError,), save=FINAL)
