"""The form and the start: what is sent, how often, and what is said when it is not accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from runner.flows.cotacao_auto.answers import DISPLAY, QuoteAnswers
from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service
from tests.snippet.history import entered, quote, result

GUIDE = (Path(__file__).parents[2] / "docs" / "webflow.md").read_text(encoding="utf-8")
PERSON = {
    "nome": "Helena Exemplo de Souza",
    "cpf": "123.456.789-09",
    "placa": "EXE-1A23",
    "cep": "01001-000",
    "email": "helena@example.com",
    "celular": "11900000000",
    "data_nascimento": "14/03/1988",
    "sexo": "Feminino",
    "estado_civil": "Solteiro",
}


def test_the_answers_are_named_and_tracking_stays_behind(
    visitor: Visitor, service: Service
) -> None:
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: len(service.started) == 1)
    key, answers = service.started[0]
    assert answers == PERSON and len(key) >= 32


def test_the_site_still_gets_its_lead(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    expect(visitor.modal).to_be_visible()
    expect(visitor.page.locator(".w-form-done")).to_be_visible()
    assert visitor.landing.leads == 1


def test_a_lead_that_fails_does_not_stop_the_quote(visitor: Visitor, service: Service) -> None:
    visitor.landing.refuse_leads = True
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    expect(visitor.page.locator(".w-form-fail")).to_be_visible()


def test_a_double_submit_starts_once(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.page.get_by_role("button", name="Preencher com pessoa de exemplo").click()
    visitor.page.evaluate("""() => {
      const form = document.querySelector("#cotacao");
      form.requestSubmit();
      form.requestSubmit();
    }""")
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    assert len(service.started) == 1


def test_the_same_answers_later_return_to_the_same_quote(
    visitor: Visitor, service: Service
) -> None:
    visitor.landing.refuse_leads = True  # so that the form stays on the page
    visitor.arrive()
    visitor.submit()
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    visitor.page.keyboard.press("Escape")
    expect(visitor.modal).to_be_hidden()
    service.say(entered("2", "Placa do carro"), result())
    visitor.page.get_by_role("button", name="Ver meu preço").click()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    assert len(service.started) == 1


def test_refused_fields_are_shown_and_can_be_corrected(visitor: Visitor, service: Service) -> None:
    campos = {"cpf": "CPF inválido", "estado_civil": "Escolha uma opção"}
    service.starts.append((422, {}, {"success": False, "campos": campos}))
    visitor.arrive()
    visitor.submit()
    cpf = visitor.modal.get_by_label("CPF")
    expect(cpf).to_be_focused()
    expect(cpf).to_have_attribute("aria-invalid", "true")
    expect(cpf).to_have_accessible_description("CPF inválido")
    expect(cpf).to_have_value(PERSON["cpf"])
    expect(visitor.modal.get_by_label("Estado civil")).to_have_value("Solteiro")
    cpf.fill("987.654.321-00")
    visitor.modal.get_by_role("button", name="Continuar").click()
    service.say(*quote())
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    (first, _), (second, answers) = service.started
    assert answers == {**PERSON, "cpf": "987.654.321-00"} and first != second


def test_a_service_that_is_down_can_be_tried_again(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    service.go_away()
    visitor.submit()
    expect(visitor.title).to_have_text("Sem conexão com o serviço de cotação")
    service.come_back()
    service.say(*quote())
    visitor.modal.get_by_role("button", name="Tentar de novo").click()
    expect(visitor.title).to_have_text("Sua cotação está pronta")


def test_other_refusals_show_the_service_s_sentence(visitor: Visitor, service: Service) -> None:
    service.starts.append((413, {}, {"success": False, "error": "O formulário é grande demais."}))
    visitor.arrive()
    visitor.submit()
    expect(visitor.modal.locator(".text")).to_have_text("O formulário é grande demais.")


def test_other_forms_of_the_page_are_left_alone(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.page.evaluate("""() => {
      const form = document.createElement("form");
      form.addEventListener("submit", (event) => event.preventDefault());
      document.body.append(form);
      form.requestSubmit();
    }""")
    expect(visitor.modal).to_be_hidden()
    assert service.started == []


def test_names_are_known_however_webflow_spells_them(visitor: Visitor, service: Service) -> None:
    service.page = """<form id=f onsubmit="event.preventDefault()">
      <input name="Nome-Completo" value=" Ana "><input name="Telefone" value="(11) 90000-0000">
      <input name="E-mail" value="ana@example.com">
      <input name="Data de Nascimento" value="1/2/1990">
      <input type=checkbox name="Kit-Gás" checked><input type=checkbox name=blindado>
      <input type=radio name=SEXO value=Feminino>
      <input type=radio name=SEXO value=Masculino checked>
      <input type=hidden name=sessao value=1><input type=hidden name=placa value=EXE1A23>
      <input name=utm_term value=x><input name=Cpf value=""><input type=password name=senha value=x>
      <input name=cep value=1 disabled><button>Enviar</button></form>
      <script src=/snippet/andamento.js data-form="#f" defer></script>"""
    visitor.page.goto(service.url)
    visitor.page.get_by_role("button", name="Enviar").click()
    service.wait_for(lambda: len(service.started) == 1)
    assert service.started[0][1] == {
        "nome": "Ana",
        "celular": "(11) 90000-0000",
        "email": "ana@example.com",
        "data_nascimento": "1/2/1990",
        "kit_gas": True,
        "blindado": False,
        "sexo": "Masculino",
        "placa": "EXE1A23",
    }


SPELT = {
    "Name": "nome",
    "Nome completo": "nome",
    "CPF-2": "cpf",
    "Placa do veículo": "placa",
    "E-mail": "email",
    "E Mail 3": "email",
    "WhatsApp": "celular",
    "Celular com DDD": "celular",
    "Telefone (celular)": "celular",
    "Data de Nascimento": "data_nascimento",
    "Data Nasc.": "data_nascimento",
    "Tipo de veículo": "tipo_veiculo",
    "Uso do Veículo": "uso_veiculo",
    "Zero Km": "zero_km",
    "Kit gás": "kit_gas",
    "Nome do condutor": "nome_condutor",
    "CPF do Condutor": "cpf_condutor",
    "Data de nascimento do condutor": "data_nascimento_condutor",
    "Estado civil do condutor": "estado_civil_condutor",
    "Garagem na residência": "garagem_residencia",
    "Portão eletrônico": "portao_eletronico",
    "Local de trabalho": "local_de_trabalho",
    "Reside 18-26": "reside_18_26",
    "Sexo do menor": "sexo_do_menor",
    # Of another automation: nobody here may shorten it.
    "Data de início": "data_de_inicio",
}


def sent(page: Page, service: Service, fields: str) -> dict[str, object]:
    """The answers that a form with these fields starts a quote with."""
    service.page = f"""
      <form id=f onsubmit="event.preventDefault()">{fields}<button>Ir</button></form>
      <script src=/snippet/andamento.js data-form="#f" defer></script>"""
    page.goto(service.url)
    page.get_by_role("button", name="Ir").click()
    service.wait_for(lambda: len(service.started) == 1)
    return service.started[0][1]


def test_usual_names_reach_the_answers_that_they_mean(page: Page, service: Service) -> None:
    sent(page, service, "<input name=x value=x>")
    rename = """(name) => {
      Object.assign(document.querySelector("#f input"), { name, value: name });
      document.querySelector("#f").requestSubmit();
    }"""
    for number, given in enumerate(SPELT, 2):
        page.evaluate(rename, given)
        service.wait_for(lambda number=number: len(service.started) == number)  # type: ignore[misc]
    heard = [answers for _, answers in service.started[1:]]
    assert heard == [{name: given} for given, name in SPELT.items()]


def test_every_answer_of_the_service_has_a_name_in_webflow_s_spelling(
    page: Page, service: Service
) -> None:
    names = list(QuoteAnswers.model_fields)
    spelt = [name.replace("_", "-").upper() for name in names]
    fields = "".join(f'<input name="{name}" value="x">' for name in spelt)
    assert sent(page, service, fields) == dict.fromkeys(names, "x")


def test_the_answer_s_own_name_counts_for_more_than_another(page: Page, service: Service) -> None:
    fields = """<input name=Telefone value=1134567890><input name=Celular value=11912345678>
      <input name=WhatsApp value=11987654321>"""
    assert sent(page, service, fields) == {"celular": "11912345678"}


def test_consent_is_no_number_and_hidden_knowledge_is_an_answer(
    page: Page, service: Service
) -> None:
    fields = """<input name=cpf value=1><input type=checkbox name=WhatsApp checked>
      <input type=checkbox name=E-mail checked><input type=hidden name=tipo-veiculo value=moto>
      <input type=hidden name=referer value=x>"""
    assert sent(page, service, fields) == {"cpf": "1", "tipo_veiculo": "moto"}


@pytest.mark.parametrize("refused", [False, True])
def test_a_field_that_looks_wrong_stops_neither_the_lead_nor_the_question(
    visitor: Visitor, service: Service, refused: bool
) -> None:
    visitor.landing.refuse_leads = refused
    service.starts.append((422, {}, {"success": False, "campos": {"cpf": "CPF inválido"}}))
    visitor.arrive()
    visitor.page.get_by_role("button", name="Preencher com pessoa de exemplo").click()
    cpf = visitor.page.get_by_label("CPF", exact=True)
    cpf.fill("12345678900")
    cpf.blur()
    expect(visitor.page.locator("form small")).to_be_visible()
    visitor.page.get_by_role("button", name="Ver meu preço").click()
    expect(visitor.modal.get_by_label("CPF")).to_have_value("123.456.789-00")
    done, fail = visitor.page.locator(".w-form-done"), visitor.page.locator(".w-form-fail")
    expect(fail if refused else done).to_be_visible()
    expect(done if refused else fail).to_be_hidden()
    assert visitor.landing.leads == (0 if refused else 1)


def test_a_question_is_asked_in_the_page_s_own_words(page: Page, service: Service) -> None:
    fields = """<label for=n>Seu nome *</label><input id=n name=Nome value=Ana>
      <input name=CPF placeholder="000.000.000-00" value=1>
      <input name=Placa placeholder="Placa do carro:" value=1>
      <select name="Estado Civil" aria-label="Qual o estado civil?">
        <option value="">Escolha</option>
        <option value="Solteiro" selected>Solteiro(a)</option></select>
      <label>Telefone/WhatsApp: <b>*</b><select name=Telefone><option>1</select></label>"""
    asked = dict.fromkeys(["nome", "cpf", "placa", "estado_civil", "sexo", "celular"], "")
    service.starts.append((422, {}, {"success": False, "campos": asked}))
    sent(page, service, fields)
    modal = page.locator("andamento-modal dialog")
    expect(modal.get_by_label("Seu nome", exact=True)).to_have_value("Ana")
    expect(modal.get_by_label("CPF")).to_have_value("1")
    expect(modal.get_by_label("Placa do carro", exact=True)).to_have_value("1")
    marital = modal.get_by_label("Qual o estado civil?", exact=True)
    expect(marital.locator("option")).to_have_text(["Escolha", "Solteiro(a)"])
    expect(marital).to_have_value("Solteiro")
    expect(modal.get_by_label("Telefone/WhatsApp", exact=True)).to_have_value("1")
    # Not asked by the page: the values that the service knows.
    expect(modal.get_by_label("Sexo").locator("option")).to_have_count(3)


def test_the_guide_names_every_answer_in_both_languages() -> None:
    named = re.findall(r"`(\w+)`", GUIDE)
    asked = [name for name in QuoteAnswers.model_fields if name not in DISPLAY]
    assert [name for name in asked if named.count(name) < 2] == []


@pytest.mark.parametrize("number", [0, 1])
def test_the_guide_s_sample_starts_a_quote_by_hand(
    page: Page, service: Service, number: int
) -> None:
    sample = re.findall(r"```html\n(<andamento-modal.*?)```", GUIDE, re.DOTALL)[number]
    service.page = sample.replace("https://robo.example", service.url)
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    service.say(*quote())
    page.goto(service.url)
    expect(page.locator("andamento-modal h2")).to_have_text("Sua cotação está pronta")
    page.wait_for_function("left.told.some(([name]) => name === 'result')")
    assert service.started[0][1]["placa"] == "ABC1D23"
    assert lines == ["cotacao R$3.099,18"]


def test_the_guide_s_policy_is_enough(page: Page, service: Service) -> None:
    policy = re.findall(r"```\n(default-src.*?)\n```", GUIDE)[0]
    policy = policy.replace("https://robo.example", service.url).replace("https:", "http:")
    policy = policy.replace("wss://robo.example", service.url.replace("http", "ws"))
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    service.say(*quote())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    service.page = f"""{meta}<form id=f method=dialog><input name=cpf value=1><button>Ir</button>
      </form><script src="{service.url}/snippet/andamento.js" data-form="#f" defer></script>"""
    page.goto(service.url)
    page.locator("[name=cpf]").press("Tab")
    expect(page.locator("form small")).to_have_css("display", "block")
    page.get_by_role("button", name="Ir").click()
    expect(page.locator("andamento-modal h2")).to_have_text("Sua cotação está pronta")
    expect(page.locator("andamento-modal dialog")).to_have_css("display", "flex")
    assert lines == []
