"""One Chromium for the folder; the demo's site with the snippet of a fake service beside it.

1. The playground's page is one for all states of a module: what a state leaves behind is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from demo.landing import Landing
from tests.browser import chromium, faultless
from tests.gallery.showcase import Showcase
from tests.snippet.conftest import landing as landing
from tests.snippet.conftest import service as service
from tests.snippet.fake import PATIENCE_S, Service

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for the states of a module."""
    with chromium() as started:
        yield started


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
    with Service() as fake, Landing(api=fake.url) as site:
        opened = Showcase(context.new_page(), site.url)
        opened.enter()
        yield opened
        context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; an error of its script fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_S * 1000)
    with faultless(context.new_page()) as opened:
        yield opened
    context.close()
