"""The final result: from what the grid of screen 15 shows to the contract's shape.

1. Pure: the page was read before; a plan is complete or it is not, and what is missing has a name.
2. Cells are found by their label; the price by being the only amount of the card's head that is no
   instalment; the recommended plan by its heading (the other card has none).
3. "R$ 100,00" is what the grid shows before the login: it is never a price.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.flows.cotacao_auto import money

LABELS: Mapping[str, str] = {
    "Franquia": "valor_franquia",
    "Valor de Mercado": "valor_mercado",
    "Assistência": "assistencia",
    "Vidros": "vidros",
    "Carro Reserva": "carro_reserva",
    "Danos Materiais": "danos_materiais",
    "Danos Corporais": "danos_corporais",
    "Danos Morais": "danos_morais",
    "Morte/Invalidez": "morte_invalidez",
}
RECOMMENDED = "Plano recomendado"
ALTERNATIVE = "Plano alternativo"
PLACEHOLDER = 100_00

_ICONS = {"ok": True, "nok": False}
_PERIOD = re.compile(r"anual|mensal|semestral|trimestral|bimestral|à vista", re.IGNORECASE)
_NOTHING = frozenset({"", "-", "–", "—", "n/a", "null", "undefined"})

QUOTE_MESSAGE = "Pronto! Sua cotação foi concluída: confira os valores dos planos."
MANUAL_MESSAGE = (
    "Recebemos seus dados, e o seu caso pede uma atenção especial: "
    "a cotação será feita por um de nossos especialistas."
)
MANUAL_NEXT = "Nossa equipe entra em contato com você para apresentar as opções."

Cell = Mapping[str, Any]
Plan = dict[str, Any]


def quote(grid: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """The data of the result event, or None and the names of what is missing.

    `grid` as the page script GRID gives it.
    """
    cards = list(grid["cards"])
    first = next((card for card in cards if _recommended(card)), None)
    if first is None:
        return None, ["plano_recomendado"]
    others = [card for card in cards if card is not first]
    recommended, missing = _plan(first, grid["labels"], RECOMMENDED)
    alternative = None
    if others:
        alternative, more = _plan(others[0], grid["labels"], ALTERNATIVE)
        missing += [f"{name} (alternativo)" for name in more]
    if missing:
        return None, missing
    return {
        "desfecho": "cotacao",
        "plano_recomendado": recommended,
        "plano_alternativo": alternative,
        "mensagem": QUOTE_MESSAGE,
    }, []


def manual_quote() -> dict[str, Any]:
    """The data of the result event when the site leaves the quote to a person."""
    return {
        "desfecho": "cotacao_manual",
        "mensagem": MANUAL_MESSAGE,
        "proximo_passo": MANUAL_NEXT,
    }


def _recommended(card: Mapping[str, Any]) -> bool:
    return any(RECOMMENDED.casefold() in str(piece).casefold() for piece in card["cabeca"])


def _plan(card: Mapping[str, Any], labels: list[str], plano: str) -> tuple[Plan, list[str]]:
    cells = card["celulas"]
    # With a cell too few nobody knows which label it lacks: then none is trusted.
    fits = len(cells) == len(labels)
    by_label: dict[str, Cell] = dict(zip(labels, cells, strict=True)) if fits else {}
    plan: Plan = {"plano": plano, **_head(card), **_franchise(by_label.get("Franquia", {}))}
    for label, name in LABELS.items():
        if label != "Franquia":
            plan.update(_cell(name, by_label.get(label, {})))
    lacking = [name for name, value in plan.items() if value is None]
    return plan, [name for name in lacking if not name.endswith("_centavos")]


def _head(card: Mapping[str, Any]) -> Plan:
    pieces = [str(piece) for piece in card["cabeca"]]
    price = money.amount(" ".join(pieces))
    if price in (0, PLACEHOLDER):
        price = None
    period = next((piece for piece in pieces if _PERIOD.search(piece)), None)
    return {
        **_money("valor", price),
        "forma_pagamento": _present(money.tidy(str(card["pagamento"]))),
        "parcelamento": period,
    }


def _franchise(cell: Cell) -> Plan:
    text = str(cell.get("texto", ""))
    # Zero is no franchise that the site sells: a value of it was never there.
    return {
        **_money("valor_franquia", money.amount(text) or None),
        "tipo_franquia": _present(money.without_amounts(text)),
    }


def _cell(name: str, cell: Cell) -> Plan:
    if name in ("assistencia", "vidros", "carro_reserva"):
        return {name: _ICONS.get(str(cell.get("icone", "")))}
    text = str(cell.get("texto", ""))
    if name == "valor_mercado":
        return {name: _present(text)}
    return _money(name, money.amount(text))


def _money(name: str, value: int | None) -> Plan:
    text = None if value is None else money.written(value)
    return {name: text, f"{name}_centavos": value}


def _present(text: str) -> str | None:
    return None if text.strip().casefold() in _NOTHING else text.strip()
