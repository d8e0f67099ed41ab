"""Invented persons: documents with right check digits, plates of no scenario.

1. Each has another CPF: the same answers again within a moment would be the same session.
2. Names say that they are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Without CPF and plate, which are each person's own.
PERSON: Mapping[str, Any] = {
    "nome": "Ana Lúcia Exemplo",
    "cep": "01310-100",
    "email": "ana.lucia@exemplo.com.br",
    "celular": "(11) 98765-4321",
    "data_nascimento": "03/02/1980",
    "sexo": "Feminino",
    "estado_civil": "Solteiro",
}
NAMES = ("Abacate", "Bromélia", "Cajueiro", "Dendê", "Embaúba", "Figueira", "Goiaba", "Hibisco")


def person(number: int) -> dict[str, Any]:
    """The answers of person `number` (0 … 999)."""
    name = NAMES[number % len(NAMES)]
    return {
        **PERSON,
        "nome": f"Pessoa {name} Exemplo",
        "email": f"pessoa.{number}@exemplo.com.br",
        "celular": f"(11) 98765-{1000 + number:04d}",
        "cpf": cpf(520_000_000 + number * 1_013),
        "placa": f"CRW{number // 100 % 10}B{number % 100:02d}",
    }


def cpf(number: int) -> str:
    """Nine digits and their two check digits, by the rule of the Receita Federal."""
    digits = [int(digit) for digit in f"{number:09d}"]
    for weight in (10, 11):
        total = sum(digit * (weight - place) for place, digit in enumerate(digits))
        digits.append(total * 10 % 11 % 10)
    return "".join(map(str, digits))
