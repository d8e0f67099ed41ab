"""The waiting line: who is before whom, and how long it will take; pure.

1. Places free themselves when running sessions end, as far as is known from their own forecast or
   from what earlier runs took; those who wait take them in turn, each for as long as a run takes.
2. What is not known is not told: one unknown duration before somebody makes their wait unknown.
3. A long line moves often. Near its head every step is told; further back only what would matter to
   somebody who waits there.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Up to here every step forward is told; behind it, a tenth of the way.
NEAR = 10
FAR_SHARE = 0.1
# A wait that turns out different by less than this is not corrected.
OFF_S, OFF_SHARE = 10.0, 0.3
# What was just told is not corrected, however wrong: a number that flickers tells nothing.
LASTS_S = 5.0

NEXT = "Você é o próximo da fila."
ONE_BEFORE = "Há 1 pessoa na sua frente."
SOME_BEFORE = "Há {count} pessoas na sua frente."


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the line: 1 is the next one; `wait_s` until it is its turn, None if unknown."""

    position: int
    wait_s: int | None

    def data(self) -> dict[str, Any]:
        """As the contract's `fila`."""
        return {"posicao": self.position, "espera_s": self.wait_s}

    def message(self) -> str:
        """One sentence or two for the visitor."""
        before = self.position - 1
        said = SOME_BEFORE.format(count=before) if before > 1 else (ONE_BEFORE if before else NEXT)
        return said if self.wait_s is None else f"{said} {_wait(self.wait_s)}"

    def differs(self, told: Mapping[str, Any], age_s: float) -> bool:
        """Whether the visitor has to be told, who was told `told` so many seconds ago."""
        position = told.get("posicao")
        if not isinstance(position, int):
            return True
        step = abs(position - self.position)
        if step and (self.position <= NEAR or step >= position * FAR_SHARE):
            return True
        wait = told.get("espera_s")
        if self.wait_s is None:
            # What was known once is better than nothing; another runner may know it still.
            return False
        if wait is None:
            return True
        if age_s < LASTS_S:
            return False
        off = abs(max(0.0, wait - age_s) - self.wait_s)
        return bool(off > max(OFF_S, OFF_SHARE * self.wait_s))


def places(running: Iterable[float | None], waiting: Sequence[float | None]) -> list[Place]:
    """The places of those who wait, in their order.

    `running` are the seconds after which each place that is taken becomes free, `waiting` how long
    each of those who wait will take then; None where it is not known.
    """
    free = [seconds for seconds in running if seconds is not None]
    heapq.heapify(free)
    found = []
    for position, takes in enumerate(waiting, start=1):
        begins = heapq.heappop(free) if free else None
        found.append(Place(position=position, wait_s=None if begins is None else round(begins)))
        if begins is not None and takes is not None:
            heapq.heappush(free, begins + takes)
    return found


def _wait(seconds: int) -> str:
    if seconds < 10:
        return "Sua vez chega em poucos segundos."
    if seconds < 60:
        return f"Sua vez chega em cerca de {round(seconds / 5) * 5} segundos."
    minutes = round(seconds / 60)
    return f"Sua vez chega em cerca de {minutes} minuto{'s' if minutes > 1 else ''}."
