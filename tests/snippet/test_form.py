"""The form and the start: what is sent, how often, and what is said when it is not accepted."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service
from tests.snippet.history import entered, quote, result

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
