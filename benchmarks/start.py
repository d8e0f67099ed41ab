"""From the visitor's request to the first words: with a spare that waits, and without one.

1. Read where a visitor reads: by a client of the stream, from just before the request is sent.
2. A start counts only from a calm product: what the last session left behind is gone, and the spare
   has its browser open and nothing more to do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

import anyio
import httpx
import psutil

from benchmarks.chaos.product import Product
from benchmarks.chaos.visitor import Story, visit
from benchmarks.figure import Figure
from benchmarks.person import person
from demo.replica import Replica

MOST_S = 0.3
# A new spare waits for a calm moment itself, and opens a browser then.
CALM_S = 60.0
LOOK_S = 0.5
# Of one processor: service and runner look for work many times a second.
BUSY = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from the request to the first progress event, and to the first screen's."""

    progress_s: float
    screen_s: float


def measure(*, rounds: int, advance: Callable[[], None]) -> list[Figure]:
    """`rounds` starts of each kind; `advance` is called after each: 2 × `rounds` times."""
    warm, cold = (_starts(spares, rounds, advance) for spares in (1, 0))
    firsts = [[start.progress_s for start in kind] for kind in (warm, cold)]
    screens = [[start.screen_s for start in kind] for kind in (warm, cold)]
    return [
        _figure("start → first progress event, warm", *firsts, most=MOST_S),
        _figure("start → first screen, warm, site fast", *screens, most=None),
    ]


def _starts(spares: int, rounds: int, advance: Callable[[], None]) -> list[Start]:
    starts = []
    with (
        Replica(pace="fast", seed=1) as site,
        Product(capacity=3, site=site.url, spares=spares) as product,
    ):
        for number in range(rounds):
            calm(product)
            starts.append(anyio.run(_start, product, number))
            advance()
    return starts


async def _start(product: Product, number: int) -> Start:
    story = Story()
    async with httpx.AsyncClient(timeout=30) as client:
        # The connection is a browser's that has the page open: it is not part of the start.
        (await client.get(f"{product.api}/livez")).raise_for_status()
        await visit(client, product.api, person(number), f"start-{number}", story)
    if story.failed or story.faults:
        raise RuntimeError(f"a start ended with {story.outcome}: {story.faults}")
    told = list(zip(map(json.loads, story.received), story.times, strict=True))
    progress = next(at for event, at in told if event["type"] == "progress")
    screen = next(at for event, at in told if _enters_first_screen(event["data"]))
    return Start(progress_s=progress - story.asked_at, screen_s=screen - story.asked_at)


def _enters_first_screen(data: dict[str, object]) -> bool:
    return (data.get("fase"), data.get("etapa")) == ("entrou", "1")


def calm(product: Product) -> None:
    """Wait until nothing is left of earlier sessions, and its spare waits with an open browser.

    Raises RuntimeError if that does not come.
    """
    deadline, busy = time.monotonic() + CALM_S, _processor_s(product)
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        before, busy = busy, _processor_s(product)
        ready = len(product.census.waiting()) == product.spares and not product.strays()
        if ready and busy - before < BUSY * LOOK_S:
            return
    raise RuntimeError(f"the product had no calm moment with its spare in {CALM_S:g} s")


def _processor_s(product: Product) -> float:
    used = 0.0
    for process in product.census.family():
        with suppress(psutil.Error):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def _figure(name: str, warm: list[float], cold: list[float], *, most: float | None) -> Figure:
    gain = median(cold) - median(warm)
    return Figure(
        name=name,
        value=f"median {median(warm):.2f} s, worst {max(warm):.2f} s",
        peer=f"cold {median(cold):.2f} s, worst {max(cold):.2f} s (gain {gain:.2f} s)",
        ratio=median(warm) / median(cold),
        asked="" if most is None else f"worst ≤ {most:g} s",
        reached=None if most is None else max(warm) <= most,
    )
