"""Calm while it works: the news push nothing about. How fast it is, `make bench ONLY=modal` tells.

1. No stopwatch here: what is counted is what moves, and that is the same on a slow machine.
2. A new panel (the result) is a new scene; until then, what one is looking at stays where it is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from demo.landing import Landing
from tests.gallery.showcase import DESKTOP, PHONE
from tests.snippet.fake import Service
from tests.snippet.history import estimate, progress, queued, screens

ANSWERS = {"nome": "Helena Exemplo de Souza"}
SHIFTS = """
() => {
  Object.assign(window, { shifts: [], heard: 0 });
  document.addEventListener("progress", () => { heard += 1; });
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries())
      shifts.push([value, ...sources.map(({ previousRect: { y, height }, currentRect }) =>
        [y, currentRect.y, height, currentRect.height])]);
  }).observe({ type: "layout-shift" });
}
"""
# Where the fixed points of the dialog are, each time the page is told of progress.
PLACES = """
() => {
  window.places = [];
  document.addEventListener("progress", ({ target }) => {
    const find = (name) => target.shadowRoot.querySelector(name).getBoundingClientRect();
    places.push([".title", ".gauge", ".estimate"].map((name) => Math.round(find(name).top)));
  });
}
"""
FRAMES = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
LAST = progress("15", "aviso", "Cálculo final", "Conferindo coberturas e franquias.")


def begin(page: Page, landing: Landing, size: tuple[int, int]) -> None:
    """The modal on view, started by the page's own script, as if nobody had clicked."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(landing.url)
    page.evaluate("answers => document.querySelector('andamento-modal').start(answers)", ANSWERS)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_forty_events_shift_nothing(
    page: Page, landing: Landing, service: Service, size: tuple[int, int]
) -> None:
    begin(page, landing, size)
    title = page.locator("andamento-modal h2")
    service.say(queued(2))
    expect(title).to_have_text("Sua cotação está na fila")
    page.evaluate(SHIFTS)
    # One by one, each in a picture of its own.
    for number, fact in enumerate([queued(1), *screens(), *[LAST] * 11], 1):
        service.say(fact)
        page.wait_for_function("number => heard >= number", arg=number)
        page.evaluate(FRAMES)
    shifts: list[list[Any]] = page.evaluate("shifts")
    # Less than a pixel is the browser's rounding.
    moved = [move for _, *moves in shifts for move in moves if abs(move[1] - move[0]) >= 1]
    assert moved == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_estimate_moves_nothing_that_stands_above_it(
    page: Page, landing: Landing, service: Service, size: tuple[int, int]
) -> None:
    begin(page, landing, size)
    page.evaluate(PLACES)
    service.say(*screens(0, 5), estimate())
    expect(page.locator("andamento-modal .covers h4")).to_have_count(3)
    service.say(progress("6", "entrou", "Itens do carro", "Preenchendo."))
    expect(page.locator("andamento-modal h2")).to_have_text("Itens do carro")
    places: list[Any] = page.evaluate("places")
    assert [after for before, after in pairwise(places[-3:]) if after != before] == []
