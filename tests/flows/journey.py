"""Runs one journey in a test and keeps what it said: a recording Report, invented people.

1. The people are invented; their documents only have valid check digits.
2. Nothing here waits or sleeps: a journey ends by itself or by its patience.
3. A misfortune's patience is short on its own screen only (`hurry`): a busy machine may be slow on
   all the others without ending the journey there.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from playwright.async_api import Page

from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica
from runner.browser import Browser
from runner.failure import Failure
from runner.flow import Context, Site
from runner.flows.cotacao_auto import AUTOMATION
from runner.flows.cotacao_auto.flow import run
from runner.flows.cotacao_auto.wait import Patience

ANA: Mapping[str, Any] = {
    "cpf": "529.982.247-25",
    "nome": "Ana Lúcia d'Ávila",
    "placa": "abc-1d23",
    "cep": "01310-100",
    "email": "ana.lucia@exemplo.com.br",
    "telefone": "+55 (11) 98765-4321",
    "data_nascimento": "1980-02-03",
    "sexo": "feminino",
    "estado_civil": "Solteira",
}
JOAO: Mapping[str, Any] = {
    "nome_condutor": "João Conceição",
    "cpf_condutor": "111.444.777-35",
    "data_nascimento_condutor": "31/12/1991",
    "sexo_condutor": "masculino",
    "estado_civil_condutor": "viúvo",
}
# What nobody but the site may ever be told.
SECRETS = (
    *("52998224725", "529.982", "Lúcia", "ABC1D23", "ABC-1D23", "01310", "exemplo.com"),
    *("98765", "1980", "Conceição", "11144477735", DEFAULT_PASSWORD),
)
# Long enough for the replica at test pace on a busy machine, short enough for a test.
HASTE = Patience(screen=20, estimate=20, control=20, calculation=20, grid=4, alone=0.5)

Hook = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurry:
    """From the entry of `screen` on, these waits of Patience (by name) last so many seconds."""

    screen: str
    waits: Mapping[str, float]

    def seize(self, patience: Patience) -> None:
        """Shorten the waits of a patience that one journey has for itself."""
        for name, seconds in self.waits.items():
            # Frozen for everybody else: the flow must find its patience changed under its hands.
            object.__setattr__(patience, name, seconds)


@dataclass(slots=True)
class Recorder:
    """A Report that remembers; `hooks` run on the page when their screen is entered."""

    said: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    remaining: list[tuple[int, int]] = field(default_factory=list)
    estimates: list[Mapping[str, Any]] = field(default_factory=list)
    results: list[Mapping[str, Any]] = field(default_factory=list)
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    page: Page | None = None

    async def entered(self, etapa: str, titulo: str, mensagem: str) -> None:
        self._say("entrou", etapa, titulo, mensagem)
        if etapa in self.hooks and self.page is not None:
            await self.hooks[etapa](self.page)

    async def done(self, etapa: str, titulo: str, mensagem: str) -> None:
        self._say("concluiu", etapa, titulo, mensagem)

    async def skipped(self, etapa: str, titulo: str, mensagem: str) -> None:
        self._say("pulou", etapa, titulo, mensagem)

    async def notice(self, mensagem: str, *, restante_s: tuple[int, int] | None = None) -> None:
        self.texts.append(mensagem)
        if restante_s is not None:
            self.remaining.append(restante_s)

    async def submitting(self, mensagem: str) -> None:
        self._say("envia", "", mensagem)

    async def estimate(self, data: Mapping[str, Any]) -> None:
        self._say("estimativa", "5")
        self.estimates.append(data)

    async def result(self, data: Mapping[str, Any]) -> None:
        self._say("resultado", "15")
        self.results.append(data)

    def screens(self, verb: str = "entrou") -> list[str]:
        """The screens of which `verb` was said, in order."""
        return [etapa for said, etapa in self.said if said == verb]

    def everything(self) -> str:
        """All that any event or message held, as one text."""
        return json.dumps([self.texts, self.estimates, self.results], ensure_ascii=False)

    def _say(self, verb: str, etapa: str, *texts: str) -> None:
        self.said.append((verb, etapa))
        self.texts.extend(texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a journey ended: what was said, what the site recorded, and the failure if any."""

    report: Recorder
    record: Mapping[str, Any]
    answers: Mapping[str, Any]
    failure: Failure | None = None

    @property
    def result(self) -> Mapping[str, Any]:
        """The one result."""
        (result,) = self.report.results
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A site and a browser; `play` runs one journey on them."""

    site: Replica
    browser: Browser

    async def play(
        self,
        scenario: str = "usual",
        *,
        hooks: Mapping[str, Hook] | None = None,
        patience: Patience = HASTE,
        hurry: Hurry | None = None,
        password: str = DEFAULT_PASSWORD,
        screen: str | None = None,
        **answers: Any,
    ) -> Outcome:
        """Ana's quote (with other `answers`) in a scenario of the replica."""
        intake = AUTOMATION.normalise({**ANA, **answers})
        assert intake.errors == {}
        own = replace(patience)
        hooks = dict(hooks or {})
        if hurry is not None:

            async def seize(page: Page) -> None:
                hurry.seize(own)

            hooks[hurry.screen] = seize
        report = Recorder(hooks=hooks)
        url = self.site.start_url(scenario) + (f"&tela={screen}" if screen else "")
        context = Context(
            answers=intake.answers,
            report=report,
            site=Site(url=url, email=DEFAULT_EMAIL, password=password),
            page=lambda: _observed(self.browser, report),
        )
        failure = None
        try:
            await run(context, patience=own)
        except Failure as error:
            failure = error
        records = self.site.records()
        record = records[-1] if records else {}
        return Outcome(report=report, record=record, answers=intake.answers, failure=failure)


@asynccontextmanager
async def _observed(browser: Browser, report: Recorder) -> AsyncIterator[Page]:
    async with browser.page() as page:
        report.page = page
        yield page
