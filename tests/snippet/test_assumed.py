"""What was assumed: there for who wants to know, in nobody's way, and never markup."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service
from tests.snippet.history import Fact, entered, estimate, progress, result, screens

ROWS = [
    {"campo": "combustivel", "titulo": "Combustível", "valor": "Flex"},
    {"campo": "blindado", "titulo": "Veículo blindado", "valor": "Não"},
    {
        "campo": "continuar_com_corretor_anterior",
        "titulo": "Continuar com o corretor anterior, se houver",
        "valor": "Sim",
    },
]


def begin(rows: list[dict[str, Any]]) -> Fact:
    """The first word of a run."""
    text = "Começando sua cotação."
    return progress("0", "aviso", "Começando", text, percentual=0, assumidas=rows)


def disclosure(visitor: Visitor) -> Locator:
    return visitor.modal.locator("details")


def test_without_assumptions_nothing_is_said_of_any(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(begin([]), entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    expect(disclosure(visitor)).to_be_hidden()


def test_the_assumed_answers_wait_behind_one_line_and_stay_open_once_opened(
    visitor: Visitor, service: Service
) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(begin(ROWS), entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    line = visitor.modal.get_by_text("O que consideramos na sua cotação")
    expect(line).to_be_visible()
    row = disclosure(visitor).locator("dl > div")
    expect(row.first).to_be_hidden()
    line.focus()
    visitor.page.keyboard.press("Enter")
    expect(row).to_have_text(
        [
            "CombustívelFlex",
            "Veículo blindadoNão",
            "Continuar com o corretor anterior, se houverSim",
        ]
    )
    expect(row.first).to_be_visible()
    expect(disclosure(visitor)).to_contain_text("O corretor pode ajustar.")
    first = row.first.element_handle()
    service.say(*screens(1, 5), estimate(), *screens(5), result())
    expect(visitor.title).to_have_text("Sua cotação está pronta")
    # Whoever reads it is not disturbed: the very same nodes, still open, still in focus.
    expect(row.first).to_be_visible()
    assert first.evaluate("node => node.isConnected")
    expect(line).to_be_focused()


def test_they_come_after_what_matters_more(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(begin(ROWS), *screens(0, 5), estimate(), *screens(5), result())
    expect(visitor.title).to_have_text("Sua cotação está pronta")

    def top(part: Locator) -> float:
        box = part.bounding_box()
        assert box is not None
        return box["y"]

    for width in (320, 360, 1280):
        visitor.page.set_viewport_size({"width": width, "height": 740})
        assert top(visitor.modal.locator(".plans")) < top(visitor.modal.locator(".estimate"))
        assert top(visitor.modal.locator(".estimate")) < top(disclosure(visitor))


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_they_fit_the_screen_and_the_finger(visitor: Visitor, service: Service, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 640})
    visitor.arrive()
    visitor.submit()
    service.say(begin(ROWS), entered("1", "Tipo de seguro"))
    line = disclosure(visitor).locator("summary")
    line.click()
    expect(disclosure(visitor).locator("dl")).to_be_visible()
    box = line.bounding_box()
    assert box is not None and box["height"] >= 44
    body = visitor.modal.locator(".body")
    assert body.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_they_are_not_announced(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(begin(ROWS), entered("1", "Tipo de seguro"))
    live = visitor.modal.locator("[aria-live]")
    expect(live).to_have_count(1)
    expect(live).to_have_text("Tipo de seguro")
    assert disclosure(visitor).evaluate("node => node.closest('[aria-live]')") is None


def test_their_words_never_become_markup(visitor: Visitor, service: Service) -> None:
    evil = "<img src=x onerror=\"document.title='got'\">"
    visitor.arrive()
    visitor.submit()
    service.say(begin([{"campo": evil, "titulo": evil, "valor": evil}]))
    disclosure(visitor).locator("summary").click()
    expect(disclosure(visitor).locator("dt")).to_have_text(evil)
    expect(disclosure(visitor).locator("dd")).to_have_text(evil)
    expect(visitor.modal.locator("img")).to_have_count(0)
    assert visitor.page.title() != "got"


def test_a_new_quote_shows_only_its_own(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    cancelled = {"tipo": "cancelado", "mensagem": "Cancelada.", "final": True}
    service.say(begin(ROWS[:1]), ("error", cancelled))
    expect(visitor.title).to_have_text("Cotação cancelada")
    service.events.clear()
    visitor.modal.get_by_role("button", name="Tentar de novo").click()
    service.wait_for(lambda: len(service.started) == 2)
    service.say(begin(ROWS[1:2]))
    disclosure(visitor).get_by_text("Veículo blindado").wait_for(state="attached")
    expect(disclosure(visitor).locator("dt")).to_have_text(["Veículo blindado"])
