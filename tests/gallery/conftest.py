"""One Chromium for the folder; the demo's site with the snippet of a fake service beside it.

1. Module scope, not session: while Playwright's driver runs, the main thread counts as inside an
   event loop.
2. The playground's page is one for all states of a module: what a state leaves behind is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from demo.landing import Landing
from runner.browser import FLAGS, find_chromium
from tests.gallery.showcase import Showcase
from tests.snippet.fake import PATIENCE_S, Service

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, or the one that Playwright brought along."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", *FLAGS]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def pictures() -> Path:
    """Where the pictures are kept: a folder that git does not know."""
    folder = ROOT / "build" / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def showcase(browser: Browser) -> Iterator[Showcase]:
    """The playground, in a page without motion."""
    context = browser.new_context(reduced_motion="reduce", locale="pt-BR")
    context.set_default_timeout(PATIENCE_S * 1000)
    with Service() as service, Landing(api=service.url) as site:
        opened = Showcase(context.new_page(), site.url)
        opened.enter()
        yield opened
        context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; an error of its script fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_S * 1000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


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
