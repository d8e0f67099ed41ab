"""What the tests of flows share: the event loop, one browser and one replica a module.

1. One loop for the whole session: a browser that is shared by a module lives in it.
2. Flow and replica meet here only through HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from demo.replica import Replica
from runner.browser import Browser
from tests.flows.journey import Stage


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Playwright knows asyncio only."""
    return "asyncio"


@pytest.fixture(scope="module")
def site() -> Iterator[Replica]:
    """The replica at test pace."""
    with Replica(pace="fast", seed=1) as replica:
        yield replica


@pytest.fixture(scope="module")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """One real Chromium for the module; each journey has a context of its own."""
    async with Browser() as browser:
        yield browser


@pytest.fixture
def stage(site: Replica, browser: Browser) -> Stage:
    """A browser and a site to run journeys on."""
    return Stage(site=site, browser=browser)
