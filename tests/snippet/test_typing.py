"""Help while typing: the marked form's fields take shape, and what looks wrong is said kindly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import faultless
from tests.snippet.conftest import Visitor
from tests.snippet.fake import PATIENCE_S, Service

FORM = """<form id="f" onsubmit="event.preventDefault()">
  <p><label>CPF <input name="CPF"></label></p>
  <p><label for="p">Placa</label> <input id="p" name="Placa"></p>
  <p><label for="c">CEP</label> <input id="c" name="CEP" aria-describedby="tip"></p>
  <p id="tip">Só números</p>
  <p><label for="t">Telefone</label> <input id="t" name="Telefone" type="tel"></p>
  <p><label for="e">E-mail</label> <input id="e" name="Email-2" type="email"></p>
  <p><label for="d">Nascimento</label> <input id="d" name="Data de Nascimento"></p>
  <p><label for="m">CPF do motorista</label> <input id="m" name="CPF do condutor"></p>
  <p><label for="n">Nome</label> <input id="n" name="Nome"></p>
  <button>Enviar</button></form>
  <form><label for="o">Outro</label> <input id="o" name="cpf"></form>
  <script src=/snippet/andamento.js data-form="#f" defer></script>"""

POLICY = """<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'self'; connect-src 'self'">"""
WORDS = Path(__file__).parents[2] / "frontend_snippet" / "src" / "words.mjs"
YOUNG = f"01/01/{date.today().year - 17}"


def said(key: str, language: int = 1) -> str:
    """What the snippet says beside a wrong field; 2: in English."""
    line = re.search(rf'^ *{key}: "(.+)\|(.+)",$', WORDS.read_text(encoding="utf-8"), re.MULTILINE)
    assert line is not None
    return line[language]


@pytest.fixture(scope="module")
def shop() -> Iterator[Service]:
    """One service for all who only type."""
    with Service() as fake:
        yield fake


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[Page]:
    """One page for all who only type: loaded anew it is as good as a new one, and sooner there."""
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture
def form(window: Page, shop: Service) -> Iterator[Page]:
    """A small page whose first form is the marked one."""
    with faultless(window):
        yield load(window, shop, FORM)


def load(page: Page, service: Service, text: str) -> Page:
    service.page = text
    page.goto(service.url)
    expect(page.locator("andamento-modal")).to_be_attached()
    return page


def caret(field: Locator) -> list[int]:
    found: list[int] = field.evaluate("(field) => [field.selectionStart, field.selectionEnd]")
    return found


def put(field: Locator, at: int) -> None:
    field.focus()
    field.evaluate("(field, at) => field.setSelectionRange(at, at)", at)


def paste(page: Page, field: Locator, text: str) -> None:
    """Through the clipboard, as people do."""
    page.evaluate("""(text) => {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
    }""", text)  # fmt: skip
    page.keyboard.press("Control+C")
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+V")


@pytest.mark.parametrize(
    ("label", "typed", "shown"),
    [
        ("CPF", "12345678909", "123.456.789-09"),
        ("CPF", "123.456.789-09", "123.456.789-09"),
        ("CPF", "12a3 4", "123.4"),
        ("CPF", "123456789091", "123.456.789-09"),
        ("CEP", "01001000", "01001-000"),
        ("Telefone", "11912345678", "(11) 91234-5678"),
        ("Telefone", "(11) 91234-5678", "(11) 91234-5678"),
        ("Telefone", "011912345678", "(11) 91234-5678"),
        ("Telefone", "+5511912345678", "+5511912345678"),
        ("Nascimento", "14031988", "14/03/1988"),
        ("Nascimento", "14/03/1988", "14/03/1988"),
        ("Nascimento", "1/2/1990", "01/02/1990"),
        ("Placa", "abc1d23", "ABC1D23"),
        ("Placa", "abc-1d23", "ABC1D23"),
        ("Placa", "abc1234", "ABC-1234"),
        ("Placa", "abc-1234", "ABC-1234"),
        ("CPF do motorista", "98765432100", "987.654.321-00"),
        ("E-mail", "ana@example.com", "ana@example.com"),
        ("Nome", "Ana 1/2", "Ana 1/2"),
    ],
)
def test_what_is_typed_takes_its_shape(form: Page, label: str, typed: str, shown: str) -> None:
    field = form.get_by_label(label, exact=True)
    field.press_sequentially(typed)
    expect(field).to_have_value(shown)


