"""What the tests of this folder share: one event loop, one service and one browser a module.

1. `retry:` is 20 ms instead of two seconds, or most of the tests' time would be clients that wait.
2. The pages are of another origin than the service, which lets it in by name. They come from a real
   socket: a browser lets no page of unknown whereabouts talk to this machine.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from playwright.async_api import BrowserContext, async_playwright

from db.sqlite import SqliteStore
from runner.browser import FLAGS, find_chromium
from service import sse
from service.app import Pace, ServiceSettings
from tests.service.conftest import Running, running


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Playwright knows asyncio only; one loop for the module, in which its browser lives."""
    return "asyncio"


@pytest.fixture(scope="module")
def short_retry() -> Iterator[None]:
    """Clients come back at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sse, "OPENING", sse.OPENING.replace(b"2000", b"20"))
        yield


@pytest.fixture(scope="module")
async def site(anyio_backend: str) -> AsyncIterator[str]:
    """The origin of a site with empty pages."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        # Browsers also open connections on which they ask for nothing.
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
            writer.write(head + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture(scope="module")
async def service(
    site: str, short_retry: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """A service in this process, with frequent pings, that lets the site in."""
    settings = ServiceSettings(cors_origins=[site], pace=Pace(ping_s=0.1))
    file = tmp_path_factory.mktemp("service") / "data.db"
    async with SqliteStore(file, create=True) as store, running(store, settings) as started:
        yield started


@pytest.fixture(scope="module")
async def browser(anyio_backend: str) -> AsyncIterator[BrowserContext]:
    """One Chromium."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", *FLAGS]
        )
        yield await started.new_context()
        await started.close()
