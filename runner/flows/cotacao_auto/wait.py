"""Waiting in the page: a race between all that may come next, as one message to the browser.

1. A wait has candidates in order of importance; the first that holds long enough wins. Nothing
   polls from here and nothing sleeps.
2. A navigation destroys the page's promise; the race is then run again for what time is left.
3. A page whose script no longer runs cannot end its own promise: a guard beside it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import anyio
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from runner.failure import Failure
from runner.flows.cotacao_auto import script

# On top of a wait's own time: a page that is busy for so long is as good as dead.
GUARD_S = 10.0

How = Literal["shown", "gone", "text", "invalid", "fresh", "strange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each kind of wait may last, in seconds; the defaults are for the real site.

    `screen` and `estimate` are ten times and eight times what was seen on the site (medians).
    """

    opening: float = 45
    screen: float = 30
    estimate: float = 60
    control: float = 10
    address: float = 20
    settle: float = 3
    calculation: float = 240
    after_countdown: float = 45
    between_notices: float = 10
    login: float = 15
    access: float = 30
    grid: float = 20
    alone: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that may come: `how` to look for `what`, and how long it must hold (s).

    `clear` asks that no full-screen spinner covers the page. The words are those of script.RACE.
    """

    name: str
    how: How
    what: tuple[str, ...]
    hold: float = 0
    clear: bool = False

    def spec(self) -> dict[str, Any]:
        """As the page script wants it."""
        return {
            "name": self.name,
            "how": self.how,
            "what": list(self.what),
            "hold": self.hold * 1000,
            "clear": self.clear,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Which candidate came; `note` is the id of the element it was seen by, perhaps empty."""

    name: str
    note: str = ""


ALERT = Candidate(name="alerta", how="shown", what=("[role=alertdialog]",))


async def race(
    page: Page, *candidates: Candidate, within: float, known: tuple[str, ...] = ()
) -> Arrival | None:
    """The first candidate to come, or None after `within` seconds.

    `known` are the paragraphs that were there before (for `fresh`).
    """
    specs = [candidate.spec() for candidate in candidates]
    found = await ask(page, script.RACE, within, {"candidates": specs, "known": list(known)})
    return Arrival(**found) if found else None


async def ask(page: Page, source: str, within: float, spec: dict[str, Any]) -> Any:
    """The answer of a waiting page script, whose spec gets `ms`; survives navigations.

    Raises Failure `tempo_esgotado` when the page itself no longer answers.
    """
    deadline = anyio.current_time() + within
    try:
        with anyio.fail_after(within + GUARD_S):
            while True:
                left = max(0.0, deadline - anyio.current_time())
                try:
                    return await page.evaluate(source, {**spec, "ms": left * 1000})
                except PlaywrightError as error:
                    if not _navigated(error):
                        raise
                    await page.wait_for_load_state("domcontentloaded")
    except TimeoutError:
        raise Failure("tempo_esgotado", detail={"motivo": "a página não responde"}) from None


def _navigated(error: PlaywrightError) -> bool:
    return "context was destroyed" in error.message
