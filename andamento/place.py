"""What service and runner share: one installation's store, its vault, its housekeeping."""

from __future__ import annotations

import anyio

from andamento.settings import Keys, Settings
from db.sqlite import SqliteStore, file_of
from db.store import Store
from db.vault import Vault

# SQLite's log grows by some 16 KiB an event; a look a second keeps it at a few megabytes.
HOUSEKEEPING_S = 1.0


def open_store(settings: Settings, *, create: bool) -> SqliteStore:
    """The store behind the settings' database URL, not yet entered."""
    return SqliteStore(file_of(settings.db), create=create)


def open_vault(settings: Settings) -> Vault:
    """The vault with this installation's key."""
    return Vault(Keys(settings.data_dir).vault)


async def housekeep(store: Store) -> None:
    """Checkpoint now and then, until cancelled; safe in several processes at once."""
    while True:
        await anyio.sleep(HOUSEKEEPING_S)
        await store.checkpoint()
