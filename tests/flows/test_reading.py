"""Reading prices and plans: amounts however they are split, and pages other than the replica's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.browser import Browser
from runner.failure import Failure
from runner.flows.cotacao_auto import AUTOMATION, money, script
from runner.flows.cotacao_auto.arrival import ESTIMATED, SECOND, TEXTS
from runner.flows.cotacao_auto.estimate import estimate
from runner.flows.cotacao_auto.result import LABELS, quote
from runner.flows.cotacao_auto.screen import flow
from runner.flows.cotacao_auto.vehicle import vehicle_in

HEAD = ["Plano recomendado", "R$", "3.099,18", "anual"]
PAYMENT = "Boleto/Crédito em até 3x sem juros ou 12x de R$ 333,02"
CELLS = {
    "Franquia": "R$ 2.100,00 Reduzida",
    "Valor de Mercado": "100% da tabela FIPE",
    "Danos Materiais": "R$ 100.000,00",
    "Danos Corporais": "R$ 100.000,00",
    "Danos Morais": "R$ 10.000,00",
    "Morte/Invalidez": "R$ 0,00",
}


def card(head: list[str], **cells: str) -> dict[str, Any]:
    """A plan's card as the page script reads it."""
    texts = {**CELLS, **cells}
    icons = {"Assistência": "ok", "Vidros": "ok", "Carro Reserva": "nok"}
    rows = [{"texto": texts.get(one, ""), "icone": icons.get(one, "")} for one in LABELS]
    return {"cabeca": head, "pagamento": PAYMENT, "celulas": rows}


def grid(*cards: dict[str, Any]) -> dict[str, Any]:
    return {"labels": list(LABELS), "cards": list(cards)}


@settings(deadline=None)
@given(st.integers(0, 10**10))
def test_an_amount_is_read_back_as_it_was_written(value: int) -> None:
    assert money.amount(money.written(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("R$ 1.200 ,00", 120000),
        ("R$3.099,18", 309918),
        ("R$ 1.200", 120000),
        ("12x de R$ 333,02", None),
        ("R$ 1,00 ou R$ 2,00", None),
        ("N/A", None),
    ],
)
def test_an_amount_is_one_amount_or_none(text: str, value: int | None) -> None:
    assert money.amount(text) == value


def test_a_complete_plan_is_read_by_label() -> None:
    data, missing = quote(grid(card(HEAD)))

    assert missing == []
    assert data is not None
    assert data["plano_alternativo"] is None
    plan = data["plano_recomendado"]
    assert plan == {
        "plano": "Plano recomendado",
        "valor": "R$ 3.099,18",
        "valor_centavos": 309918,
        "forma_pagamento": PAYMENT,
        "parcelamento": "anual",
        "valor_franquia": "R$ 2.100,00",
        "valor_franquia_centavos": 210000,
        "tipo_franquia": "Reduzida",
        "valor_mercado": "100% da tabela FIPE",
        "assistencia": True,
        "vidros": True,
        "carro_reserva": False,
        "danos_materiais": "R$ 100.000,00",
        "danos_materiais_centavos": 10000000,
        "danos_corporais": "R$ 100.000,00",
        "danos_corporais_centavos": 10000000,
        "danos_morais": "R$ 10.000,00",
        "danos_morais_centavos": 1000000,
        "morte_invalidez": "R$ 0,00",
        "morte_invalidez_centavos": 0,
    }


@pytest.mark.parametrize(
    ("cards", "missing"),
    [
        ([card(["Plano recomendado", "R$", "100,00", "anual"])], ["valor"]),
        ([card(["Plano recomendado", "anual"])], ["valor"]),
        ([card(["R$", "3.099,18", "anual"])], ["plano_recomendado"]),
        ([card(HEAD, **{"Danos Morais": "N/A"})], ["danos_morais"]),
        ([card(HEAD, Franquia="R$ 2.100,00")], ["tipo_franquia"]),
        ([card(HEAD, Franquia="Normal")], ["valor_franquia"]),
        ([card(HEAD, **{"Valor de Mercado": "-"})], ["valor_mercado"]),
        ([card(HEAD), card(["R$", "100,00", "anual"])], ["valor (alternativo)"]),
    ],
)
def test_an_incomplete_plan_names_what_is_missing(
    cards: list[dict[str, Any]], missing: list[str]
) -> None:
    assert quote(grid(*cards)) == (None, missing)


def test_a_cell_too_few_is_no_plan() -> None:
    short = card(HEAD)
    short["celulas"].pop()

    data, missing = quote(grid(short))

    assert data is None
    assert {"valor_franquia", "vidros", "morte_invalidez"} <= set(missing)


def test_an_estimate_needs_three_whole_cards() -> None:
    cards = [
        {
            "nome": name,
            "texto": "Cobertura De R$ 1.200 ,00 até R$ 1.700 ,00",
            "beneficios": [["Vidros", True], ["Roubo.", False]],
        }
        for name in ("A", "B", "C", "C")
    ]
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)

    data = estimate(cards, at)

    assert data["capturado_em"] == "2026-01-02T03:04:05.678Z"
    assert len(data["coberturas_detalhadas"]) == 3
    assert data["coberturas_detalhadas"][0]["valores"]["ate_centavos"] == 170000
    assert data["coberturas_detalhadas"][0]["beneficios"][1] == {
        "nome": "Roubo.",
        "status": "nao_incluido",
    }
    with pytest.raises(Failure) as caught:
        estimate(cards[:2])
    assert caught.value.tipo == "estimativa_incompleta"


def test_the_screens_are_the_sites_in_its_order() -> None:
    ids = [screen.id for screen in flow.screens]
    assert ids == [*"12345", "5.5", *"6789", "10", "11", "12", "13", "14", "15"]
    assert [screen.id for screen in flow.screens if screen.optional] == ["5.5", "14"]
    assert {*SECOND, *TEXTS} <= set(ids)
    assert AUTOMATION.total == len([one for one in ids if "." not in one])


