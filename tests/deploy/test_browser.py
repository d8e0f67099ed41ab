"""Chromium's own WebSocket: over HTTP/1.1, and as a stream of HTTP/2 where it has the choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright
from starlette.types import Receive, Scope, Send

from runner.browser import FLAGS, find_chromium
from service.app import Service
from service.server import Tls
from tests.certificate import certificate
from tests.service.conftest import Serving

pytestmark = pytest.mark.anyio

# The first request opens the connection that an HTTP/2 WebSocket is then a stream of.
WATCH = """async (url) => {
  await fetch("/livez")
  return await new Promise((done) => {
    const events = [], socket = new WebSocket(url)
    socket.onmessage = ({ data }) => events.push(JSON.parse(data).event)
    socket.onclose = ({ code, wasClean }) => done([events, code, wasClean])
  })
}"""


@pytest.mark.parametrize(("secure", "version"), [(False, "1.1"), (True, "2")])
async def test_a_pages_websocket_hears_everything_and_closes_cleanly(
    serving: Serving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    secure: bool,
    version: str,
) -> None:
    versions = []
    answer = Service.__call__

    async def noting(app: Service, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            versions.append(scope["http_version"])
        await answer(app, scope, receive, send)

    monkeypatch.setattr(Service, "__call__", noting)
    own = certificate(tmp_path)
    tls = Tls(cert=own.cert, key=own.key) if secure else None
    async with serving(tls=tls) as service, async_playwright() as playwright:
        session = await service.told(9)
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", *FLAGS]
        )
        context = await browser.new_context(ignore_https_errors=True, bypass_csp=True)
        page = await context.new_page()
        await page.goto(f"{service.url}/livez")
        path = service.events(session).replace("/events/", "/ws/")
        heard: list[Any] = await page.evaluate(WATCH, service.url.replace("http", "ws") + path)
        await browser.close()
    assert heard == [[*["progress"] * 9, "result", "end"], 1000, True]
    assert versions == [version]
