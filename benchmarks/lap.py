"""One run of the quote: by the flow as a visitor's, or by the bare script, with the same clock.

1. The flow runs in the worker's own function, with its lease and its beats, every event durable in
   a SQLite file, and the recording of evidence under way, as for a visitor.
2. The calculation's beginning is told by the page itself (the browser's record of its requests):
   neither side is asked, and nothing is added to either.
3. A run counts only if the site found nothing wrong with it and the prices that were read are the
   ones that were shown. Otherwise the benchmark fails.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from benchmarks.bare import Script
from benchmarks.person import person
from db.events import Event, EventType
from db.store import Lease, NewSession, Store
from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica
from runner.browser import Browser
from runner.evidence.mask import Mask, texts
from runner.evidence.shelf import Shelf
from runner.evidence.witness import Evidence
from runner.flow import Context, Site
from runner.flows.cotacao_auto import AUTOMATION
from runner.flows.cotacao_auto.flow import run
from runner.flows.cotacao_auto.wait import Patience
from runner.job import TTL_S
from runner.worker import work

PLANS = ("plano_recomendado", "plano_alternativo")
# Milliseconds: when the navigation began (Unix time), and when, after it, the answer to the last
# Continuar had come, which begins the calculation.
TIMES = """() => {
  const isAnswer = (one) => one.name.endsWith("/api/avancar");
  const answers = performance.getEntriesByType("resource").filter(isAnswer);
  return [performance.timeOrigin, answers.at(-1)?.responseEnd ?? NaN];
}"""


async def until_calculation(context: Context) -> None:
    """The flow without its longest wait: it gives the calculation up as soon as it has begun."""
    await run(context, patience=Patience(calculation=0))


SHORTENED = replace(AUTOMATION, flow=f"{__name__}:until_calculation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """One run: seconds from the navigation on, and what the site recorded of it.

    `result_s` is when the flow's result was durable, or the bare script had the prices; None where
    the run went no further than the calculation.
    """

    calculation_s: float
    result_s: float | None
    record: Mapping[str, Any]


class Witness:
    """What the shared browser tells of its pages, told to the evidence of the lap under way."""

    def __init__(self) -> None:
        self.evidence: Evidence | None = None

    async def opened(self, page: Page) -> None:
        """The page is fresh."""
        if self.evidence is not None:
            await self.evidence.opened(page)

    async def closing(self, page: Page, error: BaseException | None) -> None:
        """The page was left."""
        if self.evidence is not None:
            await self.evidence.closing(page, error)


@dataclass(kw_only=True)
class Track:
    """What all laps run on: the site, the store, the browser that tells `witness`, and a folder for
    the evidence; `whole` laps go to the result."""

    site: Replica
    store: Store
    browser: Browser
    witness: Witness
    folder: Path
    whole: bool
    _laps: int = 0
    _times: tuple[float, float] = field(default=(0, 0))

    async def flow(self, plate: str) -> Lap:
        """The product's flow, for a car with this plate."""
        answers, lease = _answers(plate), await self._lease()
        self.witness.evidence = self._evidence(lease, answers)
        await work(
            store=self.store,
            lease=lease,
            automation=AUTOMATION if self.whole else SHORTENED,
            answers=answers,
            site=Site(url=self.site.url, email=DEFAULT_EMAIL, password=DEFAULT_PASSWORD),
            page=self._page,
        )
        self.witness.evidence = None
        ending = (await self.store.events(lease.session_id))[-1]
        if not self.whole:
            assert ending.data.get("tipo") == "calculo_sem_fim", ending.data
            return self._lap()
        assert ending.type is EventType.RESULT, ending.data
        return self._lap(_unix(ending), [ending.data[plan]["valor"] for plan in PLANS])

    async def bare(self, plate: str) -> Lap:
        """The bare script, for a car with this plate."""
        async with self._page() as page:
            script = Script(page, _answers(plate))
            await script.fill_in(self.site.url)
            if self.whole:
                prices = await script.open_result(DEFAULT_EMAIL, DEFAULT_PASSWORD)
                known = time.time()
            else:
                await script.see_calculation()
        return self._lap(known, prices) if self.whole else self._lap()

    async def _lease(self) -> Lease:
        self._laps += 1
        name, queue = f"lap-{self._laps}", AUTOMATION.queue
        await self.store.create(NewSession(id=name, automation=AUTOMATION.name, queue=queue))
        claimed = await self.store.claim("bench", queues=[queue], ttl_s=TTL_S)
        assert claimed is not None
        return claimed[1]

    def _evidence(self, lease: Lease, answers: Mapping[str, Any]) -> Evidence:
        async def screen() -> str | None:
            return None

        shelf, mask = Shelf(self.folder), Mask(texts(answers), ())
        return Evidence(shelf, lease.session_id, mask, screen)

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[Page]:
        async with self.browser.page() as page:
            try:
                yield page
            finally:
                self._times = await page.evaluate(TIMES)

    def _lap(self, known: float | None = None, prices: Sequence[str] | None = None) -> Lap:
        record = self.site.records()[-1]
        assert (record["faults"], record["double_clicks"]) == ([], 0), record
        assert record["screens"][-1] == "15", record
        if prices is not None:
            for plan, text in zip(PLANS, prices, strict=True):
                # The page keeps "R$" apart from its number.
                assert record["result"][plan]["valor"].removeprefix("R$ ") in text
        start, calculation = self._times
        return Lap(
            calculation_s=calculation / 1000,
            result_s=None if known is None else known - start / 1000,
            record=record,
        )


def _answers(plate: str) -> Mapping[str, Any]:
    intake = AUTOMATION.normalise({**person(0), "placa": plate})
    assert not intake.errors, intake.errors
    return intake.answers


def _unix(event: Event) -> float:
    return datetime.fromisoformat(event.at).timestamp()
