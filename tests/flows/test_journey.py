"""The usual journey in a real Chromium, whole, and what no scenario of the site can do to it.

The site's own scenarios, with every ending: test_matrix.py and test_misfortune.py.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from runner.flows.cotacao_auto.arrival import shown
from runner.flows.cotacao_auto.screen import flow
from runner.flows.cotacao_auto.wait import race
from tests.flows.journey import HASTE, SECRETS, Outcome, Stage

pytestmark = pytest.mark.anyio

USUAL = ["1", "2", "3", "4", "5", "5.5", "6", "7", "8", "9", "10", "11", "12", "13", "15"]


def sent(outcome: Outcome) -> dict[str, Any]:
    """What the site received, which must be the visitor's own answers and nothing else."""
    return {name: outcome.answers[name] for name in outcome.record["answers"]}


def assert_well_behaved(outcome: Outcome) -> None:
    assert outcome.failure is None
    assert outcome.record["faults"] == []
    assert outcome.record["double_clicks"] == 0
    assert outcome.record["answers"] == sent(outcome)


def assert_result_as_shown(outcome: Outcome) -> None:
    assert outcome.result["desfecho"] == "cotacao"
    shown = outcome.record["result"]
    for plan in ("plano_recomendado", "plano_alternativo"):
        assert outcome.result[plan] == shown[plan]


async def test_the_usual_journey_reports_each_screen_in_order(stage: Stage) -> None:
    outcome = await stage.play()

    assert_well_behaved(outcome)
    report = outcome.report
    assert report.screens() == USUAL == outcome.record["screens"]
    assert report.screens("concluiu") == USUAL
    assert report.screens("pulou") == ["14"]
    said = report.said
    assert said[-2:] == [("concluiu", "15"), ("resultado", "15")]
    between = said[said.index(("entrou", "5")) : said.index(("concluiu", "5")) + 1]
    assert between == [("entrou", "5"), ("estimativa", "5"), ("concluiu", "5")]
    assert said[said.index(("envia", "")) - 1] == ("entrou", "9")
    assert said[said.index(("envia", "")) + 1] == ("concluiu", "9")
    # The countdown is the site's own; what remains is a range.
    assert report.remaining
    assert all(0 <= least <= most <= 163 for least, most in report.remaining)

    assert_result_as_shown(outcome)
    (estimate,) = report.estimates
    assert estimate["coberturas_detalhadas"] == outcome.record["estimate"]
    benefits = sum(len(one["beneficios"]) for one in outcome.record["estimate"])
    assert estimate["resumo"] == {
        "total_coberturas": 3,
        "total_beneficios": benefits,
        "valores_encontrados": 6,
    }
    assert outcome.record["answers"]["celular"] == "11987654321"
    everything = report.everything()
    assert not [secret for secret in SECRETS if secret in everything]


async def test_an_answer_that_the_page_does_not_keep_is_found_out(stage: Stage) -> None:
    async def forget(page: Page) -> None:
        await page.eval_on_selector(
            "#placaTelaDadosPlaca",
            "(field) => field.addEventListener('input', () => { field.value = ''; })",
        )

    outcome = await stage.play(hooks={"2": forget}, patience=replace(HASTE, settle=2))

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == ("site_mudou", "2")
    assert outcome.failure.detail["campos"] == "placaTelaDadosPlaca"


async def test_a_page_that_crashes_ends_the_journey_at_once(stage: Stage) -> None:
    async def crash(page: Page) -> None:
        with suppress(PlaywrightError):
            await page.goto("chrome://crash")

    outcome = await stage.play(hooks={"4": crash})

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == ("navegador_caiu", "4")


async def test_a_wait_survives_a_navigation(stage: Stage) -> None:
    buttons = replace(shown(flow.screens[0])[0], hold=0.4)
    async with stage.browser.page() as page:
        await page.goto(stage.site.url)
        await page.evaluate("setTimeout(() => location.reload(), 100)")
        arrival = await race(page, buttons, within=10)

    assert arrival is not None


async def test_a_run_without_an_account_ends_before_it_begins(stage: Stage) -> None:
    outcome = await stage.play(password="")

    assert outcome.failure is not None
    assert outcome.failure.tipo == "sem_conta"
    assert outcome.report.said == []
