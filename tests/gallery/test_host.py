"""In anybody's page: whatever its styles, its policy, its scripts or its manners.

1. "As it should look" is what the same page shows without the hostile part: every node of the
   modal, its place and its colours.
2. The site's own form is sent in every case.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from demo.landing import Landing
from tests.snippet.fake import Service
from tests.snippet.history import entered, estimate, quote, screens

READY = "Sua cotação está pronta"
FORM = """
<form id="f"><input name="nome" value="Helena Exemplo"><button>Ir</button></form>"""
TAG = '<script src="/snippet/andamento.js" data-form="#f" defer></script>'
HOSTILE = """<style>
* { all: unset !important; display: block !important; position: static !important;
  font-size: 60px !important; color: #f0f !important; }
body, body * { transform: rotate(3deg) !important; }
dialog, button, andamento-modal { display: none !important; }
html { font-size: 60px !important; zoom: 1 !important; }
</style>"""
POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {0};
connect-src {0}">"""

# The page's own listener: the lead is noted, and the page stays.
LEADS = """
Object.assign(window, { leads: 0, violations: [], told: [] });
addEventListener("submit", (event) => { event.preventDefault(); leads += 1; });
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  violations.push([violatedDirective, blockedURI]));
for (const name of ["progress", "estimate", "result", "failure", "close"])
  addEventListener(name, ({ target }) => target.localName === "andamento-modal" && told.push(name));
"""
LOOK = """
() => {
  const { shadowRoot } = document.querySelector("andamento-modal");
  const said = ["color", "backgroundColor", "fontSize", "fontFamily", "display", "transform"];
  return [...shadowRoot.querySelectorAll("*")].map((node) => {
    const [{ x, y, width, height }, style] = [node.getBoundingClientRect(), getComputedStyle(node)];
    return [node.localName, x, y, width, height, ...said.map((name) => style[name])];
  });
}
"""
LATE = """
() => new Promise((onload) => {
  const script = Object.assign(document.createElement("script"), { onload });
  script.dataset.form = "#f";
  script.src = "/snippet/andamento.js";
  document.body.append(script);
})
"""
SUBMIT = "document.querySelector('#f').requestSubmit()"


def visit(page: Page, service: Service, *parts: str) -> None:
    """The site's page, made of these parts."""
    service.page = "<!DOCTYPE html><html lang=pt-BR><body>" + "".join(parts)
    page.goto(service.url)


def prepared(page: Page) -> Page:
    """With the page's own part in place before anything else, and no policy against it."""
    page.add_init_script(LEADS)
    return page


def looks(page: Page, service: Service, *parts: str) -> list[Any]:
    """How a running quote with its estimate, its pill and its result look in this page."""
    service.events.clear()
    visit(page, service, *parts)
    page.evaluate("localStorage.clear()")
    page.evaluate(SUBMIT)
    service.say(*screens(0, 5), estimate(), entered("6", "Itens do carro"))
    expect(page.locator("andamento-modal h2")).to_have_text("Itens do carro")
    running = page.evaluate(LOOK)
    service.say(*quote()[-1:])
    expect(page.locator("andamento-modal h2")).to_have_text(READY)
    done = page.evaluate(LOOK)
    page.keyboard.press("Escape")
    expect(page.locator("andamento-modal .pill")).to_be_visible()
    return [running, done, page.evaluate(LOOK)]


def test_hostile_styles_change_nothing(page: Page, service: Service) -> None:
    prepared(page)
    plain = looks(page, service, FORM, TAG)
    page.evaluate("document.querySelector('andamento-modal').close()")
    assert looks(page, service, HOSTILE, FORM, TAG) == plain


def test_the_strictest_policy_costs_no_style_and_is_never_violated(
    page: Page, service: Service
) -> None:
    prepared(page)
    plain = looks(page, service, FORM, TAG)
    page.evaluate("document.querySelector('andamento-modal').close()")
    assert looks(page, service, POLICY.format(service.url), FORM, TAG) == plain
    # The progress of the bar and the range of a price are lengths set one by one.
    widths = "nodes => nodes.map((node) => node.style.width)"
    bars = page.locator("andamento-modal .bar i").evaluate_all(widths)
    ranges = page.locator("andamento-modal .range i").evaluate_all(widths)
    assert "100%" in bars and all(ranges)
    assert page.evaluate("violations") == []


def test_the_playground_is_served_under_that_policy(page: Page, landing: Landing) -> None:
    prepared(page)
    answer = page.goto(f"{landing.url}/playground.html#estado=resultado")
    assert answer is not None
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; script-src 'self' {landing.api}; style-src 'self';"
        f" connect-src 'self' {landing.api}"
    )
    expect(page.locator("andamento-modal h2")).to_have_text(READY)
    assert page.evaluate("violations") == []


