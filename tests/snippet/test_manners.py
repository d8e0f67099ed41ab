"""A good guest: quiet when closed, harmless when misused, and neither leaking nor leaked upon."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service
from tests.snippet.history import entered, progress, quote, result, screens

NOTHING_LEFT = """left.timers.size === 0
  && left.sources.every(({ readyState }) => readyState === 2)
  && left.sockets.every(({ readyState }) => readyState >= 2)"""
TAG = "<script src=/snippet/andamento.js {} defer></script>"
FORM = '<form id="f" onsubmit="event.preventDefault()"><input name="cpf"><button>Ir</button></form>'
AGE = """
(age) => {
  for (const [name, kept] of Object.entries(localStorage)) {
    const visit = JSON.parse(kept);
    localStorage.setItem(name, JSON.stringify({ ...visit, at: visit.at - age }));
  }
}
"""


def expect_nothing_left(visitor: Visitor) -> None:
    """From the moment on in which the page is told of the closing."""
    visitor.page.wait_for_function("left.told.at(-1)?.[0] === 'close'")
    assert visitor.page.evaluate(NOTHING_LEFT)
    expect(visitor.modal).to_be_hidden()
    expect(visitor.pill).to_be_hidden()


def test_minimised_the_quote_goes_on_in_the_pill(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(*screens(0, 3))
    expect(visitor.title).to_have_text("Seu veículo")
    visitor.modal.get_by_role("button", name="Minimizar").click()
    expect(visitor.modal).to_be_hidden()
    expect(visitor.pill).to_have_text("Sua cotação 20%")
    service.say(*screens(3), result())
    expect(visitor.pill).to_have_text("Sua cotação está pronta")
    visitor.pill.click()
    expect(visitor.modal.locator(".plan")).to_have_count(2)
    expect(visitor.pill).to_be_hidden()


def test_closing_stops_every_request_and_timer(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    visitor.close()
    expect_nothing_left(visitor)
    service.wait_for(lambda: service.open_streams == 0)
    assert service.cancelled == []


def test_closing_while_polling_stops_too(visitor: Visitor, service: Service) -> None:
    visitor.page.add_init_script("delete window.EventSource, delete window.WebSocket")
    visitor.arrive()
    visitor.submit()
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    visitor.close()
    expect_nothing_left(visitor)
    asked = service.asked("GET /api/rpa/progress/")
    service.say(*quote())
    # A page's own round trip later, none of the snippet's has come.
    visitor.page.evaluate("fetch('/lead')")
    assert service.asked("GET /api/rpa/progress/") == asked


def test_closing_while_starting_stops_too(visitor: Visitor, service: Service) -> None:
    service.starts.append((503, {"Retry-After": "1"}, {"success": False}))
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Muita gente cotando agora")
    visitor.close()
    expect_nothing_left(visitor)


def test_a_finished_quote_leaves_nothing_running(visitor: Visitor, service: Service) -> None:
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    visitor.page.wait_for_function(NOTHING_LEFT)


def test_text_from_the_service_never_becomes_markup(visitor: Visitor, service: Service) -> None:
    evil = "<img src=x onerror=\"document.title='got'\"><b>oi</b>"
    visitor.arrive()
    visitor.submit()
    service.say(progress("1", "entrou", evil, evil))
    expect(visitor.title).to_have_text(evil)
    plan = {"plano": evil, "valor": evil, "forma_pagamento": evil, evil: evil, "vidros": evil}
    service.say(result(mensagem=evil, plano_recomendado=plan, plano_alternativo=None))
    expect(visitor.modal.locator(".plan h3")).to_have_text(evil)
    expect(visitor.modal.locator(".plan b, img")).to_have_count(0)
    assert visitor.page.title() != "got"


def test_the_site_s_css_stays_out_and_ours_stays_in(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    look = """(node) => {
      const { color, fontSize, textTransform, borderRadius, transform } = getComputedStyle(node);
      return [color, fontSize, textTransform, borderRadius, transform];
    }"""
    heading = visitor.page.locator("h1")
    before = heading.evaluate(look)
    service.say(*quote())
    visitor.submit()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    assert heading.evaluate(look) == before
    assert visitor.title.evaluate(look)[0] == "rgb(22, 33, 58)"
    assert visitor.modal.evaluate(look)[1] == "16px"
    assert visitor.modal.evaluate(look)[4] == "none"
    close = visitor.modal.locator(".foot").get_by_role("button").last
    assert close.evaluate(look)[2:4] == ["none", "12px"]
    # The navbar's z-index is the highest there is; the top layer is above it.
    assert visitor.page.evaluate("document.elementFromPoint(180, 20).localName") == (
        "andamento-modal"
    )


def test_the_dialog_takes_the_focus_and_gives_it_back(visitor: Visitor, service: Service) -> None:
    visitor.landing.refuse_leads = True  # so that the form stays on the page
    visitor.arrive()
    visitor.submit()
    expect(visitor.page.locator(".w-form-fail")).to_be_visible()
    expect(visitor.title).to_be_focused()
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.get_by_role("button", name="Ver meu preço")).to_be_focused()


def test_a_focused_button_survives_the_next_event(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(entered("1", "Tipo de seguro"))
    cancel = visitor.modal.get_by_role("button", name="Cancelar cotação")
    cancel.focus()
    service.say(entered("2", "Placa do carro"))
    expect(visitor.title).to_have_text("Placa do carro")
    expect(cancel).to_be_focused()


def test_loaded_twice_is_loaded_once(page: Page, service: Service) -> None:
    service.page = FORM + TAG.format('data-form="#f"') * 2
    page.goto(service.url)
    expect(page.locator("andamento-modal")).to_have_count(1)
    page.get_by_role("button", name="Ir").click()
    service.say(entered("1", "Tipo de seguro"))
    expect(page.locator("andamento-modal h2")).to_have_text("Tipo de seguro")
    assert len(service.started) == 1


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ("", "data-form"),
        ('data-form="#outro"', "#outro"),
        ('data-form="#["', "seletor"),
        ('data-form="#f" data-api="servico"', "data-api"),
    ],
)
def test_a_wrong_attribute_costs_one_line_and_nothing_else(
    page: Page, service: Service, attributes: str, said: str
) -> None:
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    service.page = FORM + TAG.format(attributes) + "<script defer>window.footer = 'ok'</script>"
    page.goto(service.url)
    page.get_by_role("button", name="Ir").click()
    assert page.evaluate("window.footer") == "ok"
    assert [said in line for line in lines] == [True], lines
    expect(page.locator("andamento-modal dialog")).to_have_count(0)
    assert service.started == []


def test_the_telephone_is_offered_where_something_fails(page: Page, service: Service) -> None:
    service.page = FORM + TAG.format('data-form="#f" data-telefone="(11) 4000-0000"')
    service.starts.append((500, {}, {"success": False}))
    page.goto(service.url)
    page.get_by_role("button", name="Ir").click()
    call = page.locator("andamento-modal").get_by_role("link", name="Ligar (11) 4000-0000")
    expect(call).to_have_attribute("href", "tel:1140000000")


def test_only_the_visit_is_kept_and_nothing_logged_or_made_global(
    visitor: Visitor, service: Service
) -> None:
    lines: list[str] = []
    visitor.page.on("console", lambda message: lines.append(message.text))
    visitor.page.add_init_script("window.before = new Set(Object.getOwnPropertyNames(window))")
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    assert lines == []
    assert visitor.page.evaluate("[document.cookie, location.search]") == ["", ""]
    [(name, kept)] = visitor.page.evaluate("Object.entries(localStorage)")
    visit = json.loads(kept)
    assert name == f"andamento:{service.url}"
    assert set(visit) == {"at", "told", "session_id", "token", "events_url", "progress_url"}
    # Neither the answers nor anything that the run said.
    assert visitor.page.evaluate("Object.entries(sessionStorage)") == [[name, "1"]]
    assert not [text for text in service.started[0][1].values() if str(text) in kept]
    visitor.close()
    assert visitor.page.evaluate("localStorage.length + sessionStorage.length") == 0
    globals_ = visitor.page.evaluate(
        "Object.getOwnPropertyNames(window).filter((name) => !before.has(name))"
    )
    # jQuery's own two, and the test's.
    assert set(globals_) <= {"before", "$", "jQuery", "left"}


def test_a_visit_that_its_token_has_outlived_is_forgotten(
    visitor: Visitor, service: Service
) -> None:
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    visitor.page.evaluate(AGE, 2 * 3600 * 1000 + 1)
    visitor.page.reload()
    visitor.page.wait_for_function("localStorage.length === 0")
    expect(visitor.title).to_be_hidden()
