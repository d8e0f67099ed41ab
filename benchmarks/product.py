"""The whole way at the real site's pace: what a visitor's browser sees, and when.

Service, runner, replica and landing page are those of the demo. Times count from the moment at
which the browser sends the form, by its own clock.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure
from demo.visitor import Visit, visit
from demo.world import World

# What a quote tells at this pace, for the progress bar: the notices of the waiting vary.
EVENTS = 39


def measure(folder: Path, *, advance: Callable[[], None]) -> list[Figure]:
    """One quote from the form to the result; `advance` is called at each event.

    Raises RuntimeError when the page did not show the result.
    """
    with World(folder, pace="real") as world:
        seen = visit(world.landing.url, tell=lambda event, passed: advance())
    if not seen.good:
        raise RuntimeError(f"the page showed {seen.shown or 'no ending'} instead of a result")
    return _figures(seen)


def _figures(seen: Visit) -> list[Figure]:
    rows = [
        ("first event on the page", seen.first_event_s, 0.3),
        ("estimate, site real", seen.estimate_s, 12),
        ("calculation begins, site real", seen.calculation_s, 15),
        ("result, site real", seen.result_s, None),
    ]
    return [
        Figure(
            name=f"start → {name}",
            value="–" if seconds is None else f"{seconds:.2f} s",
            asked="" if most is None else f"≤ {most:g} s",
            reached=None if most is None else seconds is not None and seconds <= most,
        )
        for name, seconds, most in rows
    ]
