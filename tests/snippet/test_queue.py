"""Waiting: in the queue, back in it after a restart, and at the door of a full one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service
from tests.snippet.history import done, entered, queued, quote, result, screens

BUSY = "Muita gente cotando agora"
Refused = tuple[int, dict[str, str], dict[str, object]]


def full(seconds: int) -> Refused:
    """The door's answer where a place becomes free in `seconds`."""
    return 503, {"Retry-After": str(seconds)}, {"success": False, "code": "fila_cheia"}


def expect_waiting(visitor: Visitor) -> None:
    """The bar is in motion and claims nothing; neither screen nor share is named."""
    bar = visitor.modal.get_by_role("progressbar")
    expect(bar).not_to_have_attribute("aria-valuenow", "0")
    assert bar.get_attribute("aria-valuenow") is None
    if bar.locator("svg").count() == 0:
        motion = "(fill) => getComputedStyle(fill).animationName"
        assert bar.locator("i").evaluate(motion) == "sway"
    expect(visitor.modal.locator(".figures")).not_to_contain_text("%")
    expect(visitor.modal.locator(".step")).to_be_empty()


@pytest.mark.parametrize(
    ("posicao", "espera_s", "text", "outlook"),
    [
        (3, 40, "Há 2 pessoas na sua frente. Sua vez chega em cerca de 40 segundos.",
         "3ª posição na fila, cerca de 40 s"),
        (2, 90, "Há 1 pessoa na sua frente. Sua vez chega em cerca de 90 segundos.",
         "2ª posição na fila, cerca de 2 min"),
        (12, None, "Há 11 pessoas na sua frente.", "12ª posição na fila"),
        (1, 15, "Você é o próximo da fila. Sua vez chega em cerca de 15 segundos.",
         "1ª posição na fila, cerca de 15 s"),
        (1, None, "Você é o próximo da fila.", "1ª posição na fila"),
    ],
)  # fmt: skip
def test_who_waits_sees_place_and_wait(
    visitor: Visitor,
    service: Service,
    posicao: int,
    espera_s: int | None,
    text: str,
    outlook: str,
) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(queued(posicao, espera_s))
    expect(visitor.modal.locator(".outlook")).to_have_text(outlook)
    people = visitor.modal.get_by_role("progressbar").locator("svg")
    expect(people).to_have_count(min(posicao, 8))
    expect(visitor.title).to_have_text("Sua cotação está na fila")
    expect(visitor.modal.locator(".text")).to_have_text(text)
    expect_waiting(visitor)


def test_the_place_moves_up_and_goes_when_the_run_begins(
    visitor: Visitor, service: Service
) -> None:
    visitor.arrive()
    visitor.submit()
    for place in (3, 2, 1):
        service.say(queued(place))
        expect(visitor.modal.locator(".outlook")).to_contain_text(f"{place}ª posição na fila")
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    expect(visitor.modal.locator(".outlook")).not_to_contain_text("fila")
    bar = visitor.modal.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "4")
    expect(bar.locator("i")).to_have_count(15)
    expect(bar.locator(".now")).to_have_count(1)
    expect(visitor.modal.locator(".percent")).to_have_text("4%")


