"""Seven tabs of one browser over HTTP/1.1: what the browser holds back, and what we answer.

1. **The browser's**: it opens six connections to a host, over all tabs together; what the seventh
   tab asks waits inside the browser, silently, and reaches nobody. HTTP/2 at the edge lifts that,
   and so does the snippet, whose tabs share one stream.
2. **Ours**: each of the six that arrive is answered and lives, whichever tab it is of; and the
   seventh is answered in full the moment the browser lets it go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from playwright.async_api import BrowserContext, Page

from tests.service.conftest import Running
from tests.stream.proxy import proxying

pytestmark = pytest.mark.anyio

TABS, CONNECTIONS = 7, 6

WATCH = """
(url) => {
  const seen = (window.seen = []), source = (window.source = new EventSource(url));
  for (const name of ["progress", "result"])
    source.addEventListener(name, ({ lastEventId }) => seen.push(Number(lastEventId)));
}
"""


@pytest.fixture
async def tabs(browser: BrowserContext, site: str) -> AsyncIterator[list[Page]]:
    """Seven pages of one site in one browser."""
    pages = [await browser.new_page() for _ in range(TABS)]
    for page in pages:
        await page.goto(site)
    yield pages
    for page in pages:
        await page.close()


async def states(tabs: list[Page]) -> list[Any]:
    return [await page.evaluate("source.readyState") for page in tabs]


async def until_seen(page: Page, count: int) -> None:
    """Until this tab's user saw so many events; fails after a deadline."""
    await page.wait_for_function("(count) => seen.length === count", arg=count, timeout=20_000)


async def test_six_tabs_live_and_the_seventh_is_answered_once_the_browser_asks(
    service: Running, tabs: list[Page]
) -> None:
    session = await service.told(3, ended=False)
    pen = await service.pen(session)
    async with proxying(int(service.url.rpartition(":")[2])) as proxy:
        for page in tabs:
            await page.evaluate(WATCH, proxy.address(service.url + service.events(session)))
            if page is not tabs[-1]:
                await until_seen(page, 3)
        await pen.progress()
        for page in tabs[:CONNECTIONS]:
            await until_seen(page, 4)
        # The browser's: the last tab still waits for a connection, and we have never heard of it.
        assert await states(tabs) == [1] * CONNECTIONS + [0]
        assert len(proxy.asked) == service.app.parts.gate.streams == CONNECTIONS
        # Ours: it comes late and misses nothing.
        await tabs[0].evaluate("source.close()")
        await until_seen(tabs[-1], 4)
        await pen.result()
        for page in tabs[1:]:
            await until_seen(page, 5)
            assert await page.evaluate("seen") == [1, 2, 3, 4, 5]


async def test_all_tabs_end_by_themselves_when_the_session_does(
    service: Running, tabs: list[Page]
) -> None:
    session = await service.told(3, ended=False)
    pen = await service.pen(session)
    for page in tabs:
        await page.evaluate(WATCH, service.url + service.events(session))
    await until_seen(tabs[0], 3)
    await pen.result()
    with anyio.fail_after(20):
        for page in tabs:
            await page.wait_for_function("source.readyState === EventSource.CLOSED")
            assert await page.evaluate("seen") == [1, 2, 3, 4]
        while service.app.parts.gate.streams:
            await checkpoint()
