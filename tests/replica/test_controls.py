"""The traps of the controls: fields, masks, radios, boxes, listboxes, what appears and vanishes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from demo.replica import Replica

from .visitor import PERSON, ClickingVisitor, arrive, is_under_something, labels_of


def test_captions_are_paragraphs_so_that_no_field_is_found_by_label(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "2")
    expect(page.get_by_text("Placa *", exact=True)).to_have_count(1)
    expect(page.get_by_label("Placa *")).to_have_count(0)


def test_the_plate_gets_a_hyphen_and_the_phone_keeps_the_first_digit_of_a_value_put_in_at_once(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "2")
    page.fill("#placaTelaDadosPlaca", "abc1d23")
    expect(page.locator("#placaTelaDadosPlaca")).to_have_value("ABC-1D23")
    arrive(page, replica, "9")
    page.fill("#celularTelaSegurado", PERSON["celular"])
    expect(page.locator("#celularTelaSegurado")).to_have_value("(1")
    page.fill("#celularTelaSegurado", "")
    page.locator("#celularTelaSegurado").press_sequentially(PERSON["celular"])
    expect(page.locator("#celularTelaSegurado")).to_have_value("(11) 98765-4321")


def test_cpf_and_date_take_a_value_put_in_at_once(replica: Replica, page: Page) -> None:
    arrive(page, replica, "9")
    page.fill("#cpfTelaSegurado", "12345678909")
    page.fill("#dataNascimentoTelaSegurado", "09031987")
    expect(page.locator("#cpfTelaSegurado")).to_have_value("123.456.789-09")
    expect(page.locator("#dataNascimentoTelaSegurado")).to_have_value("09/03/1987")


def test_a_value_written_into_the_element_without_events_is_undone(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "2")
    field = page.locator("#placaTelaDadosPlaca")
    field.focus()
    field.evaluate("node => { node.value = 'ABC-1D23'; }")
    field.blur()
    expect(field).to_have_value("")


def test_a_refused_field_says_so_by_aria_invalid_and_a_paragraph(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "2")
    field = page.locator("#placaTelaDadosPlaca")
    expect(field).to_have_attribute("aria-invalid", "false")
    page.fill("#placaTelaDadosPlaca", "ABC12")
    page.click("#gtm-telaDadosAutoCotarComPlacaContinuar")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".campo:has(#placaTelaDadosPlaca) > p.erro")).to_be_visible()
    expect(page.locator("[role=progressbar]")).to_be_hidden()


@pytest.mark.parametrize(
    ("screen", "group", "value"),
    [
        ("3", "confirmarVeiculoTelaInformacoesVeiculo", "Sim"),
        ("4", "jaSeguradoTelaRenovacao", "nao"),
        ("5.5", "zerokmTelaZeroKm", "Não"),
        ("6", "tipoCombustivelTelaItens", "1"),
        ("8", "finalidadeVeiculoTelaUsoVeiculo", "Particular"),
        ("10", "condutorPrincipalTelaCondutorPrincipal", "sim"),
        ("12", "possuiGaragemTelaGaragemResidencia", None),
        ("13", "usoDependenteTelaUsoResidentes", None),
    ],
)
def test_some_answers_are_preselected_and_some_are_not(
    replica: Replica, page: Page, screen: str, group: str, value: str | None
) -> None:
    arrive(page, replica, screen)
    chosen = page.locator(f"div#{group}[role=radiogroup] input:checked")
    if value is None:
        expect(chosen).to_have_count(0)
    else:
        expect(chosen).to_have_value(value)


def test_ids_are_doubled_on_screens_5_5_and_6_and_one_of_the_groups_has_no_role(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "5.5")
    expect(page.locator("[id=zerokmTelaZeroKm]")).to_have_count(2)
    expect(page.locator("div#zerokmTelaZeroKm[role=radiogroup]")).to_have_count(1)
    arrive(page, replica, "6")
    for name, with_role in (("tipoCombustivelTelaItens", 1), ("outrosTelaItens", 0)):
        expect(page.locator(f"label#{name}")).to_have_count(1)
        expect(page.locator(f"div#{name}")).to_have_count(1)
        expect(page.locator(f"div#{name}[role]")).to_have_count(with_role)


def test_inputs_are_clipped_and_only_their_label_takes_a_click(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "6")
    box = page.locator('input[value="Blindado"]')
    assert box.get_attribute("name") is None
    assert is_under_something(box)
    labels_of(page, "outrosTelaItens").filter(has_text="Blindado").click()
    expect(box).to_be_checked()  # once, although two labels are nested


def test_the_insurer_appears_late_and_is_forgotten_when_the_answer_changes(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "4")
    insurer = page.locator("#seguradoraTelaRenovacao")
    yes, no = (labels_of(page, "jaSeguradoTelaRenovacao").nth(index) for index in (0, 1))
    yes.click()
    ClickingVisitor(page).pick("seguradoraTelaRenovacao", "Outra")
    no.click()
    expect(insurer).to_have_count(0)
    yes.click()
    expect(insurer).to_have_text("\u200b")


def test_the_address_popup_comes_after_a_pause_and_typing_on_takes_the_choice_back(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "7")
    field = page.locator("#enderecoTelaEndereco")
    field.fill("01310-100")
    option = page.locator("div[role=option]#enderecoTelaEndereco-option-0")
    expect(option.locator("p").first).to_have_text(re.compile(r"^\S.+ - .+$"))
    option.click()
    expect(field).to_have_value(re.compile(r"^.+, .+ - São Paulo/SP$"))
    field.press("End")
    field.press("Backspace")
    page.click("#gtm-telaPernoiteVeiculoContinuar")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("00000000")
    expect(page.get_by_text("Nenhum endereço encontrado")).to_be_visible()


def test_a_listbox_opens_on_mousedown_in_a_portal_and_hides_the_page_from_readers(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "9")
    box = page.locator("#sexoTelaSegurado")
    box.evaluate("node => node.click()")  # a click alone is not enough
    expect(page.locator("ul[role=listbox]")).to_have_count(0)
    box.dispatch_event("mousedown", {"button": 0})
    expect(page.locator("body > [role=presentation] ul[role=listbox]")).to_be_visible()
    expect(page.locator("#raiz")).to_have_attribute("aria-hidden", "true")
    assert is_under_something(page.locator("#nomeTelaSegurado"))  # the invisible backdrop
    page.locator("li[role=option]", has_text="Masculino").click()
    expect(page.locator("ul[role=listbox]")).to_have_count(0)
    expect(box).to_have_text("Masculino")
    assert box.get_attribute("aria-expanded") is None


def test_the_drivers_fields_appear_late_and_lose_their_values_when_the_answer_changes(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "10")
    yes, no = (
        labels_of(page, "condutorPrincipalTelaCondutorPrincipal").nth(index) for index in (0, 1)
    )
    no.click()
    page.fill("#nomeTelaCondutorPrincipal", "Otávio Exemplo de Souza")
    yes.click()
    expect(page.locator("#nomeTelaCondutorPrincipal")).to_have_count(0)
    no.click()
    expect(page.locator("#nomeTelaCondutorPrincipal")).to_have_value("")


def test_both_switches_have_the_same_text_and_come_off_again_after_a_change(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "11")
    group = page.locator("#atividadeVeiculoTelaAtividadeVeiculo")
    work, study = (
        group.locator(f"label:has(> span > [value={value}])") for value in ("trabalho", "estudo")
    )
    work.click()
    study.click()
    switches = group.locator("label:has(> span > input:not([value]))")
    expect(switches).to_have_text(["Possui estacionamento próprio"] * 2)
    switches.first.click()
    work.click()
    expect(switches).to_have_count(1)
    work.click()
    expect(switches).to_have_count(2)
    expect(switches.first.locator("input")).not_to_be_checked()


def test_the_extra_groups_of_screen_13_come_with_one_answer_only(
    replica: Replica, page: Page
) -> None:
    arrive(page, replica, "13")
    extra = page.locator("div#sexoDependenteTelaUsoResidentes")
    labels = labels_of(page, "usoDependenteTelaUsoResidentes")
    labels.nth(2).click()
    expect(extra).to_be_visible()
    expect(page.locator("div#faixaEtariaDependenteTelaUsoResidentes")).to_be_visible()
    labels.nth(1).click()
    expect(extra).to_have_count(0)
