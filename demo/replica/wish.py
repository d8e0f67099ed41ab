"""What a start address asks for: `?cenario=`, `?tela=`, `?pace=`.

1. The query wins over the plate: a test chooses the scenario while it types any plate.
2. A mistyped wish is refused: a test that means another scenario must not pass as the usual one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .scenario import PLATES, ROWS, SCREENS, Scenario

NAMES = ("cenario", "tela", "pace")
PACES = ("fast", "real")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the start address asked for; `None` leaves the choice to the plate or the server."""

    scenario: Scenario | None = None
    screen: str | None = None
    pace: str | None = None

    def choose(self, plate: str | None) -> Scenario:
        """The scenario of a run: the query's, else the plate's, else the usual one."""
        return self.scenario or PLATES.get(plate or "", Scenario.USUAL)

    def screen_of(self, scenario: Scenario) -> str | None:
        """The screen that a scenario is about: `&tela=` where it fits, else the scenario's own."""
        row = ROWS[scenario]
        return self.screen if self.screen in row.screens else row.screen


def read_wish(query: str) -> Wish:
    """Read the query of a start address; ValueError says, in Portuguese, what is wrong with it."""
    given: dict[str, str] = {}
    for name, value in parse_qsl(query.lstrip("?"), keep_blank_values=True):
        if name not in NAMES:
            raise ValueError(f"O parâmetro {name} não existe; use {_or(NAMES)}.")
        if name in given:
            raise ValueError(f"O parâmetro {name} aparece duas vezes.")
        given[name] = value
    scenario, screen, pace = (given.get(name) for name in NAMES)
    if scenario is not None and scenario not in set(Scenario):
        raise ValueError(f"cenario={scenario} não existe; use {_or(Scenario)}.")
    if pace is not None and pace not in PACES:
        raise ValueError(f"pace={pace} não existe; use {_or(PACES)}.")
    chosen = Scenario(scenario) if scenario is not None else None
    if screen is not None:
        _check_screen(screen, chosen)
    return Wish(scenario=chosen, screen=screen, pace=pace)


def _check_screen(screen: str, scenario: Scenario | None) -> None:
    allowed = ROWS[scenario].screens if scenario else SCREENS
    if not allowed:
        raise ValueError(f"tela={screen} não vale aqui: o cenário {scenario} não escolhe tela.")
    if screen not in allowed:
        raise ValueError(f"tela={screen} não vale aqui; use {_or(allowed)}.")


def _or(words: Iterable[str]) -> str:
    *most, last = map(str, words)
    return f"{', '.join(most)} ou {last}"
