"""A page, a report and a run that exist in memory only, to see what the engine of flows does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import pytest
from pydantic import Field

from runner.automation import Answers
from runner.failure import Failure
from runner.flow import Context, Flow, Report, Site, Visit

RESULT: Mapping[str, Any] = {
    "desfecho": "cotacao_manual",
    "mensagem": "Um especialista termina por você.",
    "proximo_passo": "Aguarde o nosso contato.",
}
# Nothing in these tests lasts: what is to run out of time waits for ever.
AT_ONCE = 0.01
PATIENCE_S = 20
OPTIONAL = {"optional": True}


class Home(Answers):
    """The answers of an invented home."""

    nome: str = Field("Josefina Quarentena", max_length=40)
    cep: str = Field("01310100", pattern="^[0-9]{8}$")
    tipo: Literal["casa", "apartamento"] = "casa"


@dataclass
class FakePage:
    """Shows what it is told to: now, and after that whenever somebody waits."""

    visible: set[str] = field(default_factory=set)
    coming: list[set[str]] = field(default_factory=list)
    flickers: int = 0
    open: bool = True

    def show(self, *now: str, then: tuple[set[str], ...] = ()) -> None:
        self.visible, self.coming = set(now), list(then)

    def locator(self, css: str) -> Mark:
        return Mark(self, {css})


@dataclass
class Mark:
    """What the engine asks of a locator; one selector, or several joined by `or_`."""

    page: FakePage
    css: set[str]

    def locator(self, only: str) -> Mark:
        assert only == "visible=true"
        return self

    def or_(self, other: Mark) -> Mark:
        return Mark(self.page, self.css | other.css)

    @property
    def first(self) -> Mark:
        return self

    async def wait_for(self, *, timeout: float) -> None:
        assert timeout == 0
        while not self.css & self.page.visible:
            if not self.page.coming:
                await anyio.sleep_forever()
            self.page.visible = self.page.coming.pop(0)

    async def count(self) -> int:
        if self.page.flickers:
            # Gone between being waited for and being looked at; there again at the next wait.
            self.page.flickers -= 1
            self.page.show(then=(self.page.visible,))
        return len(self.css & self.page.visible)


class Said:
    """A Report that remembers what was said, and the last sentence of each screen."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.sentences: dict[str, str] = {}
        self.results: list[Mapping[str, Any]] = []

    async def entered(self, etapa: str, titulo: str, mensagem: str) -> None:
        self._say("entrou", etapa, mensagem)

    async def done(self, etapa: str, titulo: str, mensagem: str) -> None:
        self._say("concluiu", etapa, mensagem)

    async def skipped(self, etapa: str, titulo: str, mensagem: str) -> None:
        self._say("pulou", etapa, mensagem)

    async def notice(self, mensagem: str, *, restante_s: tuple[int, int] | None = None) -> None:
        self.words.append("aviso")

    async def submitting(self, mensagem: str) -> None:
        self.words.append("envia")

    async def estimate(self, data: Mapping[str, Any]) -> None:
        self.words.append("estimativa")

    async def result(self, data: Mapping[str, Any]) -> None:
        self.words.append("resultado")
        self.results.append(data)

    def _say(self, verb: str, etapa: str, mensagem: str) -> None:
        self.words.append(f"{verb} {etapa}")
        self.sentences[f"{verb} {etapa}"] = mensagem


@dataclass
class Run:
    """One run: its page, what it said, and what the page's keeper saw it end with."""

    flow: Flow[Any]
    answers: Mapping[str, Any] = field(default_factory=dict)
    page: FakePage = field(default_factory=FakePage)
    report: Said = field(default_factory=Said)
    seen: BaseException | None = None
    place: str | None = None

    async def __call__(self) -> list[str]:
        said: Report = self.report
        site = Site(url="https://site.example", email="corretor@example.org", password="s")
        context = Context(answers=self.answers, report=said, site=site, page=self._opened)
        # What goes wrong here waits for a screen that never comes.
        with anyio.fail_after(PATIENCE_S):
            await self.flow(context)
        return self.report.words

    async def failure(self) -> Failure:
        """The failure that it must end with."""
        with pytest.raises(Failure) as caught:
            await self()
        return caught.value

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[FakePage]:
        try:
            yield self.page
        except BaseException as error:
            self.seen = error
            self.place = error.etapa if isinstance(error, Failure) else None
            raise
        finally:
            self.page.open = False


Act = Callable[[Visit[Home]], Awaitable[Any]]


def leads_to(*now: str, then: tuple[set[str], ...] = (), says: Any = None) -> Act:
    """A screen's function that makes the page show these, and `then` those."""

    async def act(visit: Visit[Home]) -> Any:
        page: Any = visit.page
        page.show(*now, then=then)
        return says

    return act


async def hangs(visit: Visit[Home]) -> None:
    """A screen's function that never comes to its end."""
    await anyio.sleep_forever()


async def stays(visit: Visit[Home]) -> None:
    """An opening for a page that shows the site already."""


def flow_of(*screens: tuple[str, Act, dict[str, Any]]) -> Flow[Visit[Home]]:
    """A flow of these screens (id, function, options); each is seen by "#" and its id."""
    flow = Flow(Home)
    flow.opening(stays)
    for id, act, options in screens:
        flow.screen(id, f"Tela {id}", **{"sees": f"#{id}", **options})(act)
    return flow


def opened_at(flow: Flow[Any], *selectors: str, **answers: Any) -> Run:
    """A run whose page shows these from the start."""
    return Run(flow, answers, FakePage(visible=set(selectors)))