@pytest.mark.parametrize(
    ("before", "at", "keys", "after", "then"),
    [
        # Within a group, at its edge, over a separator; in both directions.
        ("123.456.7", 5, "9", "123.495.67", 6),
        ("123.456.7", 3, "9", "123.945.67", 5),
        ("123.456.7", 2, "9", "129.345.67", 4),
        ("123.456.789-09", 6, "Backspace", "123.467.890-9", 5),
        ("123.456.789-09", 4, "Backspace", "123.456.789-09", 3),
        ("123.456.789-09", 4, "Backspace Backspace", "124.567.890-9", 2),
        ("123.456.789-09", 3, "Delete", "123.456.789-09", 4),
        ("123.456.789-09", 3, "Delete Delete", "123.567.890-9", 4),
        ("123.4", 5, "Backspace", "123", 3),
        ("123.4", 5, "Backspace Backspace", "12", 2),
        ("123.456.789-09", 0, "Delete", "234.567.890-9", 0),
    ],
)
def test_editing_in_the_middle_leaves_the_caret_where_the_hand_is(
    form: Page, before: str, at: int, keys: str, after: str, then: int
) -> None:
    field = form.get_by_label("CPF", exact=True)
    field.fill(before)
    put(field, at)
    for key in keys.split():
        form.keyboard.press(key)
    expect(field).to_have_value(after)
    assert caret(field) == [then, then]


def test_a_day_can_be_deleted_and_typed_anew(form: Page) -> None:
    field = form.get_by_label("Nascimento")
    field.fill("01/02/1990")
    put(field, 2)
    for key in ("Backspace", "Backspace", "1", "5"):
        form.keyboard.press(key)
    expect(field).to_have_value("15/02/1990")
    assert caret(field) == [3, 3]


@pytest.mark.parametrize(
    ("label", "text", "shown"),
    [
        ("CPF", " 12345678909\t", "123.456.789-09"),
        ("Telefone", "+55 (11) 91234-5678", "+55 (11) 91234-5678"),
        ("Telefone", "5511912345678", "(11) 91234-5678"),
        ("Nascimento", "1990-02-01", "01/02/1990"),
        ("Nascimento", "1/2/1990", "01/02/1990"),
        ("Placa", "abc·1d23", "ABC1D23"),
    ],
)
def test_what_is_pasted_takes_its_shape(form: Page, label: str, text: str, shown: str) -> None:
    field = form.get_by_label(label, exact=True)
    paste(form, field, text)
    expect(field).to_have_value(shown)
    assert caret(field) == [len(shown)] * 2


def test_what_the_browser_fills_in_takes_its_shape_and_no_focus(form: Page) -> None:
    form.get_by_label("Nome").focus()
    field = form.get_by_label("CPF", exact=True)
    field.evaluate("""(field) => {
      field.value = "12345678909";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }""")
    expect(field).to_have_value("123.456.789-09")
    expect(form.get_by_label("Nome")).to_be_focused()


def test_a_composition_is_not_disturbed(form: Page) -> None:
    field = form.get_by_label("Placa")
    field.focus()
    keyboard = form.context.new_cdp_session(form)
    composed = {"text": "abc1", "selectionStart": 4, "selectionEnd": 4}
    keyboard.send("Input.imeSetComposition", composed)
    expect(field).to_have_value("abc1")
    keyboard.send("Input.insertText", {"text": "abc1"})
    expect(field).to_have_value("ABC1")


