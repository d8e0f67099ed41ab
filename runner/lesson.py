"""How far a run is: the weights of its screens, in seconds, declared by the flow or learned.

1. Pure. A percentage is the time that usually has passed by now, of the time that a run usually
   takes, so that a bar does not rush through the quick screens and stand still in the slow one.
2. A screen that comes rarely weighs as much less: its median times how often it came.
3. Few runs teach nothing: until there are some, what the flow declares holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median

from db.events import Event, EventType, Phase

# One odd run among so many moves no median.
FEWEST_RUNS = 3
# A run that stays longer than usual keeps moving, but does not pretend to have left.
WITHIN = 0.9


class Weights:
    """The screens' weights in the order of the flow; an empty one knows nothing."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._ids = list(weights)
        self._weights = list(weights.values())
        self._total = sum(self._weights)

    def passed(self, etapa: str, *, seconds: float | None = None) -> float | None:
        """The share of a run (0 … 1) that is over once `etapa` is left, or None if unknown.

        With `seconds`, when that long has been spent on it.
        """
        if etapa not in self._ids or not self._total:
            return None
        place = self._ids.index(etapa)
        before, own = sum(self._weights[:place]), self._weights[place]
        if seconds is not None:
            own *= min(WITHIN, seconds / own) if own else 0
        return (before + own) / self._total


def learn(declared: Mapping[str, float], learned: Mapping[str, float]) -> dict[str, float]:
    """The declared weights, each replaced by what was learned; the order is the declared one."""
    if not learned:
        return dict(declared)
    return {etapa: learned.get(etapa, 0.0) for etapa in declared}


def durations(runs: Iterable[Sequence[Event]]) -> dict[str, float]:
    """How long each screen took, in seconds, over whole histories; {} of too few of them."""
    count, found = 0, defaultdict[str, list[float]](list)
    for history in runs:
        count += 1
        for etapa, seconds in _stays(history).items():
            found[etapa].append(seconds)
    if count < FEWEST_RUNS:
        return {}
    return {etapa: median(all_) * len(all_) / count for etapa, all_ in found.items()}


def _stays(history: Sequence[Event]) -> dict[str, float]:
    """Seconds from entering to leaving, by screen; of a run begun again, the last time."""
    entered: dict[str, str] = {}
    stays: dict[str, float] = {}
    for event in history:
        if event.type is not EventType.PROGRESS:
            continue
        data = event.data
        etapa, fase = str(data.get("etapa")), data.get("fase")
        if fase == Phase.ENTERED:
            entered[etapa] = event.at
        elif fase == Phase.DONE and etapa in entered:
            stays[etapa] = _seconds(entered[etapa], event.at)
    return stays


def _seconds(start: str, end: str) -> float:
    passed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(0.0, passed.total_seconds())
