"""A visitor without a person: fills in the landing page's form and watches the modal to the end.

1. What is printed is what the browser itself received over the stream, by Chromium's own report,
   not what the service says it sent.
2. It ends well only if the page shows the result: what never reached the eye is no success.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    CDPSession,
    Page,
    Playwright,
    ViewportSize,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
# A quote at the real site's pace takes up to four minutes.
PATIENCE_MS = 330_000
EVENTS = ("progress", "estimate", "result", "failure")
# The screen on which the site itself calculates.
CALCULATION = "15"
ENDINGS = ("done", "manual", "failed", "cancelled")

Tell = Callable[[dict[str, Any], float], None]


@dataclass
class Visit:
    """What a visitor saw. Times are seconds after the form was sent, by the browser's clock."""

    shown: str = ""
    first_event_s: float | None = None
    estimate_s: float | None = None
    calculation_s: float | None = None
    result_s: float | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True if the page showed a result, and every event came once and in order."""
        whole = [event["seq"] for event in self.events] == list(range(1, len(self.events) + 1))
        return self.shown in ("done", "manual") and whole and self.result_s is not None

    def note(self, event: dict[str, Any], passed: float) -> None:
        """Keep an event that came `passed` seconds after the form was sent."""
        self.events.append(event)
        if self.first_event_s is None:
            self.first_event_s = passed
        data = event["data"]
        if event["type"] == "estimate":
            self.estimate_s = passed
        elif event["type"] == "result":
            self.result_s = passed
        elif (data.get("etapa"), data.get("fase")) == (CALCULATION, "entrou"):
            self.calculation_s = passed


def visit(url: str, *, tell: Tell, plate: str | None = None, pictures: Path | None = None) -> Visit:
    """Open the page, fill the form with the example person, watch until the modal shows an ending.

    `tell(event, seconds)` is called for each event as the browser received it. With `pictures`,
    screenshots of the modal with the estimate and with the result are put into that folder, phone
    and desktop.
    """
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            page = browser.new_page(viewport=DESKTOP, locale="pt-BR")
            seen = Visit()
            _listen(page, seen, tell)
            page.goto(f"{url}/?placa={plate}" if plate else url)
            page.locator("#exemplo").click()
            page.locator("#cotacao input[type=submit]").click()
            if pictures is not None:
                _picture_when(page, "li:not(.ghost) >> nth=0", pictures, "estimativa")
            seen.shown = _ending(page)
            if pictures is not None:
                _picture(page, pictures, "resultado")
            return seen
        finally:
            browser.close()


def launch(playwright: Playwright) -> Browser:
    """A Chromium of this machine, headless; Playwright's own where none is found."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("ANDAMENTO_CHROMIUM") or next(
        filter(None, map(shutil.which, names)), None
    )
    flags = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    if os.name == "posix" and os.geteuid() == 0:
        flags.append("--no-sandbox")
    return playwright.chromium.launch(executable_path=found, args=flags)


def _listen(page: Page, seen: Visit, tell: Tell) -> None:
    session: CDPSession = page.context.new_cdp_session(page)
    began: dict[str, float] = {}

    def sent(message: dict[str, Any]) -> None:
        if message["request"]["url"].endswith("/api/rpa/start"):
            began.setdefault("start", message["timestamp"])

    def received(message: dict[str, Any]) -> None:
        if message["eventName"] not in EVENTS:
            return
        event, passed = json.loads(message["data"]), message["timestamp"] - began["start"]
        seen.note(event, passed)
        tell(event, passed)

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.eventSourceMessageReceived", received)
    session.send("Network.enable")


def _ending(page: Page) -> str:
    dialogs = ", ".join(f'andamento-modal dialog[data-kind="{kind}"]' for kind in ENDINGS)
    shown = page.locator(dialogs)
    try:
        shown.wait_for(timeout=PATIENCE_MS)
    except PlaywrightTimeout:
        return ""
    return shown.get_attribute("data-kind") or ""


def _picture_when(page: Page, what: str, folder: Path, name: str) -> None:
    try:
        page.locator(f"andamento-modal .covers {what}").wait_for(timeout=PATIENCE_MS)
    except PlaywrightTimeout:
        return
    _picture(page, folder, name)


def _picture(page: Page, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind, size in (("celular", PHONE), ("computador", DESKTOP)):
        page.set_viewport_size(size)
        page.screenshot(path=folder / f"{name}-{kind}.png")