GRID_PAGE = """
<div style="display:flex">
  <aside><h3>&nbsp;</h3><ul>LABELS</ul></aside>
  <section><h2>Plano recomendado</h2>
    <div><span>R$</span><span>3.099,18</span></div><i>anual</i>
    <p>Boleto/Cr&eacute;dito em at&eacute; <b>3x</b> sem juros ou <b>12x de R$&nbsp;333,02</b></p>
    <ul>CELLS</ul><button>Contratar</button></section>
</div>
"""


@pytest.mark.anyio
async def test_a_grid_of_another_build_is_read_by_its_labels(browser: Browser) -> None:
    # Another order of labels, a head beside the labels, lists within the cards, a button below.
    names = sorted(LABELS)
    icons = {"Assistência": "ok", "Vidros": "ok", "Carro Reserva": "nok"}
    shown = {
        **CELLS,
        **{one: f'<img src="/icone-{icon}.svg" alt="">' for one, icon in icons.items()},
        "Franquia": "<p>R$ 2.100,00</p>Reduzida",
    }
    page_text = GRID_PAGE.replace("LABELS", "".join(f"<li>{one}:</li>" for one in names))
    page_text = page_text.replace("CELLS", "".join(f"<li>{shown[one]}</li>" for one in names))
    spec = {"labels": list(LABELS), "covers": ["#modal"], "seen": None, "ms": 500}

    async with browser.page() as page:
        await page.set_content(page_text)
        seen = await page.evaluate(script.GRID, spec)
        data, missing = quote(seen)
        again = await page.evaluate(script.GRID, {**spec, "seen": seen, "ms": 100})

    assert missing == []
    assert data is not None
    assert data["plano_recomendado"]["valor_centavos"] == 309918
    assert data["plano_recomendado"]["tipo_franquia"] == "Reduzida"
    assert data["plano_recomendado"]["carro_reserva"] is False
    assert data["plano_recomendado"]["forma_pagamento"] == PAYMENT
    assert again is None


@pytest.mark.anyio
async def test_the_countdown_is_read_over_several_elements(browser: Browser) -> None:
    async with browser.page() as page:
        await page.set_content("<p>Tempo&nbsp;estimado em</p><b>02</b><b>:</b><b>09</b>")
        assert await page.evaluate(script.COUNTDOWN, ESTIMATED) == 129
        await page.set_content("<p>Tempo estimado em <span>00:00</span></p>")
        assert await page.evaluate(script.COUNTDOWN, ESTIMATED) == 0
        await page.set_content("<p>Tempo estimado em breve</p>")
        assert await page.evaluate(script.COUNTDOWN, ESTIMATED) is None


def candidate(name: str, how: str, *what: str, hold: float = 0, clear: bool = False) -> Any:
    return {"name": name, "how": how, "what": list(what), "hold": hold, "clear": clear}


@pytest.mark.anyio
async def test_a_race_sees_only_what_is_visible_and_uncovered(browser: Browser) -> None:
    async with browser.page() as page:
        await page.set_content(
            """<p id=there style="visibility:hidden">x</p>
            <div id=cover style="position:fixed;inset:0"><b role=progressbar>.</b></div>"""
        )
        spec = {"candidates": [candidate("a", "shown", "#there", clear=True)], "known": []}
        assert await page.evaluate(script.RACE, {**spec, "ms": 150}) is None

        await page.evaluate("there.style.visibility = 'visible'")
        assert await page.evaluate(script.RACE, {**spec, "ms": 150}) is None

        await page.evaluate("setTimeout(() => cover.remove(), 20)")
        seen = await page.evaluate(script.RACE, {**spec, "ms": 2000})
        assert seen == {"name": "a", "note": "there"}


@pytest.mark.anyio
async def test_a_race_knows_a_refused_field_and_a_new_paragraph(browser: Browser) -> None:
    page_text = """<form><input id=mark aria-invalid=false><p>Nome *</p><p id=error></p></form>
        <p>outside</p>"""
    spec = {
        "candidates": [
            candidate("refused", "invalid"),
            candidate("refused", "fresh", "#mark", hold=50),
        ],
        "known": ["Nome *"],
    }
    async with browser.page() as page:
        await page.set_content(page_text)
        assert await page.evaluate(script.RACE, {**spec, "ms": 150}) is None
        await page.evaluate("setTimeout(() => { error.textContent = 'Escolha' }, 20)")
        seen = await page.evaluate(script.RACE, {**spec, "ms": 2000})
        assert seen == {"name": "refused", "note": "error"}
        await page.evaluate("mark.setAttribute('aria-invalid', 'true')")
        seen = await page.evaluate(script.RACE, {**spec, "ms": 2000})
        assert seen == {"name": "refused", "note": "mark"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text",
    [
        "<h1>O veículo <b>IPÊ</b> <b>2022/2023</b> corresponde a placa <b>ABC-1D23</b>?</h1>",
        "<h1>A moto IPÊ&nbsp;2022/2023 corresponde <span>à placa</span> <i>ABC1D23</i> ?</h1>",
        "<p>Dados do veículo</p><p>O carro IPÊ 2022/2023 corresponde à placa abc-1d23?</p>",
    ],
)
async def test_the_vehicle_is_read_from_its_sentence(browser: Browser, text: str) -> None:
    async with browser.page() as page:
        await page.set_content(f"<p>Placa</p><main>{text}</main>")
        sentence = await page.evaluate(script.VEHICLE, {"ms": 500})

    assert vehicle_in(sentence) == ("IPÊ 2022/2023", "ABC1D23")
