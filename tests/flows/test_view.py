"""The arrival of a plain flow in a real Chromium: whichever screen comes into view."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route

from runner.automation import Answers
from runner.browser import Browser
from runner.failure import Failure
from runner.flow import Context, Flow, Site, Visit
from runner.flows.opening import goto
from tests.flows.journey import Recorder

pytestmark = pytest.mark.anyio

RESULT: Mapping[str, Any] = {"desfecho": "cotacao_manual"}
# All screens are in the DOM at once, as on many sites; #go's script shows what comes.
ONE_PAGE = """<!doctype html><meta charset=utf-8><style>[hidden] {{ display: none }}</style>
<section id=one><button onclick="{script}">Continuar</button></section>
<section id=maybe hidden><button onclick="show('two')">Continuar</button></section>
<section id=two hidden>R$ 100,00</section>
<script>
  const show = (...ids) => document.querySelectorAll("section").forEach(
    (one) => one.hidden = !ids.includes(one.id));
</script>"""
# A load of its own for each screen, with a spinner's page in between.
MANY_PAGES = {
    "/": "<form action=/wait id=one><button>Continuar</button></form>",
    "/wait": "<p id=maybe hidden></p><meta http-equiv=refresh content='0;url=/two'>",
    "/two": "<section id=two>R$ 100,00</section>",
}


class Nothing(Answers):
    """No answers."""


async def press(visit: Visit[Nothing]) -> None:
    """Whatever the screen's button is called by, it is the visible one."""
    await visit.page.locator("button").locator("visible=true").click()


async def read(visit: Visit[Nothing]) -> Mapping[str, Any]:
    """The last screen."""
    return {**RESULT, "mensagem": await visit.page.locator("#two").inner_text()}


def flow_of_three(timeout_s: float) -> Flow[Visit[Nothing]]:
    """One, perhaps maybe, two."""
    flow = Flow(Nothing)

    @flow.opening
    async def open_site(visit: Visit[Nothing]) -> None:
        await goto(visit.page, visit.site.url)

    flow.screen("1", "Um", sees="#one", timeout_s=timeout_s)(press)
    flow.screen("1.5", "Talvez", sees="#maybe", optional=True)(press)
    flow.screen("2", "Dois", sees="#two")(read)
    return flow


async def walk(
    browser: Browser, pages: Mapping[str, str], *, timeout_s: float = 60
) -> list[tuple[str, str]]:
    """What is said of a run over these pages, by path."""

    async def answer(route: Route) -> None:
        body = pages.get(urlsplit(route.request.url).path)
        kind = "text/html; charset=utf-8"
        await route.fulfill(status=200 if body else 404, content_type=kind, body=body or "")

    @asynccontextmanager
    async def opened() -> AsyncIterator[Page]:
        async with browser.page() as page:
            await page.route("**/*", answer)
            yield page

    report = Recorder()
    site = Site(url="http://site.example/")
    context = Context(answers={}, report=report, site=site, page=opened)
    await flow_of_three(timeout_s)(context)
    assert report.results == [{**RESULT, "mensagem": "R$ 100,00"}]
    return [(verb, etapa) for verb, etapa in report.said if verb != "resultado"]


WITH = [
    *(("entrou", "1"), ("concluiu", "1")),
    *(("entrou", "1.5"), ("concluiu", "1.5")),
    *(("entrou", "2"), ("concluiu", "2")),
]
WITHOUT = [
    *(("entrou", "1"), ("concluiu", "1"), ("pulou", "1.5")),
    *(("entrou", "2"), ("concluiu", "2")),
]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("show(); setTimeout(() => show('maybe'), 300)", WITH),
        ("show(); setTimeout(() => show('two'), 300)", WITHOUT),
        ("show('maybe', 'two')", WITH),
    ],
    ids=["late optional", "late", "both at once"],
)
async def test_the_screen_that_comes_into_view_is_the_one(
    browser: Browser, script: str, expected: list[tuple[str, str]]
) -> None:
    assert await walk(browser, {"/": ONE_PAGE.format(script=script)}) == expected


async def test_screens_may_be_pages_of_their_own(browser: Browser) -> None:
    assert await walk(browser, MANY_PAGES) == WITHOUT


async def test_a_screen_that_never_comes_ends_the_wait(browser: Browser) -> None:
    with pytest.raises(Failure) as caught:
        await walk(browser, {"/": ONE_PAGE.format(script="show()")}, timeout_s=3)

    failure = caught.value
    assert (failure.tipo, failure.etapa) == ("tela_ausente", "1")
    assert failure.detail["esperadas"] == "1.5, 2"
