"""One world for all journeys: the product as an operator starts it, the site, the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page

from demo.visitor import DESKTOP, EVENTS
from demo.world import World
from tests.browser import chromium


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Replica (fast), service, runner and landing page."""
    with World(tmp_path_factory.mktemp("world"), pace="fast") as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The visitor's browser."""
    with chromium() as started:
        yield started


@dataclass
class Visitor:
    """A page of the broker's site and what its browser received over the stream."""

    page: Page
    world: World
    events: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, **answers: str) -> None:
        """Fill in the form (the example person, but for `answers`) and send it."""
        self.page.goto(self.world.landing.url)
        self.page.locator("#exemplo").click()
        for name, value in answers.items():
            self.page.locator(f"#cotacao [name={name}]").fill(value)
        self.page.locator("#cotacao input[type=submit]").click()

    def wait_for_screen(self, number: float) -> dict[str, Any]:
        """Wait until the page received an event of this screen or a later one."""
        while not self.events or float(self.events[-1]["data"].get("etapa") or 0) < number:
            self.page.wait_for_timeout(20)
        return self.events[-1]

    def wait_for_ending(self) -> str:
        """Wait until the modal shows an ending; which one."""
        kinds = ("done", "manual", "failed", "cancelled")
        dialogs = ", ".join(f'andamento-modal dialog[data-kind="{kind}"]' for kind in kinds)
        shown = self.page.locator(dialogs)
        shown.wait_for(timeout=60_000)
        return shown.get_attribute("data-kind") or ""

    def text(self) -> str:
        """What the modal says."""
        return self.page.locator("andamento-modal dialog").inner_text()


@pytest.fixture
def visitor(world: World, browser: Browser) -> Iterator[Visitor]:
    """A fresh visitor with an empty profile."""
    # An English browser: the modal speaks Portuguese all the same.
    context = browser.new_context(viewport=DESKTOP, locale="en-US")
    page = context.new_page()
    visitor = Visitor(page=page, world=world)

    def received(message: dict[str, Any]) -> None:
        if message["eventName"] in EVENTS:
            visitor.events.append(json.loads(message["data"]))

    session = context.new_cdp_session(page)
    session.on("Network.eventSourceMessageReceived", received)
    session.send("Network.enable")
    yield visitor
    context.close()


def child(world: World, *words: str) -> psutil.Process:
    """The process below the product whose command line holds all these words."""
    for process in psutil.Process(world.product.pid).children(recursive=True):
        if set(words) <= set(process.cmdline()):
            return process
    raise AssertionError(f"no process {words}")