def test_before_anything_is_known_the_bar_waits_too(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    expect(visitor.modal.locator(".text")).to_have_text("Recebemos seu pedido. Já vamos começar.")
    expect(visitor.title).to_have_text("Preparando sua cotação")
    expect_waiting(visitor)


def test_a_run_that_returns_to_the_queue_says_so_and_begins_again(
    visitor: Visitor, service: Service
) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(queued(2), *screens(0, 2), entered("3", "Seu veículo"))
    expect(visitor.title).to_have_text("Seu veículo")
    why = "Estamos reiniciando o servidor. Sua cotação volta a começar em instantes."
    service.say(queued(1, None, mensagem=why, percentual=17, fila=None))
    expect(visitor.title).to_have_text("Preparando sua cotação")
    expect(visitor.modal.locator(".text")).to_have_text(why)
    expect_waiting(visitor)
    # Nothing is going on now, and the screen that was left open says so.
    rows = visitor.modal.locator(".trail li")
    expect(rows.first).to_have_text("Seu veículoparou aqui")
    expect(visitor.modal.locator(".trail .now")).to_have_count(0)
    service.say(queued(1, 15, percentual=17))
    expect(visitor.title).to_have_text("Sua cotação está na fila")
    expect_waiting(visitor)
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    expect(rows.nth(0)).to_have_text("Tipo de seguroagora")
    expect(rows.nth(1)).to_have_text("Seu veículoparou aqui")
    # The share never falls.
    expect(visitor.modal.locator(".percent")).to_have_text("17%")
    service.say(done("1", "Tipo de seguro"), result())
    expect(visitor.title).to_have_text("Sua cotação está pronta")


def test_between_the_queue_and_the_first_screen_no_old_screen_is_named(
    visitor: Visitor, service: Service
) -> None:
    visitor.arrive()
    visitor.submit()
    begun = entered("1", "Começando")[1] | {"etapa": "0", "etapa_atual": 0, "fase": "aviso"}
    service.say(*screens(0, 2), queued(1), ("progress", begun))
    expect(visitor.title).to_have_text("Preparando sua cotação")


def test_who_waits_may_cancel_with_a_button_that_stays(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(queued(3))
    cancel = visitor.modal.get_by_role("button", name="Cancelar cotação")
    cancel.focus()
    service.say(queued(2), entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    expect(cancel).to_be_focused()
    cancel.click()
    visitor.modal.get_by_role("button", name="Sim, cancelar").click()
    service.wait_for(lambda: len(service.cancelled) == 1)


def test_a_full_queue_says_when_and_tries_again_with_the_same_key(
    visitor: Visitor, service: Service
) -> None:
    service.starts.append(full(20))
    service.starts.append((429, {"Retry-After": "1"}, {"success": False}))
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text(BUSY)
    expect(visitor.modal.locator(".text")).to_have_text(
        "O que você preencheu continua aqui. Tentamos de novo em 20 s."
    )
    visitor.modal.get_by_role("button", name="Tentar de novo").click()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    assert len({key for key, _ in service.started}) == 1 and len(service.started) == 3


def test_a_long_wait_at_the_door_is_told_in_minutes(visitor: Visitor, service: Service) -> None:
    service.starts.append(full(120))
    visitor.arrive()
    visitor.submit()
    expect(visitor.modal.locator(".text")).to_contain_text("Tentamos de novo em 2 min")


def test_tries_at_the_door_are_made_quietly(visitor: Visitor, service: Service) -> None:
    service.starts.extend([full(1), full(1)])
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text(BUSY)
    visitor.modal.locator(".text").evaluate("""(text) => {
      window.texts = [];
      const note = () => texts.push(text.textContent);
      new MutationObserver(note).observe(text, { childList: true });
    }""")
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    assert len(service.started) == 3
    texts = visitor.page.evaluate("texts")
    assert texts and not [text for text in texts if "momento" in text]


def test_after_a_while_at_the_door_trying_is_the_visitor_s_and_the_lead_is_safe(
    visitor: Visitor, service: Service
) -> None:
    service.starts.extend([full(1)] * 9)
    visitor.arrive(door=1500)
    visitor.submit()
    expect(visitor.modal.locator(".text")).to_contain_text("Tente de novo")
    expect(visitor.title).to_have_text(BUSY)
    tried = len(service.started)
    assert tried == 2 and visitor.landing.leads == 1
    visitor.page.wait_for_function("left.timers.size === 0")
    service.starts.clear()
    service.say(*quote())
    visitor.modal.get_by_role("button", name="Tentar de novo").click()
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    assert len(service.started) == tried + 1
    assert len({key for key, _ in service.started}) == 1


def test_a_wait_longer_than_the_patience_is_not_begun(visitor: Visitor, service: Service) -> None:
    service.starts.append(full(120))
    visitor.arrive(door=60_000)
    visitor.submit()
    expect(visitor.modal.get_by_role("button", name="Tentar de novo")).to_be_visible()
    assert len(service.started) == 1


def test_the_telephone_is_offered_at_the_door(page: Page, service: Service) -> None:
    service.page = """<form id=f onsubmit="event.preventDefault()"><button>Ir</button></form>
      <script src=/snippet/andamento.js data-form="#f" data-telefone="(11) 4000-0000" defer>
      </script>"""
    service.starts.append(full(30))
    page.goto(service.url)
    page.get_by_role("button", name="Ir").click()
    modal = page.locator("andamento-modal")
    expect(modal.locator("h2")).to_have_text(BUSY)
    expect(modal.get_by_role("link", name="Ligar (11) 4000-0000")).to_be_visible()
