"""Four clients that were not made for this service, each with what its user would write around it.

Every one follows a stream until it stops **by itself**, and says what its user saw. Nobody here
looks at `end`: that is for pages; a client stops because it is told 204, or it never would.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import httpx_sse
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import Page

from tests.service.conftest import blocks

HERE = Path(__file__).parent
# For those clients that can tell: a line without even a ping for this long is dead.
SILENCE_S = 0.6

FOLLOW = """
(url) => new Promise((resolve) => {
  const told = [], source = new EventSource(url);
  for (const name of ["progress", "estimate", "result", "failure", "end", "reset", "message"])
    source.addEventListener(name, ({ lastEventId, data }) => told.push([name, lastEventId, data]));
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(told); };
})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as a client's user sees it; `data` is the JSON in it."""

    name: str
    id: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client: follows an address to the end. Some hear that a line has gone silent."""

    follow: Callable[[str], Awaitable[list[Told]]]
    hears_silence: bool


def with_curl(notes: Path) -> Client:
    """curl in a loop of the shell."""

    async def follow(url: str) -> list[Told]:
        done = await anyio.run_process(["sh", HERE / "follow.sh", url, notes])
        return [
            Told(name=block["event"], id=block.get("id", ""), data=block["data"])
            for block in blocks(done.stdout.decode())
            if block["event"] != "ping"
        ]

    return Client(follow=follow, hears_silence=True)


async def _follow_with_httpx(url: str) -> list[Told]:
    """httpx-sse in a loop of Python."""
    told: list[Told] = []
    last = ""
    async with httpx.AsyncClient(timeout=httpx.Timeout(10, read=SILENCE_S)) as client:
        while True:
            try:
                headers = {"Last-Event-ID": last} if last else {}
                async with httpx_sse.aconnect_sse(client, "GET", url, headers=headers) as source:
                    if source.response.status_code == httpx.codes.NO_CONTENT:
                        return told
                    async for event in source.aiter_sse():
                        if event.event != "ping":
                            told.append(Told(name=event.event, id=event.id, data=event.data))
                            last = event.id or last
            except httpx.TransportError:
                continue


WITH_HTTPX = Client(follow=_follow_with_httpx, hears_silence=True)


def with_node() -> Client:
    """The npm package `eventsource`, in the Node that Playwright brings along."""
    node, _ = compute_driver_executable()

    async def follow(url: str) -> list[Told]:
        done = await anyio.run_process([node, HERE / "follow.mjs", url])
        return _told([json.loads(line) for line in done.stdout.splitlines()])

    return Client(follow=follow, hears_silence=False)


def with_chromium(page: Page) -> Client:
    """Chromium's own `EventSource`, in a page of another site."""

    async def follow(url: str) -> list[Told]:
        return _told(await page.evaluate(FOLLOW, url))

    return Client(follow=follow, hears_silence=False)


def _told(lines: list[tuple[str, str, str]]) -> list[Told]:
    return [Told(name=name, id=last, data=data) for name, last, data in lines]
