"""The wiring: settings become a store, a vault, automations, a service, a runner.

1. The only room where db, service and runner meet; each of them is handed what it needs.
2. Shutdown order is the reverse of the wiring: requests, streams, tail or workers, store.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import anyio

from andamento.automations import AUTOMATIONS
from andamento.settings import Keys, Settings
from db.sqlite import SqliteStore, file_of
from db.store import Store
from db.vault import Vault
from runner.flow import Site
from runner.supervisor import Supervisor, Workplace
from service.app import ServiceSettings, create_app
from service.server import serve as serve_app

SNIPPET = Path(__file__).parent.parent / "frontend_snippet" / "andamento.js"
# SQLite's log grows by some 16 KiB an event; a look a second keeps it at a few megabytes.
HOUSEKEEPING_S = 1.0


def open_store(settings: Settings, *, create: bool) -> SqliteStore:
    """The store behind the settings' database URL, not yet entered."""
    return SqliteStore(file_of(settings.db), create=create)


def open_vault(settings: Settings) -> Vault:
    """The vault with this installation's key."""
    return Vault(Keys(settings.data_dir).vault)


async def serve(settings: Settings, stop: anyio.Event, ready: Callable[[str], None]) -> None:
    """Run the service until `stop` is set; `ready` is told its address."""
    vault = open_vault(settings)
    async with open_store(settings, create=True) as store, anyio.create_task_group() as group:
        group.start_soon(housekeep, store)
        app = create_app(
            store=store,
            automations=AUTOMATIONS,
            seal=vault.seal,
            secret=Keys(settings.data_dir).token,
            settings=ServiceSettings(
                version=version("andamento"),
                cors_origins=settings.cors_origins,
                trusted_proxies=settings.trusted_proxies,
                public_url=settings.public_url,
                token_ttl_s=settings.token_ttl_s,
                starts_per_minute=settings.starts_per_minute,
                requests_per_minute=settings.requests_per_minute,
                snippet_path=SNIPPET,
                disk_path=file_of(settings.db).absolute().parent,
            ),
        )
        await serve_app(app, host=settings.host, port=settings.port, stop=stop, ready=ready)
        group.cancel_scope.cancel()


def supervisor(
    settings: Settings, store: Store, *, queues: Sequence[str] | None = None
) -> Supervisor:
    """A supervisor over all automations (or only `queues`), spawning `andamento.worker`."""
    vault = open_vault(settings)
    return Supervisor(
        store=store,
        automations=AUTOMATIONS,
        queues=queues or sorted({automation.queue for automation in AUTOMATIONS.values()}),
        capacity=settings.capacity,
        command=[sys.executable, "-m", "andamento.worker"],
        workplace=Workplace(
            database=f"sqlite:///{file_of(settings.db).absolute()}",
            site=Site(
                url=settings.quote_url,
                email=settings.quote_email,
                password=settings.quote_password.get_secret_value(),
            ),
            chromium=settings.chromium,
        ),
        unseal=lambda session: vault.open(session.id, session.answers),
    )


async def run(settings: Settings, stop: anyio.Event) -> None:
    """Run the runner until `stop` is set."""
    async with open_store(settings, create=True) as store, anyio.create_task_group() as group:
        group.start_soon(housekeep, store)
        await supervisor(settings, store).run(stop)
        group.cancel_scope.cancel()


async def housekeep(store: Store) -> None:
    """Checkpoint now and then, until cancelled; safe in several processes at once."""
    while True:
        await anyio.sleep(HOUSEKEEPING_S)
        await store.checkpoint()
