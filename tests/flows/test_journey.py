"""The journey through the replica in a real Chromium: what it reads, what it sends, how it ends."""

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
from tests.flows.journey import HASTE, JOAO, SECRETS, Outcome, Stage

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


async def test_every_answer_that_is_not_the_usual_one_arrives(stage: Stage) -> None:
    outcome = await stage.play(
        # With only one plan at the end, which is no error.
        "sem_alternativa",
        **JOAO,
        condutor_principal="não",
        veiculo_segurado=True,
        zero_km=True,
        combustivel="Elétrico",
        kit_gas=True,
        blindado=True,
        financiado=True,
        uso_veiculo="Motorista de aplicativo",
        local_de_trabalho=True,
        local_de_estudo=True,
        estacionamento_proprio_local_de_estudo=True,
        portao_eletronico="Manual",
        reside_18_26="Sim e utilizam o veículo",
        sexo_do_menor="Ambos",
        faixa_etaria_menor_mais_novo="25 anos",
    )

    assert_well_behaved(outcome)
    assert_result_as_shown(outcome)
    assert outcome.result["plano_alternativo"] is None
    received = outcome.record["answers"]
    assert received["nome_condutor"] == "João Conceição"
    assert received["estacionamento_proprio_local_de_trabalho"] is False
    assert received["estacionamento_proprio_local_de_estudo"] is True
    assert received["faixa_etaria_menor_mais_novo"] == "25 anos"


async def test_a_motorbike_and_another_account_lead_to_a_result_too(stage: Stage) -> None:
    outcome = await stage.play("conta_diferente", tipo_veiculo="moto", garagem_residencia="não")

    assert_well_behaved(outcome)
    assert_result_as_shown(outcome)
    # No gas kit for a motorbike, no gate without a garage.
    assert outcome.record["answers"]["tipo_veiculo"] == "moto"
    assert "kit_gas" not in outcome.record["answers"]
    assert outcome.record["answers"]["garagem_residencia"] is False


async def leave_the_site(page: Page) -> None:
    """End a journey whose rest is of no interest."""
    await page.close()


async def test_the_zero_km_screen_may_stay_away(stage: Stage) -> None:
    outcome = await stage.play("sem_5_5", hooks={"7": leave_the_site})

    assert outcome.report.screens() == ["1", "2", "3", "4", "5", "6", "7"]
    assert outcome.report.screens("pulou") == ["5.5"]
    assert outcome.record["faults"] == []


async def test_the_earlier_broker_is_answered_when_the_site_asks(stage: Stage) -> None:
    outcome = await stage.play(
        "com_14",
        continuar_com_corretor_anterior=False,
        reside_18_26="Sim, mas não utilizam o veículo",
        hooks={"15": leave_the_site},
    )

    assert outcome.report.screens()[-2:] == ["14", "15"]
    assert outcome.report.screens("pulou") == []
    assert outcome.record["faults"] == []
    assert outcome.record["answers"] == sent(outcome)
    assert outcome.record["answers"]["continuar_com_corretor_anterior"] is False


async def test_a_manual_quote_is_a_result(stage: Stage) -> None:
    outcome = await stage.play("manual")

    assert_well_behaved(outcome)
    assert set(outcome.result) == {"desfecho", "mensagem", "proximo_passo"}
    assert outcome.result["desfecho"] == "cotacao_manual"


async def test_the_survey_is_closed_and_not_answered(stage: Stage) -> None:
    outcome = await stage.play("pesquisa", hooks={"7": leave_the_site})

    assert outcome.report.screens()[-1] == "7"
    assert outcome.record["faults"] == []
    assert outcome.record["double_clicks"] == 0


@pytest.mark.parametrize(("screen", "after"), [("3", "4"), ("12", "13")])
async def test_a_changed_id_is_passed_by_its_text(stage: Stage, screen: str, after: str) -> None:
    outcome = await stage.play("id_mudado", screen=screen, hooks={after: leave_the_site})

    assert outcome.report.screens()[-1] == after
    assert outcome.record["faults"] == []
    assert outcome.record["double_clicks"] == 0


@pytest.mark.parametrize(
    ("scenario", "answers", "tipo", "etapa"),
    [
        ("placa_desconhecida", {}, "placa_desconhecida", "2"),
        ("cpf_recusado", {}, "cpf_recusado", "9"),
        ("erro_servidor", {}, "erro_do_site", "8"),
        ("preco_ausente", {}, "resultado_incompleto", "15"),
        ("usual", {"cep": "00000-001"}, "endereco_nao_encontrado", "7"),
    ],
)
async def test_a_bad_ending_names_its_screen_and_its_cause(
    stage: Stage, scenario: str, answers: dict[str, Any], tipo: str, etapa: str
) -> None:
    outcome = await stage.play(scenario, **answers)

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == (tipo, etapa)
    assert outcome.report.results == []
    assert outcome.report.screens()[-1] == etapa
    assert outcome.record["double_clicks"] == 0
    told = f"{outcome.failure.detail} {outcome.report.everything()}"
    assert not [secret for secret in SECRETS if secret in told]


async def test_a_calculation_that_never_ends_is_ended(stage: Stage) -> None:
    outcome = await stage.play("calculo_sem_fim", patience=replace(HASTE, calculation=1))

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == ("calculo_sem_fim", "15")
    assert outcome.report.remaining


async def test_a_screen_that_never_comes_is_said_of_the_one_before(stage: Stage) -> None:
    quick = replace(HASTE, screen=4)
    outcome = await stage.play("tela_ausente", screen="4", patience=quick)

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == ("tela_ausente", "3")
    assert outcome.failure.detail["esperadas"] == "4"


async def test_a_control_whose_id_is_gone_is_a_changed_site(stage: Stage) -> None:
    async def rename(page: Page) -> None:
        await page.eval_on_selector("#placaTelaDadosPlaca", "(field) => { field.id = 'outra'; }")

    outcome = await stage.play(hooks={"2": rename}, patience=replace(HASTE, control=3))

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == ("site_mudou", "2")
    assert outcome.failure.detail["procurado"] == "placaTelaDadosPlaca"
    assert "outra" in outcome.failure.detail["na_tela"]


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


async def test_a_vehicle_with_another_plate_is_refused(stage: Stage) -> None:
    async def swap(page: Page) -> None:
        await page.evaluate(
            """() => {
              const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (walker.nextNode()) {
                const text = walker.currentNode;
                text.data = text.data.replace("ABC-1D23", "XYZ-9Z99");
              }
            }"""
        )

    outcome = await stage.play(hooks={"3": swap})

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == ("veiculo_diferente", "3")


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


async def test_a_refused_login_is_not_tried_again(stage: Stage) -> None:
    outcome = await stage.play(password="outra-senha")

    assert outcome.failure is not None
    assert (outcome.failure.tipo, outcome.failure.etapa) == ("login_recusado", "15")
    assert "outra-senha" not in f"{outcome.failure.detail} {outcome.report.everything()}"


async def test_a_run_without_an_account_ends_before_it_begins(stage: Stage) -> None:
    outcome = await stage.play(password="")

    assert outcome.failure is not None
    assert outcome.failure.tipo == "sem_conta"
    assert outcome.report.said == []
