"""One visit of the site, from a page load to its ending, and what is recorded of it.

1. A run lives on the server; its id lives in the page's memory only, so two tabs are two runs.
2. The record holds what arrived and what was shown, under the visitor's own names, and never the
   password.
3. `screens` lists the screens in the order in which they were sent to the page; the one that
   nobody knows is called `estranha`.
4. `logins` counts how often an account was sent: a careful robot does it once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .pace import Pace, pick
from .scenario import Scenario
from .wish import Wish

MAX_FAULTS = 200  # a page gone wild must not fill the memory


@dataclass(slots=True, kw_only=True)
class Run:
    """The server's side of one visit. Times ending in `_s` are monotonic seconds."""

    wish: Wish
    pace_name: str
    seed: int
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    started_at: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat("T", "milliseconds")
    )
    screens: list[str] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    estimate: list[dict[str, Any]] = field(default_factory=list)
    vehicle: dict[str, Any] = field(default_factory=dict)
    address: str | None = None
    offered: list[str] = field(default_factory=list)
    result: dict[str, Any] | None = None
    ending: str | None = None
    faults: list[dict[str, str]] = field(default_factory=list)
    double_clicks: int = 0
    moving: bool = False
    lost: bool = False
    calculation_s: float | None = None
    ready: bool = False
    mismatch: bool = False
    logins: int = 0
    failed: set[str] = field(default_factory=set)

    @property
    def answers(self) -> dict[str, Any]:
        """The visitor's answers; going back and answering a screen again replaces its own."""
        return {name: value for part in self.given.values() for name, value in part.items()}

    @property
    def screen(self) -> str | None:
        """The screen that the page is on."""
        return self.trail[-1] if self.trail else None

    @property
    def plate(self) -> str | None:
        """The plate, once it was accepted."""
        return self.given.get("2", {}).get("placa")

    @property
    def kind(self) -> str:
        """`carro` or `moto`."""
        return str(self.given.get("1", {}).get("tipo_veiculo", "carro"))

    @property
    def scenario(self) -> Scenario:
        """What this run meets, as far as is known: the plate may still choose it."""
        return self.wish.choose(self.plate)

    @property
    def pace(self) -> Pace:
        """The waits of this run."""
        return Pace(name=self.pace_name, seed=self.seed, scenario=self.scenario)

    @property
    def seeks_broker(self) -> bool:
        """After screen 14 always, else in some runs, the calculation begins with another text."""
        return "14" in self.trail or pick(2, self.seed, self.plate, "corretor") == 1

    @property
    def splits_clock(self) -> bool:
        """Whether the countdown's caption and its figures are elements of their own."""
        return pick(2, self.seed, self.plate, "relogio") == 1

    def meets(self, scenario: Scenario, screen: str) -> bool:
        """Whether this run is in that scenario and the scenario is about that screen."""
        return self.scenario is scenario and self.wish.screen_of(scenario) == screen

    def enter(self, screen: str) -> None:
        """Note that a screen was sent to the page."""
        self.trail.append(screen)
        self.screens.append(screen)

    def fault(self, reason: str, **where: str) -> None:
        """Note something that a well-behaved visitor does not do (never a value)."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append({"tela": self.screen or "-", **where, "motivo": reason})

    def record(self) -> dict[str, Any]:
        """The run as JSON-ready values."""
        return {
            "run": self.id,
            "scenario": str(self.scenario),
            "started_at": self.started_at,
            "screens": list(self.screens),
            "answers": self.answers,
            "address": self.address,
            "vehicle": dict(self.vehicle),
            "estimate": list(self.estimate),
            "result": self.result,
            "ending": self.ending,
            "faults": [dict(fault) for fault in self.faults],
            "double_clicks": self.double_clicks,
            "logins": self.logins,
        }