@pytest.mark.parametrize(
    ("name", "longest", "typed", "shown"),
    [
        ("CPF", 14, "12345678909", "123.456.789-09"),
        ("CPF", 11, "12345678909", "12345678909"),
        ("Placa", 7, "abc1234", "ABC1234"),
        ("Celular", 11, "11912345678", "11912345678"),
        ("CEP", 8, "01001000", "01001000"),
    ],
)
def test_a_field_is_never_longer_than_it_may_be(
    page: Page, service: Service, name: str, longest: int, typed: str, shown: str
) -> None:
    short = f'<input id="x" aria-label="x" name="{name}" maxlength="{longest}">'
    field = load(page, service, FORM.replace("<button>", f"{short}<button>")).get_by_label("x")
    field.press_sequentially(typed)
    expect(field).to_have_value(shown)


@pytest.mark.parametrize(
    ("label", "wrong", "kind", "right"),
    [
        ("CPF", "12345678900", "cpf", "12345678909"),
        ("CPF", "11111111111", "cpf", "98765432100"),
        ("CPF", "123", "cpf", "12345678909"),
        ("CPF do motorista", "12345678900", "cpf", "12345678909"),
        ("Placa", "abc12", "placa", "abc1d23"),
        ("Placa", "1234abc", "placa", "abc1234"),
        ("CEP", "0100100", "cep", "01001000"),
        ("CEP", "00000000", "cep", "01001000"),
        ("Telefone", "912345678", "celular", "11912345678"),
        ("Telefone", "10912345678", "celular", "11934567890"),
        ("Telefone", "11812345678", "celular", "+5511912345678"),
        ("E-mail", "ana@example", "email", "ana@example.com"),
        ("Nascimento", "31021990", "data_nascimento", "28021990"),
        ("Nascimento", YOUNG, "data_nascimento", "29022000"),
        ("Nascimento", "01011890", "data_nascimento", "1/1/1990"),
    ],
)
def test_what_looks_wrong_is_said_on_leaving_and_taken_back_once_it_is_right(
    form: Page, label: str, wrong: str, kind: str, right: str
) -> None:
    field = form.get_by_label(label, exact=True)
    note = form.locator("small")
    field.press_sequentially(wrong)
    expect(note).to_have_count(0)
    field.press("Tab")
    expect(note).to_have_text(said(kind))
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("")
    expect(note).to_have_count(0)
    field.press_sequentially(wrong)
    field.press("Tab")
    expect(note).to_have_text(said(kind))
    field.select_text()
    # Without leaving the field: as soon as it is right.
    field.press_sequentially(right)
    expect(note).to_have_count(0)
    expect(field).to_have_attribute("aria-invalid", "false")


def test_nothing_is_said_of_an_empty_field(form: Page) -> None:
    for _ in range(9):
        form.keyboard.press("Tab")
    form.get_by_label("CPF", exact=True).focus()
    form.get_by_label("CEP").focus()
    expect(form.locator("small")).to_have_count(0)


def test_what_is_said_belongs_to_its_field(form: Page) -> None:
    cep, cpf = form.get_by_label("CEP"), form.get_by_label("CPF", exact=True)
    for field in (cep, cpf):
        field.fill("123")
        field.blur()
    expect(cep).to_have_accessible_description(f"Só números {said('cep')}")
    expect(form.locator("#c + small")).to_have_text(said("cep"))
    expect(form.locator("#c + small")).to_have_attribute("aria-live", "polite")
    # A field within its label keeps its name.
    expect(form.locator("label:has(input) + small")).to_have_text(said("cpf"))
    expect(cpf).to_have_accessible_name("CPF")
    cep.fill("01001000")
    expect(cep).to_have_accessible_description("Só números")


