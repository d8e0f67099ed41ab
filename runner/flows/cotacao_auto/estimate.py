"""The initial estimate: from what the cards of screen 5 show to the contract's shape.

1. Pure: the page was read before, one dict a card; nothing here waits.
2. A card's prices are found by their words "De" and "até", its name by the bold word, never by the
   order of the cards; a carousel may hold a slide twice, so the name also tells cards apart.
3. All or nothing: a card that is not complete makes the estimate a Failure, not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runner.failure import Failure
from runner.flows.cotacao_auto import money

# Compreensiva, Roubo e Furto, RCF.
COVERAGES = 3

_RANGE = re.compile(rf"\bDe\s+R\$\s*{money.NUMBER}\s+até\s+R\$\s*{money.NUMBER}", re.IGNORECASE)


def estimate(cards: Sequence[Mapping[str, Any]], now: datetime | None = None) -> dict[str, Any]:
    """The data of the estimate event; `cards` as the page script CARDS gives them.

    Raises Failure `estimativa_incompleta` when a coverage, a price or all benefits are missing.
    """
    found = [coverage for coverage in map(_coverage, cards) if coverage]
    coverages = list({coverage["nome_cobertura"]: coverage for coverage in found}.values())
    if len(coverages) < COVERAGES:
        raise Failure("estimativa_incompleta", "5", {"coberturas_lidas": len(coverages)})
    at = (now or datetime.now(UTC)).astimezone(UTC)
    return {
        "etapa": "5",
        "capturado_em": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "coberturas_detalhadas": coverages,
        "resumo": {
            "total_coberturas": len(coverages),
            "total_beneficios": sum(len(coverage["beneficios"]) for coverage in coverages),
            "valores_encontrados": 2 * len(coverages),
        },
    }


def _coverage(card: Mapping[str, Any]) -> dict[str, Any] | None:
    found = _RANGE.search(str(card["texto"]))
    if not (card["nome"] and card["beneficios"] and found):
        return None
    low = money.centavos(found[1], found[2])
    high = money.centavos(found[3], found[4])
    return {
        "nome_cobertura": card["nome"],
        "valores": {
            "de": money.written(low),
            "ate": money.written(high),
            "de_centavos": low,
            "ate_centavos": high,
        },
        "beneficios": [
            {"nome": name, "status": "incluido" if included else "nao_incluido"}
            for name, included in card["beneficios"]
        ],
    }
