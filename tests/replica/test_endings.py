"""The misfortunes of screens 1 to 14 as a person meets them on the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as Late

from demo.replica import Replica

from .visitor import CONTINUE, MARKS, ClickingVisitor, arrive

GLANCE_MS = 700  # how long a trap is given to prove that something does not happen


def test_an_unknown_plate_keeps_screen_2_with_a_message(replica: Replica, page: Page) -> None:
    arrive(page, replica, "2", "?cenario=placa_desconhecida")
    page.fill("#placaTelaDadosPlaca", "XYZ1D23")
    page.click(CONTINUE["2"])
    expect(page.locator("#placaTelaDadosPlaca")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#placaTelaDadosPlaca")).to_have_value("XYZ-1D23")
    assert replica.records()[-1]["ending"] == "placa_desconhecida"


def test_a_refused_cpf_keeps_screen_9_with_a_message(replica: Replica, page: Page) -> None:
    arrive(page, replica, "9", "?cenario=cpf_recusado")
    visitor = ClickingVisitor(page)
    visitor.answer("9")
    visitor.go("9")
    expect(page.locator("#cpfTelaSegurado")).to_have_attribute("aria-invalid", "true")
    assert replica.records()[-1]["ending"] == "cpf_recusado"


def test_screen_14_comes_only_with_its_scenario(replica: Replica, page: Page) -> None:
    arrive(page, replica, "13", "?cenario=com_14")
    visitor = ClickingVisitor(page, continuar_com_corretor_anterior=True)
    visitor.walk("15", since="13", skip=())
    assert replica.records()[-1]["answers"]["continuar_com_corretor_anterior"] is True


def test_the_exit_survey_intercepts_the_click_on_continuar_until_it_is_closed(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "5", "?cenario=pesquisa")
    with pytest.raises(Late, match="intercepts pointer events"):
        page.locator(MARKS["5"]).click(timeout=GLANCE_MS)
    page.click("#gtm-telaEstimativaAgoraNaoFechar")
    page.locator(MARKS["5"]).click()
    page.locator(MARKS["5.5"]).wait_for()
    assert replica.records()[-1]["faults"] == []


def test_sending_the_exit_survey_is_recorded_as_a_fault(replica: Replica, page: Page) -> None:
    arrive(page, replica, "5", "?cenario=pesquisa")
    with page.expect_response("**/api/sinal"):
        page.click("#gtm-telaEstimativaAgoraNaoEnviar")
    assert len(replica.records()[-1]["faults"]) == 1


def test_a_screen_that_never_comes_leaves_the_spinner_over_the_old_one(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "3", "?cenario=tela_ausente&tela=4")
    page.locator(MARKS["3"]).click()
    with pytest.raises(Late):
        page.locator(MARKS["4"]).wait_for(timeout=GLANCE_MS)
    expect(page.locator("[role=progressbar]")).to_be_visible()
    expect(page.locator(MARKS["3"])).to_be_visible()


@pytest.mark.parametrize(("screen", "following"), [("8", "9"), ("12", "13")])
def test_a_changed_id_leaves_the_text_of_continuar(
    replica: Replica, page: Page, screen: str, following: str
) -> None:
    arrive(page, replica, screen, f"?cenario=id_mudado&tela={screen}")
    ClickingVisitor(page).answer(screen)
    expect(page.locator(CONTINUE[screen])).to_have_count(0)
    page.get_by_text("Continuar", exact=True).click()
    page.locator(MARKS[following]).wait_for()


def test_a_server_error_is_an_alert_whose_retry_fails_again(replica: Replica, page: Page) -> None:
    arrive(page, replica, "8", "?cenario=erro_servidor")
    page.click(CONTINUE["8"])
    alert = page.get_by_role("alertdialog")
    alert.wait_for()
    with page.expect_response("**/api/avancar") as again:
        alert.get_by_role("button").click()
    assert again.value.status == 500
    alert.wait_for()
    assert replica.records()[-1]["double_clicks"] == 0


def test_a_passing_server_error_is_gone_with_the_alerts_own_retry(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "8", "?cenario=erro_passageiro")
    page.click(CONTINUE["8"])
    page.get_by_role("alertdialog").get_by_role("button").click()
    page.locator(MARKS["9"]).wait_for()
    assert replica.records()[-1]["double_clicks"] == 0


def test_a_strange_screen_has_none_of_the_known_marks_and_leads_on(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "6", "?cenario=tela_estranha")
    page.locator(MARKS["6"]).click()
    page.get_by_text("Conte mais sobre o seu veículo").wait_for()
    for mark in MARKS.values():
        expect(page.locator(mark)).to_have_count(0)
    page.get_by_text("Continuar", exact=True).click()
    page.locator(MARKS["7"]).wait_for()


@pytest.mark.parametrize(
    ("screen", "control", "still"),
    [
        ("9", "celularTelaSegurado", MARKS["9"]),
        ("8", "finalidadeVeiculoTelaUsoVeiculo", CONTINUE["8"]),
        ("6", "outrosTelaItens", MARKS["6"]),
    ],
)
def test_a_changed_control_has_another_id_and_the_rest_of_its_screen_has_not(
    replica: Replica, page: Page, screen: str, control: str, still: str
) -> None:
    arrive_at = {"8": "7", "9": "8", "6": "5.5"}[screen]
    arrive(page, replica, arrive_at, f"?cenario=controle_mudado&tela={screen}")
    ClickingVisitor(page).answer(arrive_at)
    page.locator(CONTINUE.get(arrive_at, MARKS[arrive_at])).click()
    page.locator(still).wait_for()
    expect(page.locator(f"[id={control}], [name={control}]")).to_have_count(0)
    expect(page.locator(f"[id={control}2]")).not_to_have_count(0)


def test_an_estimate_without_end_keeps_its_skeleton_and_shows_no_continuar(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "4", "?cenario=estimativa_sem_fim")
    with page.expect_response("**/api/estimativa") as answered:
        page.locator(MARKS["4"]).click()
    answered.value.finished()
    expect(page.locator("[aria-roledescription=slide] .skeleton").first).to_be_visible()
    expect(page.locator(MARKS["5"])).to_have_count(0)
    assert replica.records()[-1]["ending"] == "estimativa_sem_fim"


def test_an_incomplete_estimate_has_one_card_without_amounts(replica: Replica, page: Page) -> None:
    arrive(page, replica, "5", "?cenario=estimativa_incompleta")
    slides = page.locator("[aria-roledescription=slide]")
    expect(slides).to_have_count(3)
    expect(slides.filter(has_text="R$")).to_have_count(2)


def test_another_vehicle_has_another_plate(replica: Replica, page: Page) -> None:
    arrive(page, replica, "3", "?cenario=outro_veiculo")
    expect(page.locator("h1 span").last).to_have_text("YYZ-1D23")


def test_a_motorbike_has_other_words_the_same_ids_and_no_gas_kit(
    replica: Replica, page: Page
) -> None:
    visitor = ClickingVisitor(page, tipo_veiculo="moto", placa="MOT1A00")
    visitor.open(replica.url)
    visitor.walk("3")
    arrive(page, replica, "2", kind="moto")
    expect(page.locator("h1")).to_have_text("Qual é a placa da moto?")
    arrive(page, replica, "6", kind="moto")
    expect(page.locator("div#outrosTelaItens input")).to_have_count(2)


def test_going_back_shows_the_screen_before(replica: Replica, page: Page) -> None:
    arrive(page, replica, "4")
    page.get_by_role("button", name="Voltar").click()
    page.locator(MARKS["3"]).wait_for()
    page.locator(MARKS["3"]).click()
    expect(page.locator(MARKS["4"])).to_be_visible()
