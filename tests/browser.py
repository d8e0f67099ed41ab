"""The browser of the tests, and what its page's own script says.

1. For fixtures of module scope, no wider: while Playwright's driver runs, the main thread counts as
   inside an event loop, tests of other files start loops of their own, and one driver grows slower
   with every page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from demo.visitor import launch


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, or the one that Playwright brought along."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@contextmanager
def faultless(page: Page) -> Iterator[Page]:
    """The page; raises AssertionError if meanwhile an error of its script was not caught."""
    errors: list[str] = []

    def note(error: object) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield page
    page.remove_listener("pageerror", note)
    assert errors == []
