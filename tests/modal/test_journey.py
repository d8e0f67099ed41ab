"""The visitor's way from the form to two prices, in the browsers that visitors have.

Every journey is the same quote; what differs is what the visitor does on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from demo import landing as site
from demo.landing import Landing
from tests.modal.road import Road
from tests.modal.service import Robot, Service
from tests.modal.visitor import FIRST_HALF, QUOTE, SECOND_HALF, Tab, Visitor
from tests.snippet.history import queued

# A page of the site without the form, as most are.
ARTICLE = """<!doctype html><html lang="pt-BR"><title>Seguro Exemplo: perguntas</title>
<h1>Perguntas frequentes</h1>{element}<script src="{api}/snippet/andamento.js" defer></script>"""
# What its owner has put into it: the script's tag alone, or the element too.
TAG, ELEMENT = "", "<andamento-modal></andamento-modal>"


Publish = Callable[[str], str]


@pytest.fixture
def publish(landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Puts another page, with this element, on the site; its address."""

    def put(element: str) -> str:
        file = tmp_path / "article.html"
        file.write_text(ARTICLE.format(api=landing.api, element=element))
        monkeypatch.setitem(site.FILES, "/perguntas", (str(file), "text/html; charset=utf-8"))
        return f"{landing.url}/perguntas"

    return put


def test_from_the_form_over_queue_screens_and_estimate_to_the_result(visitor: Visitor) -> None:
    visitor.prepare()
    robot = visitor.ask()
    visitor.follow(robot, [queued(2)])
    visitor.reads("Sua cotação está na fila")
    visitor.follow(robot, QUOTE[:3])
    visitor.reads("Placa do carro")
    visitor.follow(robot, QUOTE[3:])
    visitor.saw_all([queued(2), *QUOTE])
    assert visitor.landing.leads > 0


def test_a_reload_in_the_middle_shows_the_quote_again_and_goes_on(
    visitor: Visitor, path: Road
) -> None:
    visitor.prepare()
    robot = visitor.ask()
    visitor.follow(robot, FIRST_HALF)
    started = path.asked.count("/api/rpa/start")
    robot.say(*SECOND_HALF[:2])
    visitor.page.reload()
    visitor.reads("Trabalho e estudo")
    visitor.follow(robot, SECOND_HALF[2:])
    visitor.saw_result()
    assert path.asked.count("/api/rpa/start") == started


def test_a_finished_quote_is_still_there_after_a_reload(visitor: Visitor) -> None:
    visitor.prepare()
    robot = visitor.ask()
    robot.say(*QUOTE)
    visitor.saw_result()
    visitor.page.reload()
    visitor.saw_result()
    # The new page is told of the ending at once, and of no step on the way.
    assert len(visitor.told("progress")) == 1


def test_on_another_page_of_the_site_the_pill_is_there_and_opens_the_quote(
    visitor: Visitor, publish: Publish
) -> None:
    visitor.prepare()
    robot = visitor.ask()
    visitor.follow(robot, FIRST_HALF)
    visitor.page.keyboard.press("Escape")
    visitor.sees(visitor.pill)
    expect(visitor.dialog).to_be_hidden()
    visitor.page.goto(publish(TAG))
    visitor.sees(visitor.pill)
    # Minimised is not stopped.
    visitor.follow(robot, SECOND_HALF[:-1])
    expect(visitor.dialog).to_be_hidden()
    visitor.pill.click()
    visitor.reads("Cálculo final")
    visitor.follow(robot, SECOND_HALF[-1:])
    visitor.saw_result()


def test_on_another_page_of_the_site_an_open_quote_is_open(
    visitor: Visitor, publish: Publish
) -> None:
    visitor.prepare()
    robot = visitor.ask()
    visitor.follow(robot, FIRST_HALF)
    visitor.page.goto(publish(ELEMENT))
    visitor.reads("Estimativa inicial")
    visitor.follow(robot, SECOND_HALF)
    visitor.saw_result()
    assert visitor.told("result")[0]["desfecho"] == "cotacao"


def in_two_tabs(visitor: Visitor, service: Service) -> tuple[Robot, Tab]:
    """A quote half done, on view in the visitor's tab and in a second one."""
    service.until_streams(0)
    visitor.prepare()
    robot = visitor.ask()
    visitor.follow(robot, FIRST_HALF)
    second = Tab(visitor.context.new_page())
    second.page.goto(visitor.landing.url)
    second.unfold()
    second.reads("Estimativa inicial")
    return robot, second


def test_two_tabs_show_the_same_quote_over_one_stream(visitor: Visitor, service: Service) -> None:
    robot, second = in_two_tabs(visitor, service)
    service.until_streams(1)
    for fact in SECOND_HALF:
        robot.say(fact)
        visitor.hears(fact)
        second.hears(fact)
    visitor.saw_all(QUOTE)
    second.saw_result()
    assert visitor.told("result") == second.told("result")
    service.until_streams(0)


def test_when_the_tab_that_reads_is_closed_the_other_one_reads_on(
    visitor: Visitor, service: Service
) -> None:
    robot, second = in_two_tabs(visitor, service)
    visitor.page.close()
    for fact in SECOND_HALF[:-1]:
        robot.say(fact)
        second.hears(fact)
    service.until_streams(1)
    robot.say(SECOND_HALF[-1])
    second.saw_result()
    assert second.told("result")[0]["desfecho"] == "cotacao"
