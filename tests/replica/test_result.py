"""The endings of screen 15 as a person meets them: calculation, login, grid."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as Late

from demo.replica import Replica

from .visitor import CONTINUE, ClickingVisitor, arrive, hold

GLANCE_MS = 700  # how long a trap is given to prove that something does not happen


def test_a_manual_quote_says_so_in_a_visible_paragraph(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=manual")
    page.locator("p", has_text="Ops, ainda não encontramos resultados para você").wait_for()
    expect(page.locator("#emailTelaLogin")).to_be_hidden()
    assert replica.records()[-1]["ending"] == "manual"


def test_a_calculation_without_end_stays_at_zero(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=calculo_sem_fim")
    page.get_by_text("00:00").wait_for()
    with pytest.raises(Late):
        page.get_by_text("Parabéns").or_(page.get_by_text("Ops")).first.wait_for(timeout=GLANCE_MS)
    assert replica.records()[-1]["ending"] == "calculo_sem_fim"


def test_a_refused_login_keeps_the_modal_its_texts_and_shows_the_box(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "15", "?cenario=login_recusado")
    ClickingVisitor(page).log_in()
    page.locator("form:has(#emailTelaLogin)").get_by_text("Atenção").wait_for()
    expect(page.locator("#emailTelaLogin")).to_have_value(replica.email)
    expect(page.locator("#senhaTelaLogin")).to_have_value(replica.password)
    expect(page.locator(".borrado")).to_have_count(2)


def test_another_account_leads_back_to_the_login_and_keeping_it_leads_to_the_result(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "15", "?cenario=conta_diferente")
    visitor = ClickingVisitor(page)
    visitor.log_in()
    page.get_by_role("heading", name="CPF informado não corresponde à conta").wait_for()
    expect(page.locator("#emailTelaLogin")).to_be_hidden()
    page.click("#logarComOutraContaModalAssociarUsuario")
    visitor.log_in()
    page.click("#manterLoginAtualModalAssociarUsuario")
    expect(page.locator(".borrado")).to_have_count(0)
    assert replica.records()[-1]["ending"] == "resultado"


def test_a_missing_price_shows_no_amount(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=preco_ausente")
    ClickingVisitor(page).log_in()
    expect(page.locator(".borrado")).to_have_count(0)
    expect(page.locator(".border-primary .preco")).to_have_text("R$—")
    assert replica.records()[-1]["result"]["plano_recomendado"]["valor"] is None


def test_without_an_alternative_the_grid_has_two_columns(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=sem_alternativa")
    ClickingVisitor(page).log_in()
    expect(page.locator(".borrado")).to_have_count(0)
    expect(page.locator(".grade > *")).to_have_count(2)
    assert replica.records()[-1]["result"]["plano_alternativo"] is None


def test_a_stopped_clock_stays_at_zero_until_the_result_comes(replica: Replica, page: Page) -> None:
    release = hold(page, "calculo")
    arrive(page, replica, "15", "?cenario=relogio_parado")
    done = page.get_by_text("Parabéns, chegamos ao resultado final")
    expect(page.get_by_text("00:00")).to_be_visible()
    assert not done.is_visible()
    release()
    done.wait_for()
    assert replica.records()[-1]["ending"] is None


def test_without_a_login_the_prices_come_by_themselves(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=sem_login")
    page.locator(".grade").wait_for()
    expect(page.locator(".borrado")).to_have_count(0)
    expect(page.locator("#emailTelaLogin")).to_be_hidden()
    assert (replica.records()[-1]["logins"], replica.records()[-1]["ending"]) == (0, "resultado")


def test_a_late_result_grows_from_one_empty_plan_to_two_whole_ones(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "15", "?cenario=resultado_tardio")
    expect(page.locator(".grade > *")).to_have_count(2)
    expect(page.locator(".plano .celula:empty")).to_have_count(9)
    ClickingVisitor(page).log_in()
    expect(page.locator(".grade > *")).to_have_count(3)
    expect(page.locator(".plano .celula")).to_have_count(18)
    expect(page.locator(".plano .celula:empty")).to_have_count(0)
    expect(page.locator(".borrado")).to_have_count(0)


def test_provisional_prices_stay_when_the_login_has_gone(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=preco_provisorio")
    with page.expect_response("**/api/entrar"):
        ClickingVisitor(page).log_in()
    page.locator("#emailTelaLogin").wait_for(state="hidden")
    with pytest.raises(Late):
        page.locator(".borrado").first.wait_for(state="detached", timeout=GLANCE_MS)
    expect(page.locator(".grade").get_by_text("100,00", exact=True)).to_have_count(2)


def test_an_incomplete_alternative_has_a_cell_without_an_icon(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=alternativa_incompleta")
    page.locator(".grade").wait_for()
    expect(page.locator(".border-primary .celula:empty")).to_have_count(0)
    expect(page.locator(".plano:not(.border-primary) .celula:empty")).to_have_count(1)


def test_keeping_the_account_may_lead_back_to_the_login(replica: Replica, page: Page) -> None:
    arrive(page, replica, "15", "?cenario=login_de_novo")
    visitor = ClickingVisitor(page)
    visitor.log_in()
    page.click("#manterLoginAtualModalAssociarUsuario")
    page.locator("#manterLoginAtualModalAssociarUsuario").wait_for(state="hidden")
    assert replica.records()[-1]["ending"] == "login_de_novo"
    visitor.log_in()
    expect(page.locator(".borrado")).to_have_count(0)
    assert (replica.records()[-1]["logins"], replica.records()[-1]["ending"]) == (2, "resultado")


def test_the_site_written_in_another_way_has_other_labels_values_and_text_nodes(
    replica: Replica, page: Page
) -> None:
    query = "?cenario=outra_versao"
    arrive(page, replica, "3", query)
    expect(page.locator("h1 span")).to_have_count(0)
    arrive(page, replica, "5", query)
    expect(page.locator("[aria-roledescription=slide]")).to_have_count(4)
    arrive(page, replica, "8", query)
    expect(page.locator("p", has_text="Motorista de App")).to_have_count(1)
    arrive(page, replica, "12", query)
    expect(page.locator(CONTINUE["12"])).to_have_count(0)
    arrive(page, replica, "13", query)
    expect(page.locator("div#usoDependenteTelaUsoResidentes [value=sim_utilizam]")).to_have_count(0)
    arrive(page, replica, "15", query)
    ClickingVisitor(page).log_in()
    expect(page.locator(".borrado")).to_have_count(0)
    price = replica.records()[-1]["result"]["plano_recomendado"]["valor"]
    shown = page.locator(".border-primary .numero")
    expect(shown).to_have_text(price.replace(" ", ""))