def test_beside_jquery_both_do_their_work(page: Page, landing: Landing, service: Service) -> None:
    service.say(*quote())
    page.goto(landing.url)
    page.get_by_role("button", name="Preencher com pessoa de exemplo").click()
    page.get_by_role("button", name="Ver meu preço").click()
    expect(page.locator("andamento-modal h2")).to_have_text(READY)
    page.keyboard.press("Escape")
    expect(page.locator(".w-form-done")).to_be_visible()
    assert landing.leads == 1
    assert page.evaluate("jQuery === $ && jQuery.fn.jquery")


def test_loaded_twice_and_once_more_late_is_one_modal_and_one_start(
    page: Page, service: Service
) -> None:
    prepared(page)
    visit(page, service, FORM, TAG, TAG)
    append(page)
    page.evaluate(SUBMIT)
    service.say(*quote())
    expect(page.locator("andamento-modal h2")).to_have_text(READY)
    expect(page.locator("andamento-modal")).to_have_count(1)
    assert (len(service.started), page.evaluate("leads")) == (1, 1)


def test_loaded_late_it_takes_its_place(page: Page, service: Service) -> None:
    prepared(page)
    visit(page, service, FORM)
    append(page)
    page.evaluate(SUBMIT)
    service.say(*quote())
    expect(page.locator("andamento-modal h2")).to_have_text(READY)
    assert (len(service.started), page.evaluate("leads")) == (1, 1)


def test_placed_by_hand_without_a_form_it_is_led_by_script(page: Page, service: Service) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    prepared(page)
    element = f'<andamento-modal data-api="{service.url}"></andamento-modal>'
    visit(page, service, element, '<script src="/snippet/andamento.js" defer></script>')
    modal = page.locator("andamento-modal")
    modal.evaluate("modal => { modal.minimize(); modal.open(); }")
    expect(modal.locator(".pill")).to_be_hidden()
    expect(modal.locator("dialog")).to_be_hidden()
    modal.evaluate("modal => modal.start({ nome: 'Helena Exemplo' })")
    expect(modal.locator("dialog")).to_be_visible()
    modal.evaluate("modal => modal.minimize()")
    expect(modal.locator(".pill")).to_be_visible()
    service.say(*quote())
    expect(modal.locator(".pill")).to_have_text(READY)
    modal.evaluate("modal => modal.open()")
    expect(modal.locator("h2")).to_be_visible()
    modal.evaluate("modal => modal.close()")
    expect(modal.locator("dialog")).to_be_hidden()
    expect(modal.locator(".pill")).to_be_hidden()
    told: list[str] = page.evaluate("told")
    assert [name for name in told if name != "progress"] == ["estimate", "result", "close"]
    assert "progress" in told
    assert said == []


def test_with_the_service_down_the_lead_is_sent_and_another_try_is_offered(
    page: Page, service: Service
) -> None:
    prepared(page)
    visit(page, service, FORM, TAG)
    service.go_away()
    page.evaluate(SUBMIT)
    modal = page.locator("andamento-modal")
    expect(modal.locator("h2")).to_have_text("Sem conexão com o serviço de cotação")
    assert page.evaluate("leads") == 1
    service.come_back()
    service.say(*quote())
    modal.get_by_role("button", name="Tentar de novo").click()
    expect(modal.locator("h2")).to_have_text(READY)


def test_with_the_script_missing_the_page_is_as_without_it(page: Page, service: Service) -> None:
    prepared(page)
    visit(page, service, FORM, TAG.replace("andamento.js", "nothing.js"))
    page.get_by_role("button", name="Ir").click()
    assert page.evaluate("leads") == 1
    expect(page.locator("andamento-modal")).to_have_count(0)


def append(page: Page) -> None:
    """The snippet, long after the page was loaded."""
    page.evaluate(LATE)
