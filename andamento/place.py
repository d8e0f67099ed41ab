"""What an installation has, for all commands: its store, vault, snippet, housekeeping."""

from __future__ import annotations

from pathlib import Path

import anyio
import structlog

from andamento.settings import Keys, Settings
from db.errors import StoreError
from db.sqlite import SqliteStore, file_of
from db.store import Store
from db.vault import Vault

# SQLite's log grows by some 16 KiB an event: 2 MB between two looks at a hundred events a second.
HOUSEKEEPING_S = 1.0

SNIPPET = Path(__file__).parent.parent / "frontend_snippet" / "andamento.js"

log = structlog.get_logger()


def open_store(settings: Settings, *, create: bool) -> SqliteStore:
    """The store behind the settings' database URL, not yet entered."""
    return SqliteStore(file_of(settings.db), create=create)


def open_vault(settings: Settings) -> Vault:
    """The vault with this installation's key."""
    return Vault(Keys(settings.data_dir).vault)


async def housekeep(store: Store) -> None:
    """Checkpoint now and then, until cancelled; safe in several processes at once.

    A checkpoint that fails (a full disk) loses nothing and is tried again: it is said once.
    """
    trouble: str | None = None
    while True:
        await anyio.sleep(HOUSEKEEPING_S)
        try:
            await store.checkpoint()
            trouble = None
        except StoreError as error:
            if trouble != error.code:
                log.error("checkpoint failed, trying again", code=error.code, error=str(error))
            trouble = error.code
