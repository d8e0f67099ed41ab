"""A real replica and a real Chromium for the tests of this folder.

1. One replica, one browser and one page for each module: the site keeps nothing in the browser, so
   that loading it again is a fresh start at a third of a context's price.
2. A fault of the page's own script fails the test that met it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from demo.replica import Replica
from tests import browser

PATIENCE_MS = 8_000  # a fast screen takes a tenth of a second; two busy cores take their time


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    """The replica of this folder, at the fast pace, with amounts of their own."""
    with Replica(pace="fast", seed=1) as site:
        yield site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for the tests of a module."""
    with browser.chromium() as started:
        yield started


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
    with browser.faultless(window):
        yield window
        window.goto("about:blank")
        window.unroute_all()
