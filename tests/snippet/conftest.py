"""A real Chromium, the demo's landing page and a fake service for the tests of this folder.

1. The snippet's waits are shortened through its own seam, never its code.
2. Timers and streams of the page are counted, so that a test can say "nothing is left".
3. A fault of the page's own script fails the test that met it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from demo.landing import Landing
from tests import browser
from tests.snippet.fake import PATIENCE_S, Service

TIMES = {"backoff": 40, "longest": 200, "poll": 60, "lost": 100, "speak": 200}

SHORTEN = """
customElements.whenDefined("andamento-modal").then((modal) => {
  Object.assign(modal.seams.times, %s);
});
"""
COUNT = """
window.left = { timers: new Set(), sources: [], sockets: [], told: [] };
const { setTimeout: set, clearTimeout: clear, EventSource: Source } = window;
window.setTimeout = (work, delay, ...rest) => {
  const timer = set(() => { left.timers.delete(timer); work(...rest); }, delay);
  left.timers.add(timer);
  return timer;
};
window.clearTimeout = (timer) => { left.timers.delete(timer); clear(timer); };
window.EventSource = class extends Source {
  constructor(...given) { super(...given); left.sources.push(this); }
};
const { WebSocket: Socket } = window;
window.WebSocket = class extends Socket {
  constructor(...given) { super(...given); left.sockets.push(this); }
};
for (const name of ["progress", "estimate", "result", "failure", "close"])
  document.addEventListener(name, ({ target, detail }) => {
    if (target.localName === "andamento-modal") left.told.push([name, detail]);
  });
"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person on the landing page."""

    page: Page
    landing: Landing

    def arrive(self, **times: float) -> None:
        """Open the page with the snippet's waits shortened."""
        self.page.add_init_script(SHORTEN % json.dumps({**TIMES, **times}))
        self.page.goto(self.landing.url)

    def submit(self) -> None:
        """Fill in the invented person and send the form."""
        self.page.get_by_role("button", name="Preencher com pessoa de exemplo").click()
        self.page.get_by_role("button", name="Ver meu preço").click()

    @property
    def modal(self) -> Locator:
        return self.page.locator("andamento-modal dialog")

    @property
    def title(self) -> Locator:
        return self.modal.locator("h2")

    @property
    def pill(self) -> Locator:
        return self.page.locator("andamento-modal .pill")

    def close(self) -> None:
        """Away from the dialog to the pill, and for good from there."""
        self.page.keyboard.press("Escape")
        self.page.locator("andamento-modal .tray").get_by_role("button", name="Fechar").click()

    def told(self, name: str) -> list[Any]:
        """The details of the element's events of this name."""
        told: list[list[Any]] = self.page.evaluate("left.told")
        return [detail for kind, detail in told if kind == name]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for the tests of a module."""
    with browser.chromium() as started:
        yield started


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh page; an error of the page's script fails the test."""
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    context.set_default_timeout(PATIENCE_S * 1000)
    context.add_init_script(COUNT)
    with browser.faultless(context.new_page()) as opened:
        yield opened
    context.close()


@pytest.fixture
def service() -> Iterator[Service]:
    """A fake service that behaves until told otherwise."""
    with Service() as fake:
        yield fake


@pytest.fixture
def landing(service: Service) -> Iterator[Landing]:
    """The demo's landing page, with the snippet of the fake service."""
    with Landing(api=service.url) as site:
        yield site


@pytest.fixture
def visitor(page: Page, landing: Landing) -> Visitor:
    """A person on the landing page, who has not opened it yet."""
    return Visitor(page, landing)
