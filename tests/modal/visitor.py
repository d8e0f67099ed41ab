"""A person on the broker's site: what they do, and what their page was told.

1. Every page keeps what the element tells it, from before the site's first script on; a reload
   begins a new account, as it does for the site.
2. Looked at from outside: roles and texts for the eye, the element's events for the site.
3. Nothing polls inside a page: a tab in the background hardly has timers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Response, expect

from demo.landing import Landing
from tests.modal.service import Robot
from tests.snippet.history import SCREENS, Fact, estimate, result, screens

PATIENCE_MS = 15_000
TIMES = {"backoff": 40, "longest": 200, "poll": 60, "lost": 100, "speak": 200}
# The quote of all journeys, shorter than a real one: each event is waited for.
FIRST_HALF = [*screens(0, 5), estimate()]
SECOND_HALF = [*screens(10), result()]
QUOTE = [*FIRST_HALF, *SECOND_HALF]
TITLES = [titulo for _, titulo in (*SCREENS[:5], *SCREENS[10:])]
READY = "Sua cotação está pronta"
# As the visitor reads it, with a space that does not break.
PRICE = "R$\u00a03.099,18"

LISTEN = """
window.told = [];
let waiting = [];
for (const name of ["progress", "estimate", "result", "failure", "close"])
  document.addEventListener(name, ({ target, detail }) => {
    if (target.localName !== "andamento-modal") return;
    told.push([name, detail]);
    waiting.splice(0).forEach((look) => look());
  });
window.until = (claim, patience) => new Promise((resolve) => {
  const late = setTimeout(resolve, patience, false);
  const look = () => {
    if (!claim()) return void waiting.push(look);
    clearTimeout(late);
    resolve(true);
  };
  look();
});
customElements.whenDefined("andamento-modal").then((modal) => {
  Object.assign(modal.seams.times, %s);
});
"""
TOLD = """([name, words, patience]) => until(() => {
  const last = told.filter(([kind]) => kind === name).at(-1);
  return last && (!words || last[1].mensagem === words);
}, patience)"""

_plates: Iterator[str] = (f"EXE{n % 10}{'ABCDEFGH'[n // 1000]}{n // 10 % 100:02d}" for n in count())


@dataclass(slots=True)
class Tab:
    """One page of the site in one tab."""

    page: Page

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def pill(self) -> Locator:
        """What a minimised dialog leaves on the page."""
        return self.page.locator("andamento-modal button.pill")

    def sees(self, what: Locator) -> None:
        """Wait until this is visible on the page."""
        expect(what).to_be_visible(timeout=PATIENCE_MS)

    def unfold(self) -> None:
        """Look at the quote, whether the page shows it in full or minimised."""
        self.sees(self.dialog.or_(self.pill))
        if self.pill.is_visible():
            self.pill.click()

    def reads(self, title: str) -> None:
        """The dialog's title."""
        self.sees(self.dialog.get_by_role("heading", name=title, exact=True, level=2))

    def told(self, name: str) -> list[Any]:
        """The details of the element's events of this name on this page."""
        told: list[list[Any]] = self.page.evaluate("told")
        return [detail for kind, detail in told if kind == name]

    def hears(self, fact: Fact) -> None:
        """Wait until the page was told this, and nothing newer of its kind."""
        kind, data = fact
        words = None if kind == "estimate" else data["mensagem"]
        assert self.page.evaluate(TOLD, [kind, words, PATIENCE_MS]), f"never told: {kind} {words}"

    def saw_all(self, facts: list[Fact]) -> None:
        """The result is on view, and the page was told each of these once, and a start."""
        self.saw_result()
        assert len(self.told("progress")) == 1 + len(facts)

    def saw_result(self) -> None:
        """The result is on view; nothing was told twice, nothing went back."""
        self.reads(READY)
        self.sees(self.dialog.get_by_text(PRICE).first)
        self.sees(self.dialog.get_by_text("Compreensiva").first)
        progress = self.told("progress")
        assert len({json.dumps(detail, sort_keys=True) for detail in progress}) == len(progress)
        shares = [detail["percentual"] for detail in progress]
        assert shares == sorted(shares) and shares[-1] == 100
        assert [screen["titulo"] for screen in progress[-1]["timeline"]] == TITLES
        assert len(self.told("estimate")) == len(self.told("result")) == 1
        assert self.told("failure") == []


@dataclass(slots=True)
class Visitor(Tab):
    """A person with an empty profile, and the robot that works for them once they have asked."""

    context: BrowserContext
    landing: Landing
    hire: Callable[[str], Robot]

    def prepare(self, **times: float) -> None:
        """Listen on all pages to come, with the snippet's waits shortened."""
        self.context.add_init_script(LISTEN % json.dumps({**TIMES, **times}))

    def ask(self) -> Robot:
        """Open the site, fill in the invented person with a car of their own, and send the form."""
        self.page.goto(f"{self.landing.url}/?placa={next(_plates)}")
        self.page.get_by_role("button", name="Preencher com pessoa de exemplo").click()
        with self.page.expect_response(_answers_start, timeout=PATIENCE_MS) as answer:
            self.page.get_by_role("button", name="Ver meu preço").click()
        return self.hire(answer.value.json()["session_id"])

    def follow(self, robot: Robot, facts: list[Fact]) -> None:
        """One fact after the other, each when the page was told the one before."""
        for fact in facts:
            robot.say(fact)
            self.hears(fact)


def _answers_start(response: Response) -> bool:
    return response.request.method == "POST" and response.url.endswith("/api/rpa/start")
