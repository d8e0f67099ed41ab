"""What every test may ask for: an event loop, a database of its own, a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from db.sqlite import SqliteStore
from db.store import Store

# The same examples at every run, and no stopwatch: a busy machine is no failure.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


@pytest.fixture
def anyio_backend() -> str:
    """Asyncio is what hypercorn and Playwright run on."""
    return "asyncio"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A path for a database that does not exist yet."""
    return tmp_path / "data.db"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    """An open store on a new file."""
    async with SqliteStore(database, create=True) as opened:
        yield opened
