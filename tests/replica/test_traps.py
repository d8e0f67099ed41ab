"""The traps of the real site's flow: waiting, spinner, dialogs, estimate, result."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import TimeoutError as Late

from demo.replica import Replica

from .visitor import MARKS, ClickingVisitor, arrive, hold, is_under_something

GLANCE_MS = 700  # how long a trap is given to prove that something does not happen


def test_the_login_modal_is_in_the_document_from_the_landing_on_but_hidden(
    replica: Replica, page: Page
) -> None:
    page.goto(replica.url)
    page.locator(MARKS["1"]).wait_for()
    for field in ("#emailTelaLogin", "#senhaTelaLogin", "#gtm-telaLoginBotaoAcessar"):
        expect(page.locator(field)).to_have_count(1)
        expect(page.locator(field)).to_be_hidden()
    modal = page.locator(".modal:has(#emailTelaLogin)")
    expect(modal).to_have_attribute("aria-hidden", "true")
    expect(modal).to_have_css("visibility", "hidden")


def test_the_network_never_is_idle(replica: Replica, page: Page) -> None:
    page.goto(replica.url)
    with pytest.raises(Late):
        page.wait_for_load_state("networkidle", timeout=3 * GLANCE_MS)


def test_the_brokers_path_becomes_the_quotes_path_at_the_first_click_and_then_stays(
    replica: Replica, page: Page
) -> None:
    visitor = ClickingVisitor(page)
    visitor.open(replica.url)
    assert page.url.endswith("/corretor/andamento")
    visitor.walk("3")
    assert page.url.endswith("/cotacao/carro")


def test_the_spinner_is_in_the_document_all_the_time_and_hidden(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "2")
    spinner = page.locator("[role=progressbar]")
    expect(spinner).to_have_count(1)
    expect(spinner).to_be_hidden()


def test_the_old_screen_stays_beneath_the_spinner_until_the_next_comes(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "4")
    release = hold(page, "avancar")
    go = page.locator(MARKS["4"])
    go.click()
    expect(page.locator("[role=progressbar]")).to_be_visible()
    expect(go).to_be_visible()
    assert is_under_something(go)
    release()
    expect(go).to_have_count(0)


def test_skeletons_without_text_come_before_the_content(replica: Replica, page: Page) -> None:
    def linger(route: Route) -> None:
        body = route.fetch().json()
        body["ritmo"]["esqueleto"] = 60_000  # longer than any glance at it
        route.fulfill(json=body)

    arrive(page, replica, "3")
    page.route("**/api/avancar", linger, times=1)
    page.locator(MARKS["3"]).click()
    page.locator("main .skeleton").first.wait_for()
    assert page.locator("main").inner_text().strip() == ""


def test_a_second_click_on_continuar_under_the_spinner_is_recorded_and_does_nothing_else(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "4")
    release = hold(page, "avancar")
    box = page.locator(MARKS["4"]).bounding_box()
    assert box is not None
    with page.expect_response("**/api/sinal"):
        page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    release()
    page.locator(MARKS["5"]).wait_for()
    record = replica.records()[-1]
    assert record["double_clicks"] == 1
    assert [fault["tela"] for fault in record["faults"]] == ["4"]
    assert record["screens"].count("5") == 1


def test_a_second_click_by_script_is_recorded_too(replica: Replica, page: Page) -> None:
    arrive(page, replica, "12")
    page.locator("label:has(> span > [value=nao])").click()
    go = page.locator("#gtm-telaGaragemResidenciaContinuar")
    with page.expect_response("**/api/sinal"):
        go.evaluate("node => { node.click(); node.click(); }")
    page.locator(MARKS["13"]).wait_for()
    assert replica.records()[-1]["double_clicks"] == 1


def test_the_steppers_labels_are_twice_in_the_document_and_say_vehicle_up_to_screen_6(
    replica: Replica, page: Page
) -> None:
    for screen in ("2", "6"):
        arrive(page, replica, screen)
        expect(page.get_by_text("Veículo", exact=True)).to_have_count(2)
        expect(page.locator("nav li.atual p").first).to_have_text("Veículo")


def test_the_vehicle_of_screen_3_is_split_in_spans(replica: Replica, page: Page) -> None:
    arrive(page, replica, "3")
    heading = page.locator("h1")
    expect(heading).to_have_text(re.compile(r"^O veículo .+ corresponde a placa XYZ-1D23\?$"))
    vehicle = replica.records()[-1]["vehicle"]
    expect(heading.locator("span")).to_have_text([vehicle["modelo"], vehicle["ano"], "XYZ-1D23"])


def test_the_estimate_begins_with_a_slide_shaped_skeleton_and_no_continuar(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "4")
    release = hold(page, "estimativa")
    page.locator(MARKS["4"]).click()
    page.get_by_text("Aguarde! Estamos buscando uma estimativa").wait_for()
    expect(page.locator("[aria-roledescription=slide]")).to_have_count(1)
    expect(page.locator("[aria-roledescription=slide] .skeleton").first).to_be_visible()
    expect(page.locator(MARKS["5"])).to_have_count(0)
    release()
    expect(page.locator(MARKS["5"])).to_be_visible()


def test_all_slides_are_in_the_document_and_prices_are_split_with_a_no_break_space(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "5")
    slides = page.locator("[role=group][aria-roledescription=slide]")
    expect(slides).to_have_count(3)
    shown = replica.records()[-1]["estimate"]
    for slide, card in zip(slides.all(), shown, strict=True):
        assert slide.locator("b").text_content() == card["nome_cobertura"]
        parts = slide.locator("p:has-text('até') > span > span").all_text_contents()
        whole = card["valores"]["de"].removeprefix("R$ ").removesuffix(",00")
        assert parts[:3] == ["R$", f"\u00a0{whole}", ",00"]
        gains = slide.locator('img[src="/icone-ok.svg"][alt="Icone de OK"] + p')
        assert gains.all_text_contents() == [gain["nome"] for gain in card["beneficios"]]
    last = slides.last.bounding_box()
    assert last is not None
    assert last["x"] + last["width"] > 1160  # beyond the carousel's edge


def test_the_exit_survey_is_hidden_on_the_estimate_screen(replica: Replica, page: Page) -> None:
    arrive(page, replica, "5")
    for button in ("Fechar", "Enviar"):
        survey = page.locator(f"#gtm-telaEstimativaAgoraNao{button}")
        expect(survey).to_have_count(1)
        expect(survey).to_be_hidden()


def test_continuar_of_screen_12_is_a_paragraph_with_the_id_and_no_button(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "12")
    expect(page.locator("p#gtm-telaGaragemResidenciaContinuar")).to_have_text("Continuar")
    expect(page.get_by_role("button", name="Continuar")).to_have_count(0)


def test_both_endings_texts_are_in_the_document_while_the_calculation_runs(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "15", "?cenario=calculo_sem_fim")
    expect(page.locator("main")).to_contain_text(re.compile(r"Tempo estimado em\s*0\d:\d\d"))
    for text in ("Parabéns, chegamos ao resultado final", "Ops, ainda não encontramos"):
        expect(page.get_by_text(text)).to_have_count(1)
        expect(page.get_by_text(text)).to_be_hidden()


def test_the_grid_shows_blurred_placeholder_prices_until_after_the_login(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "15")
    grid = page.locator(".grade")
    grid.wait_for()
    expect(grid.locator("> *")).to_have_count(3)
    labels, recommended, other = grid.locator("> *").all()
    expect(labels.locator("> *")).to_have_count(9)
    assert "border-primary" in (recommended.get_attribute("class") or "")
    expect(recommended.get_by_role("heading")).to_have_text("Plano recomendado")
    expect(other.get_by_role("heading")).to_have_count(0)
    for card in (recommended, other):
        expect(card.get_by_text("100,00", exact=True)).to_have_count(1)
        expect(card.locator(".borrado")).to_have_count(1)
    result = replica.records()[-1]["result"]
    assert result is None
    ClickingVisitor(page).log_in()
    expect(grid.locator(".borrado")).to_have_count(0)
    expect(page.locator("#emailTelaLogin")).to_be_hidden()
    expect(grid.get_by_text("100,00", exact=True)).to_have_count(0)


def test_label_k_belongs_to_cell_k_of_each_card(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15")
    ClickingVisitor(page).log_in()
    expect(page.locator(".borrado")).to_have_count(0)
    texts = page.locator(".grade > :first-child > *").all_inner_texts()
    result = replica.records()[-1]["result"]
    for number, plan in ((2, "plano_recomendado"), (3, "plano_alternativo")):
        cells = page.locator(f".grade > :nth-child({number}) > .celula")
        expect(cells).to_have_count(9)
        excess = cells.nth(texts.index("Franquia")).locator("p").all_text_contents()
        assert excess == [result[plan]["valor_franquia"], result[plan]["tipo_franquia"]]
        moral = cells.nth(texts.index("Danos Morais")).inner_text()
        assert moral == result[plan]["danos_morais"]
        icon = cells.nth(texts.index("Carro Reserva")).locator("img").get_attribute("src")
        assert icon == ("/icone-ok.svg" if result[plan]["carro_reserva"] else "/icone-nok.svg")
