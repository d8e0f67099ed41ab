"""How long everything takes: the seen medians without the waste, or a test's milliseconds.

1. Durations are functions of (seed, plate, step): a test that fails by timing fails again.
2. The waits that the server keeps are in seconds, the waits that the page keeps are handed to it
   in milliseconds at the start, so that one table rules both.
3. A screen's seen duration runs from its entry to the next screen's entry; the server takes most
   of it, the page's skeleton the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from .scenario import Scenario

COUNTDOWNS_S = (163, 129)  # "02:43" was seen on the real page, another note says "02:09"

# Seconds between Continuar and the next screen's skeleton: medians of the seen runs minus waste,
# minus what a browser needs for the click, the skeleton and the next screen (0.05 to 0.2 s).
REAL_LEAVE: Mapping[str, float] = {
    "inicio": 2.5,
    "1": 0.4,
    "2": 0.85,
    "3": 0.02,
    "4": 0.02,
    "5": 0.15,
    "5.5": 0.03,
    "6": 0.03,
    "7": 0.02,
    "8": 0.05,
    "9": 0.15,
    "10": 0.03,
    "11": 0.02,
    "12": 0.05,
    "13": 0.15,
    "14": 0.1,
    "estranha": 0.1,
    "estimativa": 4.7,
    "endereco": 0.1,
    "entrar": 1.2,
}
# Screen 15 took 45 to 80 s, half of the runs less than 55; login and prices take 5 of them.
REAL_CALCULATION_S = (40.0, 75.0)
FAST_LEAVE: Mapping[str, float] = {"estimativa": 0.12, "calculo": 0.6}
FAST_DEFAULT = 0.03

# Milliseconds that the page itself waits.
REAL_PAGE: Mapping[str, int] = {
    "esqueleto": 30,  # skeleton before a screen's content
    "aparece": 150,  # a dependent field after its answer
    "digitacao": 250,  # debounce of the address autocomplete
    "fecha": 100,  # a popup or dialog fading away
    "corretor": 1500,  # "buscando o corretor ideal" before the calculation's text
    "sondagem": 1000,  # asking the server whether the calculation is done
    "login": 2000,  # the login dialog over the grid
    "preco": 600,  # true prices after the login dialog has gone
    "aos_poucos": 900,  # between the pieces of a grid that fills in late
    "pesquisa": 1500,  # the exit survey after the estimate
    "rastreio": 300,  # tracker traffic; below 500 so that the network never is idle
}
FAST_PAGE: Mapping[str, int] = {
    "esqueleto": 20,
    "aparece": 40,
    "digitacao": 60,
    "fecha": 30,
    "corretor": 60,
    "sondagem": 50,
    "login": 80,
    "preco": 40,
    "aos_poucos": 120,
    "pesquisa": 60,
    "rastreio": 300,
}
# The login dialog was seen to come within 10 s.
LATE_LOGIN_MS = {"fast": 900, "real": 9000}
# What a countdown is shortened to, in milliseconds, where a fast test waits for its end.
FAST_COUNTDOWNS_MS: Mapping[Scenario, int] = {
    Scenario.MANUAL: 600,
    Scenario.CALCULO_SEM_FIM: 600,
    Scenario.RELOGIO_PARADO: 200,
}
SLOWER = {"fast": 3.0, "real": 2.0}
SPREAD = {"fast": 0.3, "real": 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The waits of one run. `name` is `fast` or `real`."""

    name: str
    seed: int
    scenario: Scenario = Scenario.USUAL

    def wait_s(self, step: str, plate: str | None) -> float:
        """Seconds that the server waits for a step, jittered by seed, plate and step."""
        chance = fraction(self.seed, plate, step)
        if self.name == "real" and step == "calculo":
            least, most = REAL_CALCULATION_S
            return (least + (most - least) * chance**2) * self._factor()
        table = REAL_LEAVE if self.name == "real" else FAST_LEAVE
        base = table[step] if self.name == "real" else table.get(step, FAST_DEFAULT)
        return base * self._factor() * (1 + SPREAD[self.name] * (2 * chance - 1))

    def page_ms(self) -> dict[str, int]:
        """The page's own waits in milliseconds (the tracker's interval is never slowed)."""
        table = dict(REAL_PAGE if self.name == "real" else FAST_PAGE)
        if self.scenario is Scenario.LOGIN_TARDIO:
            table["login"] = LATE_LOGIN_MS[self.name]
        factor = self._factor()
        return {
            step: ms if step == "rastreio" else round(ms * factor) for step, ms in table.items()
        }

    def countdown_s(self, plate: str | None) -> int:
        """What the shown countdown starts from, in seconds."""
        if self.scenario is Scenario.RELOGIO_PARADO and self.name == "real":
            return int(self.wait_s("calculo", plate)) // 2
        return COUNTDOWNS_S[pick(len(COUNTDOWNS_S), self.seed, plate, "contagem")]

    def countdown_ms(self, plate: str | None) -> int:
        """How long the shown countdown takes to reach 00:00.

        It runs in real seconds, except where a fast test waits for its end.
        """
        if self.name == "fast" and self.scenario in FAST_COUNTDOWNS_MS:
            return FAST_COUNTDOWNS_MS[self.scenario]
        return self.countdown_s(plate) * 1000

    def _factor(self) -> float:
        return SLOWER[self.name] if self.scenario is Scenario.LENTO else 1.0


def fraction(*key: object) -> float:
    """A number in [0, 1) that depends on nothing but the key."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def pick(count: int, *key: object) -> int:
    """A number in 0 … count - 1 that depends on nothing but the key."""
    return int(fraction(*key) * count)
