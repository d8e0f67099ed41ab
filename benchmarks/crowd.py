"""Many at once: real quotes against one alone, and simulated ones by the hundred.

1. The product is started as an operator would start it, and visited from outside.
2. Memory is proportional (PSS): what processes share counts once, divided among them. A session's
   is that of its worker and everything below it: driver, browser, renderers. It counts while all of
   the crowd have their browsers open: before and after, a few carry what ten will share.
3. Weighing costs the kernel a walk over all pages. So it rests nine times as long as it took, or it
   would be part of what is measured; only when the crowd becomes complete it is done at once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import anyio
import httpx
import psutil

from benchmarks.chaos.product import Product
from benchmarks.chaos.visitor import Story, visit
from benchmarks.figure import Figure
from benchmarks.person import person
from benchmarks.start import calm
from demo.replica import Replica

MOST_TIMES, MOST_MB = 3, 400
CROWD = 10
# The setting's own maximum: the rest of the crowd waits in the queue.
PLACES = 64
# More than ten quotes at the real site's pace and two hundred starts of a process take.
PATIENCE_S = 600.0
LOOK_S = 1.0
REST_TIMES = 9

Answers = Mapping[str, Any]


class Scale:
    """Weighs the sessions under way, now and then, in a thread of its own, while entered.

    `most` is the greatest PSS of one session while `crowd` browsers are open, `most_in_all` that of
    all together at any time, in MB.
    """

    def __init__(self, product: Product, *, crowd: int) -> None:
        self.most = self.most_in_all = 0.0
        self._crowd = crowd
        self._census = product.census
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scale")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        rested_at = 0.0
        while not self._stop.wait(LOOK_S):
            began = time.monotonic()
            complete = len(self._census.browsers()) >= self._crowd
            if began < rested_at and (self.most or not complete):
                continue
            found = [self._weight(worker) for worker in self._census.holders()]
            self.most_in_all = max(self.most_in_all, sum(found))
            if complete:
                self.most = max(self.most, *found, 0)
            ended = time.monotonic()
            rested_at = ended + REST_TIMES * (ended - began)

    def _weight(self, worker: psutil.Process) -> float:
        weight = 0
        for process in self._census.tree(worker):
            # Who ended meanwhile weighs nothing.
            with suppress(psutil.Error):
                weight += process.memory_full_info().pss
        return weight / 1e6


def quotes(*, pace: str, count: int, advance: Callable[[], None]) -> list[Figure]:
    """One quote alone, then `count` at once; `advance` is called after each.

    Raises RuntimeError if the one alone got no result.
    """
    with (
        Replica(pace=pace, seed=1) as site,
        Product(capacity=count, site=site.url, spares=1) as product,
    ):
        calm(product)
        with Scale(product, crowd=1) as single:
            alone = anyio.run(visits, product, [person(0)], advance)[0]
        if not _good(alone):
            raise RuntimeError(f"a quote alone ended with {alone.outcome or 'nothing'}")
        calm(product)
        with Scale(product, crowd=count) as scale:
            people = [person(number) for number in range(1, count + 1)]
            stories = anyio.run(visits, product, people, advance)
    return [_times(pace, alone, stories), _memory(pace, single, scale, count)]


def simulated(*, count: int, advance: Callable[[], None]) -> Figure:
    """`count` simulated sessions asked for at once; `advance` is called after each."""
    # Other answers for each: the same ones would be the same session.
    answers = [
        {"automation": "simulacao", "etapas": 5, "intervalo_s": 0.2 + number / 1e6}
        for number in range(count)
    ]
    with Product(capacity=PLACES) as product:
        calm(product)
        stories = anyio.run(visits, product, answers, advance)
    good = [story for story in stories if _good(story)]
    first_s = max((one.times[0] - one.asked_at for one in stories if one.times), default=0)
    return Figure(
        name=f"{count} simulated sessions at once",
        value=f"{_told(stories)} in {_longest(good):.1f} s, begun ≤ {first_s:.1f} s",
        asked="all finish",
        reached=len(good) == count,
    )


async def visits(
    product: Product, answers: Sequence[Answers], advance: Callable[[], None]
) -> list[Story]:
    """All visitors at once, each to the end, or as far as it came in ten minutes."""
    stories = [Story() for _ in answers]

    async def come(number: int) -> None:
        key = f"crowd-{len(answers)}-{number}"
        await visit(client, product.api, answers[number], key, stories[number])
        advance()

    unlimited = httpx.Limits(max_connections=None)
    with anyio.move_on_after(PATIENCE_S):
        async with (
            httpx.AsyncClient(timeout=30, limits=unlimited) as client,
            anyio.create_task_group() as group,
        ):
            for number in range(len(answers)):
                group.start_soon(come, number)
    return stories


def _times(pace: str, alone: Story, stories: Sequence[Story]) -> Figure:
    good = [story for story in stories if _good(story)]
    slowest, single = _longest(good), _longest([alone])
    return Figure(
        name=f"{len(stories)} quotes at once, site {pace}",
        value=f"{_told(stories)}, slowest {slowest:.1f} s",
        peer=f"alone {single:.1f} s",
        ratio=slowest / single,
        asked=f"all finish, ≤ {MOST_TIMES} ×",
        reached=len(good) == len(stories) and slowest / single <= MOST_TIMES,
    )


def _memory(pace: str, single: Scale, scale: Scale, count: int) -> Figure:
    # Fewer share less: what is asked is asked of ten.
    asked = count >= CROWD
    return Figure(
        name=f"memory of one of {count} quotes, site {pace}",
        value=f"≤ {scale.most:.0f} MB, all ≤ {scale.most_in_all:,.0f} MB",
        peer=f"alone {single.most:.0f} MB",
        asked=f"≤ {MOST_MB} MB" if asked else "",
        reached=0 < scale.most <= MOST_MB if asked else None,
    )


def _good(story: Story) -> bool:
    return story.ended_at is not None and not story.failed and not story.faults


def _told(stories: Sequence[Story]) -> str:
    """How many had a result, and what the others had instead."""
    others = Counter(story.outcome or "no ending" for story in stories if not _good(story))
    parts = [f"{others.total()} without ({', '.join(sorted(others))})"] if others else []
    return ", ".join([f"{len(stories) - others.total()} with a result", *parts])


def _longest(stories: Sequence[Story]) -> float:
    ended = (story.ended_at - story.asked_at for story in stories if story.ended_at is not None)
    return max(ended, default=0)
