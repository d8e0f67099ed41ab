"""What `make bench` measures: groups of figures, with their sizes for a whole and a quick run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import (
    appends,
    burst,
    crowd,
    delivery,
    modal,
    product,
    quote,
    snapshots,
    start,
    streams,
)
from benchmarks.figure import Figure

# Turns of product and peers: enough for a median.
TURNS = 3
# Pairs of runs: enough for a median that does not move much, in a minute each.
FAST_ROUNDS, REAL_ROUNDS = 10, 2
# Starts of each kind, and how many come at once: real quotes, simulated sessions.
STARTS, QUOTES, SIMULATED = 5, crowd.CROWD, 200
# A quick run shows the same rows: with fewer streams and events, in shorter turns.
QUICK_STREAMS, QUICK_EVENTS, QUICK_SHARE = 1_000, 500, 0.3

Advance = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures that are measured together; `work` calls what it is given some `steps` times.

    A `slow` one is left out of a quick run, unless it was asked for by name.
    """

    about: str
    work: Callable[[Path, Advance], list[Figure]]
    steps: int = 1
    slow: bool = False


def groups(seconds: float, *, quick: bool) -> Mapping[str, Group]:
    """All groups by name, in the order of the table; a turn of one is `seconds` long."""
    return {**_stream(seconds, quick=quick), **_quote(quick=quick)}


def _stream(seconds: float, *, quick: bool) -> Mapping[str, Group]:
    turns = 1 if quick else TURNS
    each = seconds * QUICK_SHARE if quick else seconds
    count = QUICK_STREAMS if quick else streams.STREAMS
    events = QUICK_EVENTS if quick else burst.EVENTS
    return {
        "delivery": Group(
            about="commit → client",
            work=lambda _, advance: delivery.measure(seconds=each, rounds=turns, advance=advance),
            steps=delivery.steps(turns),
        ),
        "burst": Group(
            about="many watchers of one session",
            work=lambda _, advance: burst.measure(rounds=turns, events=events, advance=advance),
            steps=burst.steps(turns),
        ),
        "streams": Group(
            about="many open at once",
            work=lambda _, advance: streams.measure(streams=count, advance=advance),
            steps=streams.STEPS,
        ),
        "appends": Group(
            about="of many processes",
            work=lambda _, advance: appends.measure(seconds=each, rounds=turns, advance=advance),
            steps=appends.steps(turns),
        ),
        "snapshots": Group(
            about="requests a second",
            work=lambda _, advance: snapshots.measure(seconds=each, advance=advance),
            steps=snapshots.SLICES,
        ),
    }


def _quote(*, quick: bool) -> Mapping[str, Group]:
    rounds, starts = (2, 1) if quick else (FAST_ROUNDS, STARTS)
    pace, quotes, simulated = ("fast", 3, 50) if quick else ("real", QUOTES, SIMULATED)

    def pairs(pace: str, rounds: int, whole: bool) -> Callable[[Path, Advance], list[Figure]]:
        return lambda folder, advance: quote.measure(
            folder, pace=pace, rounds=rounds, whole=whole, advance=advance
        )

    return {
        "quote": Group(
            about="the flow against bare Playwright",
            work=pairs("fast", rounds, True),
            steps=2 * rounds + 1,
        ),
        "quote-real": Group(
            about="the same at the real site's pace, to the calculation",
            work=pairs("real", REAL_ROUNDS, False),
            steps=2 * REAL_ROUNDS + 1,
            slow=True,
        ),
        "product": Group(
            about="one visitor's quote at the real site's pace",
            work=lambda folder, advance: product.measure(folder, advance=advance),
            steps=product.EVENTS,
            slow=True,
        ),
        "start": Group(
            about="from the request to the first words",
            work=lambda _, advance: start.measure(rounds=starts, advance=advance),
            steps=2 * starts,
        ),
        "modal": Group(
            about="the page's own time",
            work=lambda _, advance: modal.measure(advance=advance),
            steps=modal.STEPS,
            slow=True,
        ),
        "crowd": Group(
            about="many at once",
            work=lambda _, advance: [
                *crowd.quotes(pace=pace, count=quotes, advance=advance),
                crowd.simulated(count=simulated, advance=advance),
            ],
            steps=1 + quotes + simulated,
            slow=True,
        ),
    }
