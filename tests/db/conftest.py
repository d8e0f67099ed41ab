"""The engines that the contract suite runs against, each as a way to open a store on a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.sqlite import SqliteStore
from db.store import Store


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let `seconds` pass (negative: the clock was set back)."""
        self.now += timedelta(seconds=seconds)


Opener = Callable[[Path, Clock], Store]

# A second engine joins the contract by one line here.
ENGINES: dict[str, Opener] = {
    "sqlite": lambda folder, clock: SqliteStore(folder / "data.db", create=True, clock=clock)
}


@pytest.fixture
def clock() -> Clock:
    """The clock of the engine under test."""
    return Clock()


@pytest.fixture(params=sorted(ENGINES))
def opener(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Callable[[], Store]:
    """Opens one more store on the same database, as another process would."""
    engine = ENGINES[request.param]
    return lambda: engine(tmp_path, clock)


@pytest.fixture
async def store(opener: Callable[[], Store]) -> AsyncIterator[Store]:
    """The engine under test."""
    async with opener() as opened:
        yield opened
