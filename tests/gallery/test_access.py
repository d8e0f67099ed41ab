"""Accessible in every state, to axe, to the keyboard alone and to the ear.

1. axe judges the element; the page around it is judged once.
2. The ear's part: a screen reader says what the one live region gets, so announcements are counted
   there, on the page's own clock.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from demo.landing import Landing
from tests.gallery.axe import axe_source, verdict
from tests.gallery.showcase import DESKTOP, PHONE, STATES, Showcase
from tests.snippet.fake import Service
from tests.snippet.history import entered, quote

READY = "Sua cotação está pronta"
# The element under the focus, through shadow roots.
FOCUSED = """
() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return [node.localName, node.getAttribute("aria-label") ?? node.textContent.trim(),
    Boolean(node.getRootNode().host && node.closest("dialog"))];
}
"""


DRESS = "(modal, theme) => { modal.dataset.tema = theme }"
HOLDS = "(node) => node.getRootNode().activeElement === node"
# A screen reader's part: what the live region gets, and when.
LISTEN = """
(speak) => {
  window.heard = [];
  const { seams } = customElements.get("andamento-modal");
  // The playground sets its own times with each state.
  seams.times = new Proxy(seams.times, {
    get: (times, name) => (name === "speak" ? speak : times[name]),
  });
  const listen = (element) => new MutationObserver(() => {
    const words = element.shadowRoot.querySelector("[aria-live]").textContent;
    if (words) heard.push([performance.now(), words]);
  }).observe(element.shadowRoot.querySelector("[aria-live]"), { childList: true });
  new MutationObserver((changes) => {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes]))
      if (node.localName === "andamento-modal") listen(node);
  }).observe(document.body, { childList: true });
}
"""


@pytest.fixture(scope="module")
def judged(showcase: Showcase) -> Showcase:
    """The playground with the judge on board; evaluated by the debugger, so no policy bars it."""
    showcase.page.evaluate(axe_source())
    return showcase


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_any_state(judged: Showcase, state: str) -> None:
    found = []
    for size in (PHONE, DESKTOP):
        judged.resize(size)
        judged.show(state)
        for theme in ("claro", "escuro"):
            judged.page.locator("andamento-modal").evaluate(DRESS, theme)
            found += [f"{size[0]} {theme}: {fault}" for fault in verdict(judged.page)]
    assert found == []


def test_axe_finds_nothing_in_the_playground_itself(judged: Showcase) -> None:
    for theme in ("claro", "escuro"):
        judged.show("pilula", tema=theme)
        assert verdict(judged.page, "html") == []


def ask_to_cancel_and_stay(page: Page) -> None:
    """The question has the focus on its harmless answer, which gives it back."""
    dialog = page.locator("andamento-modal dialog")
    tab_to(page, "Cancelar cotação")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Não, continuar")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Cancelar cotação")).to_be_focused()


def test_the_whole_journey_goes_by_keyboard_alone(
    page: Page, landing: Landing, service: Service
) -> None:
    landing.refuse_leads = True  # so that the form stays on the page
    page.goto(landing.url)
    dialog = page.locator("andamento-modal dialog")
    title = dialog.locator("h2")

    tab_to(page, "Preencher com pessoa de exemplo")
    page.keyboard.press("Enter")
    tab_to(page, "Ver meu preço", there=page.get_by_role("button", name="Ver meu preço"))
    page.keyboard.press("Enter")
    service.say(entered("1", "Tipo de seguro"))
    expect(title).to_have_text("Tipo de seguro")
    expect(title).to_be_focused()

    stops = [tab(page) for _ in range(8)]
    # Body stands for the browser's own buttons, through which the way round leads.
    assert all(inside or name == "body" for name, _, inside in stops), stops
    assert {"Minimizar", "Cancelar cotação"} <= {words for _, words, _ in stops}

    page.keyboard.press("Escape")
    pill = page.locator("andamento-modal .pill")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Ver meu preço")).to_be_focused()
    tab_to(page, "the pill", there=pill)
    page.keyboard.press("Enter")
    expect(title).to_be_visible()
    assert focused(page)[2]

    ask_to_cancel_and_stay(page)
    assert service.cancelled == []

    service.say(*quote())
    expect(title).to_have_text(READY)
    assert focused(page)[2]
    page.keyboard.press("Escape")
    expect(pill).to_have_text(READY)
    tab_to(page, "Fechar")
    page.keyboard.press("Enter")
    expect(pill).to_be_hidden()
    # Nothing of ours holds the focus, and from here on Tab goes through the page.
    assert not focused(page)[2]
    page.keyboard.press("Shift+Tab")
    name, _, inside = focused(page)
    assert name in ("a", "input", "button", "select") and not inside


def test_a_whole_quote_is_said_in_few_words_each_once(showcase: Showcase) -> None:
    speak_ms = 250
    showcase.enter()
    page = showcase.page
    page.evaluate(LISTEN, speak_ms)
    showcase.show("inteira", segundos="2")
    expect(page.locator("andamento-modal h2")).to_have_text(READY)
    page.locator("andamento-modal [aria-live]", has_text=READY).wait_for(state="attached")
    said: list[tuple[float, str]] = page.evaluate("heard")
    words = " | ".join(text for _, text in said)
    assert words.count("A primeira estimativa chegou.") == 1
    assert words.count(READY) == 1
    # The result may break in; whatever else there is keeps its distance (less a timer's rounding).
    times = [at for at, _ in said[:-1]]
    assert all(later - at > speak_ms - 5 for at, later in pairwise(times)), said
    assert len(said) <= 2000 / speak_ms + 3
    assert page.locator("andamento-modal [aria-live]").count() == 1
    bar = page.locator("andamento-modal [role=progressbar]")
    assert bar.get_attribute("aria-live") is None


def focused(page: Page) -> tuple[str, str, bool]:
    """What holds the focus: its tag, its words, and whether it is in the dialog."""
    name, words, inside = page.evaluate(FOCUSED)
    return name, words, inside


def tab(page: Page) -> tuple[str, str, bool]:
    """One press further."""
    page.keyboard.press("Tab")
    return focused(page)


def tab_to(page: Page, words: str, there: Locator | None = None) -> None:
    """Press Tab until the button with these words, or this place, has the focus."""
    steps: list[Any] = []
    while len(steps) < 40:
        name, told, _ = focused(page)
        if (name == "button" and told == words) or (there and there.evaluate(HOLDS)):
            return
        steps.append(tab(page))
    raise AssertionError(f"no Tab leads to {words}: {steps}")
