"""A real replica and a real Chromium for the tests of this folder.

1. One replica, one browser and one page for the whole folder: the site keeps nothing in the
   browser, so that loading it again is a fresh start at a third of a context's price.
2. Package scope, not session: while the browser's driver runs, the main thread counts as inside an
   event loop, and tests of other folders start loops of their own.
3. A fault of the page's own script fails the test that met it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from demo.replica import Replica

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 8_000  # a fast screen takes a tenth of a second; two busy cores take their time


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    """The replica of this folder, at the fast pace, with amounts of their own."""
    with Replica(pace="fast", seed=1) as site:
        yield site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, or the one that Playwright brought along."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[Page]:
    """The page that the tests take turns with."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """An empty page; an error of its script fails the test."""
    errors: list[str] = []

    def note(error: object) -> None:
        errors.append(str(error))

    window.on("pageerror", note)
    yield window
    window.goto("about:blank")
    window.unroute_all()
    window.remove_listener("pageerror", note)
    assert errors == []