def test_a_number_in_two_fields_is_one_number(page: Page, service: Service) -> None:
    split = """<form id="f"><label>DDD <input name="DDD-CELULAR" maxlength="2"></label>
      <label>Celular <input name="CELULAR" maxlength="10"></label><input aria-label="x"></form>
      <script src=/snippet/andamento.js data-form="#f" defer></script>"""
    load(page, service, split)
    area, number, note = (
        page.get_by_label("DDD"),
        page.get_by_label("Celular"),
        page.locator("small"),
    )
    area.press_sequentially("a10")
    expect(area).to_have_value("10")
    number.press_sequentially("912345678")
    expect(number).to_have_value("91234-5678")
    expect(note).to_have_count(0)
    number.press("Tab")
    expect(note).to_have_text(said("celular"))
    area.fill("11")
    expect(note).to_have_count(0)
    expect(number).to_have_attribute("aria-invalid", "false")


def test_the_browser_s_own_date_is_judged_and_left_as_it_is(page: Page, service: Service) -> None:
    dated = FORM.replace('name="Data de Nascimento"', 'name="Nascimento" type="date"')
    field = load(page, service, dated).get_by_label("Nascimento")
    field.fill(f"{date.today().year - 10}-01-01")
    field.blur()
    expect(page.locator("small")).to_have_text(said("data_nascimento"))
    field.fill("1988-03-14")
    expect(page.locator("small")).to_have_count(0)
    expect(field).to_have_value("1988-03-14")


def test_other_forms_are_not_touched(form: Page) -> None:
    field = form.get_by_label("Outro")
    field.press_sequentially("12345678900")
    field.press("Tab")
    expect(field).to_have_value("12345678900")
    expect(form.locator("small")).to_have_count(0)


def test_fields_that_come_later_are_helped_too(form: Page) -> None:
    form.evaluate("""document.querySelector("#f").insertAdjacentHTML("beforeend",
      '<input aria-label="Novo" name="CPF do condutor-2">')""")
    field = form.get_by_label("Novo")
    field.press_sequentially("12345678900")
    field.blur()
    expect(field).to_have_value("123.456.789-00")
    expect(form.locator("small")).to_have_text(said("cpf"))


def test_the_words_follow_the_page_s_language(page: Page, service: Service) -> None:
    load(page, service, f'<html lang="en">{FORM}')
    page.get_by_label("CEP").fill("123")
    page.get_by_label("CEP").blur()
    expect(page.locator("small")).to_have_text(said("cep", 2))


def test_help_ends_with_the_element(form: Page) -> None:
    field = form.get_by_label("CPF", exact=True)
    field.fill("123")
    field.blur()
    expect(form.locator("small")).to_have_text(said("cpf"))
    form.evaluate("document.querySelector('andamento-modal').remove()")
    expect(form.locator("small")).to_have_count(0)
    field.fill("12345")
    expect(field).to_have_value("12345")


def test_what_is_said_is_legible_under_a_strict_policy(page: Page, service: Service) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    quiet = FORM.replace(' onsubmit="event.preventDefault()"', "")
    field = load(page, service, POLICY + quiet).get_by_label("CEP")
    field.fill("123")
    field.blur()
    expect(page.locator("small")).to_have_css("font-size", "14px")
    expect(page.locator("small")).to_have_css("color", "rgb(179, 38, 30)")
    assert refused == []


def test_the_site_s_css_does_not_reach_it(visitor: Visitor) -> None:
    visitor.arrive()
    visitor.page.get_by_label("CEP").fill("123")
    visitor.page.get_by_label("CEP").blur()
    note = visitor.page.locator("form small")
    expect(note).to_have_text(said("cep"))
    expect(note).to_have_css("font-size", "14px")


def test_a_mask_of_the_site_s_own_has_the_last_word(page: Page, service: Service) -> None:
    field = load(page, service, FORM).get_by_label("Placa")
    field.evaluate("""(field) => field.addEventListener("input", () => {
      const bare = field.value.replace("-", "");
      field.value = bare.length > 3 ? `${bare.slice(0, 3)}-${bare.slice(3)}` : bare;
    })""")
    field.press_sequentially("abc1d23")
    expect(field).to_have_value("ABC-1D23")
    field.blur()
    expect(page.locator("small")).to_have_count(0)
