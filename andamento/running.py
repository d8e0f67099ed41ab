"""The wiring of the runner: settings become a store, a vault, a supervisor over workers."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import IO

import anyio
from anyio import to_thread

from andamento import evidence, log
from andamento.automations import AUTOMATIONS
from andamento.place import housekeep, open_store, open_vault
from andamento.settings import Settings, foreign_environment
from db.sqlite import file_of
from db.store import Store
from runner import folder, stray
from runner.flow import Site
from runner.journal import Journal
from runner.supervisor import Supervisor, Workplace

# Evidence is kept for days; a folder that a killed runner left should not wait for long.
TIDY_S = 600.0


async def run(settings: Settings, stop: anyio.Event) -> None:
    """Run the runner until `stop` is set."""
    async with (
        open_store(settings, create=True) as store,
        journal(settings, store, sys.stdout),
        anyio.create_task_group() as group,
    ):
        group.start_soon(housekeep, store)
        group.start_soon(tidy, settings)
        await supervisor(settings, store).run(stop)
        group.cancel_scope.cancel()


@asynccontextmanager
async def journal(
    settings: Settings, store: Store, stream: IO[str], *, level: str = ""
) -> AsyncIterator[None]:
    """Keep what is logged about sessions in `store`, too, as long as the context lasts.

    It is written to `stream` from `level` on (empty: that of the settings).
    """
    kept = Journal(store)
    log.configure(level or settings.log_level, stream=stream, note=kept.note)
    async with anyio.create_task_group() as group:
        group.start_soon(kept.run)
        try:
            yield
        finally:
            group.cancel_scope.cancel()


async def tidy(settings: Settings) -> None:
    """Remove old evidence, and what killed runners left behind, now and then until cancelled."""
    shelf = evidence.shelf(settings)
    while True:
        # Before the folders: a worker that is still there would fill its own again.
        await to_thread.run_sync(stray.sweep, _worker(settings), abandon_on_cancel=True)
        await to_thread.run_sync(lambda: shelf.sweep(days=settings.evidence_days))
        await to_thread.run_sync(folder.sweep)
        await anyio.sleep(TIDY_S)


def supervisor(
    settings: Settings, store: Store, *, queues: Sequence[str] | None = None
) -> Supervisor:
    """A supervisor over all automations, spawning `andamento.worker`.

    With `queues` it serves only those, cold, and leaves all others, orphans too, to the real
    runners.
    """
    vault = open_vault(settings)
    return Supervisor(
        store=store,
        automations=AUTOMATIONS,
        queues=queues or sorted({automation.queue for automation in AUTOMATIONS.values()}),
        capacity=settings.capacity,
        orphans=queues is None,
        spares=settings.spares if queues is None else 0,
        grace_s=settings.stop_grace_s,
        command=_worker(settings),
        workplace=Workplace(
            database=f"sqlite:///{file_of(settings.db).absolute()}",
            site=Site(
                url=settings.quote_url,
                email=settings.quote_email,
                password=settings.quote_password.get_secret_value(),
            ),
            chromium=settings.chromium,
            environment=foreign_environment(),
            memory=settings.worker_memory_mb << 20,
        ),
        unseal=lambda session: vault.open(session.id, session.answers),
    )


def _worker(settings: Settings) -> list[str]:
    # -P: what lies in the working folder is not to be imported.
    return [sys.executable, "-P", "-m", "andamento.worker", *_evidence(settings)]


def _evidence(settings: Settings) -> list[str]:
    return [str(evidence.shelf(settings).root.absolute())] if settings.evidence_days else []
