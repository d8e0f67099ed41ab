"""What earlier runs teach: how far a run is, and how long it will still take.

1. Pure. A percentage is the time that usually has passed by now, of the time that a run usually
   takes, so that a bar does not rush through the quick screens and stand still in the slow one.
2. A screen that comes rarely weighs as much less: its median times how often it came.
3. What remains is learned whole, from entering a screen to the end of the run: the sum of the
   screens' own ranges would be far too wide.
4. A range only narrows, as long as it holds. Once a run is off it, that is not hidden: the range is
   taken back, or replaced by the one of the screen that it has reached.
5. Few runs teach nothing: until there are some, what the flow declares holds, and no time is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median, quantiles

from db.events import Event, EventType, Phase

# One odd run among so many moves no median.
FEWEST_RUNS = 3
# Of ten runs eight end within the range; fewer than ten are taken as they are, least and most.
PARTS = 10
# A run that stays longer than usual keeps moving, but does not pretend to have left.
WITHIN = 0.9

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Of each screen in seconds: its weight, and the range of what remained on entering it.

    `duration` is that of a whole run, from its first screen to its end; 0 if unknown.
    """

    weights: Mapping[str, float]
    remaining: Mapping[str, Range]
    duration: float = 0.0


NOTHING = Lesson(weights={}, remaining={})


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


class Forecast:
    """When a run will end, as a range of points in time (any steady clock, seconds)."""

    def __init__(self, remaining: Mapping[str, Range]) -> None:
        self._remaining = remaining
        self._end: Range | None = None

    def entered(self, etapa: str, now: float) -> None:
        """A screen was reached: what usually remains from there is one more thing known."""
        if found := self._remaining.get(etapa):
            self.hear(found, now)

    def hear(self, remaining: Range, now: float) -> None:
        """Something says that so many seconds remain."""
        least, most = now + remaining[0], now + remaining[1]
        if self._end is not None:
            narrowed = max(self._end[0], least), min(self._end[1], most)
            # Two ranges that do not meet: the older one was wrong.
            if narrowed[0] <= narrowed[1]:
                least, most = narrowed
        self._end = least, most

    def forget(self) -> None:
        """The run begins again: what was said about its end is void."""
        self._end = None

    def remains(self, now: float) -> tuple[int, int] | None:
        """Whole seconds still to wait, at least and at most; None if unknown or overdue."""
        if self._end is None or self._end[1] <= now:
            return None
        least, most = max(0.0, self._end[0] - now), self._end[1] - now
        return round(least), max(1, round(most))


def weigh(declared: Mapping[str, float], learned: Mapping[str, float]) -> Weights:
    """The declared weights, each replaced by what was learned; the order is the declared one."""
    if not learned:
        return Weights(declared)
    return Weights({etapa: learned.get(etapa, 0.0) for etapa in declared})


def learn(runs: Iterable[Sequence[Event]]) -> Lesson:
    """What completed runs, each a whole history, teach; NOTHING if they are too few."""
    count = 0
    durations: list[float] = []
    stays, rests = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for history in runs:
        count += 1
        visits = _visits(history)
        durations.append(max((rest for _, rest in visits.values()), default=0.0))
        for etapa, (stay, rest) in visits.items():
            stays[etapa].append(stay)
            rests[etapa].append(rest)
    if count < FEWEST_RUNS:
        return NOTHING
    return Lesson(
        weights={etapa: median(all_) * len(all_) / count for etapa, all_ in stays.items()},
        remaining={etapa: _range(all_) for etapa, all_ in rests.items()},
        duration=median(durations),
    )


def _range(seconds: list[float]) -> Range:
    if len(seconds) < PARTS:
        return min(seconds), max(seconds)
    cuts = quantiles(seconds, n=PARTS)
    return cuts[0], cuts[-1]


def _visits(history: Sequence[Event]) -> dict[str, Range]:
    """By screen: seconds on it, and from entering it to the end; the last time if begun again."""
    entered: dict[str, str] = {}
    found: dict[str, Range] = {}
    for event in history:
        if event.type is not EventType.PROGRESS:
            continue
        data = event.data
        etapa, fase = str(data.get("etapa")), data.get("fase")
        if fase == Phase.ENTERED:
            entered[etapa] = event.at
        elif fase == Phase.DONE and etapa in entered:
            start = entered[etapa]
            found[etapa] = _seconds(start, event.at), _seconds(start, history[-1].at)
    return found


def _seconds(start: str, end: str) -> float:
    passed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(0.0, passed.total_seconds())
