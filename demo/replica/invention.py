"""Vehicles, addresses and amounts that the site shows, invented from (seed, plate).

1. Nothing is random: the same seed and plate show the same page, so a test can be repeated.
2. Different plates show different amounts: a robot that mixes two runs is found out.
3. Amounts are whole centavos inside; their text is made in one place.
4. Makes, streets and people are invented; the estimate's ranges of seed 0 are those of the
   predecessor's runs.
"""

from __future__ import annotations

from typing import Any

from .pace import fraction, pick

CARS = (
    "IPÊ HATCH 1.0 FLEX",
    "JACARANDÁ SEDAN 1.6 CVT",
    "SERRANO SUV 1.3 TURBO",
    "ARAUCÁRIA PICAPE 2.0 4X4",
    "PINHÃO COMPACT 1.0 TURBO",
    "MARAJÓ CROSS 1.5 AUT.",
)
MOTORBIKES = (
    "SABIÁ 160 ESD",
    "CARCARÁ 300 ABS",
    "TUCANO 250 TRAIL",
    "ANDORINHA 125 FAN",
)
STREETS = (
    ("Rua das Acácias", "Jardim Primavera"),
    ("Rua do Sabiá", "Vila Esperança"),
    ("Avenida dos Ipês", "Centro"),
    ("Rua Quinze de Agosto", "Boa Vista"),
    ("Alameda das Palmeiras", "Parque das Flores"),
    ("Travessa do Mirante", "Alto da Serra"),
)
# First digit of a CEP → a city of that postal region.
CITIES = {
    "0": "São Paulo/SP",
    "1": "Santos/SP",
    "2": "Rio de Janeiro/RJ",
    "3": "Belo Horizonte/MG",
    "4": "Salvador/BA",
    "5": "Recife/PE",
    "6": "Fortaleza/CE",
    "7": "Brasília/DF",
    "8": "Curitiba/PR",
    "9": "Porto Alegre/RS",
}
LOWEST_CEP = "01000000"  # below it no address exists in the country's numbering

COVERAGES: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    (
        "Compreensiva",
        1200,
        1700,
        (
            "Colisão e Acidentes",
            "Roubo e Furto",
            "Incêndio",
            "Danos a terceiros",
            "Assistência 24h",
            "Carro Reserva",
            "Vidros",
        ),
    ),
    (
        "Roubo e Furto",
        1200,
        1500,
        ("Roubo", "Furto", "Danos parciais em tentativas de roubo."),
    ),
    ("RCF", 900, 1400, ("Danos materiais a terceiros", "Danos corporais a terceiros.")),
)
LABELS = (
    ("Franquia", "franquia"),
    ("Valor de Mercado", "valor_mercado"),
    ("Assistência", "assistencia"),
    ("Vidros", "vidros"),
    ("Carro Reserva", "carro_reserva"),
    ("Danos Materiais", "danos_materiais"),
    ("Danos Corporais", "danos_corporais"),
    ("Danos Morais", "danos_morais"),
    ("Morte/Invalidez", "morte_invalidez"),
)


def money(centavos: int) -> str:
    """`R$ 1.234,56` from 123456 centavos."""
    return f"R$ {centavos // 100:,}".replace(",", ".") + f",{centavos % 100:02d}"


def vehicle(seed: int, plate: str, kind: str) -> dict[str, str]:
    """Model and year pair that the site claims to have found for a plate."""
    models = MOTORBIKES if kind == "moto" else CARS
    year = 2012 + pick(12, seed, plate, "ano")
    return {
        "placa": plate,
        "modelo": models[pick(len(models), seed, plate, "modelo")],
        "ano": f"{year}/{year + pick(2, seed, plate, 'ano modelo')}",
    }


def neighbour(plate: str) -> str:
    """Another valid plate: the first letter is the next one of the alphabet."""
    return chr((ord(plate[0]) - ord("A") + 1) % 26 + ord("A")) + plate[1:]


def addresses(cep: str) -> list[dict[str, str]]:
    """One or two suggestions for eight digits; none for a CEP that cannot exist."""
    if cep < LOWEST_CEP:
        return []
    city = CITIES[cep[0]]
    first = pick(len(STREETS), cep)
    places = [STREETS[first], STREETS[(first + 1) % len(STREETS)]][: 1 + pick(2, cep, "quantos")]
    return [
        {"titulo": f"{street} - {quarter}", "completo": f"{street}, {quarter} - {city}"}
        for street, quarter in places
    ]


def estimate(seed: int, plate: str) -> list[dict[str, Any]]:
    """The three cards in the order shown, in the shape of the product's own estimate."""
    factor = 1.0 if seed == 0 else 0.7 + fraction(seed, plate, "estimativa")
    cards = [_card(name, low, high, gains, factor) for name, low, high, gains in COVERAGES]
    turn = pick(3, seed, plate, "ordem")
    return cards[turn:] + cards[:turn]


def _card(name: str, low: int, high: int, gains: tuple[str, ...], factor: float) -> dict[str, Any]:
    since, until = (round(value * factor / 10) * 1000 for value in (low, high))
    return {
        "nome_cobertura": name,
        "valores": {
            "de": money(since),
            "ate": money(until),
            "de_centavos": since,
            "ate_centavos": until,
        },
        "beneficios": [{"nome": gain, "status": "incluido"} for gain in gains],
    }


def labels(seed: int, plate: str) -> list[tuple[str, str]]:
    """The nine labels of the result in the order shown: (label, key of the plan)."""
    turn = pick(len(LABELS), seed, plate, "rotulos") if seed else 0
    return [*LABELS[turn:], *LABELS[:turn]]


def plans(seed: int, plate: str) -> list[dict[str, Any]]:
    """The recommended and the alternative plan with true prices."""
    price = 180_000 + pick(300_000, seed, plate, "valor")
    excess = 150_000 + pick(250_000, seed, plate, "franquia")
    return [
        _plan("Plano recomendado", price, excess, seed, plate, reduced=True),
        _plan("Plano alternativo", price * 83 // 100 + 17, excess * 2 - 9, seed, plate),
    ]


def _plan(
    name: str, price: int, excess: int, seed: int, plate: str, *, reduced: bool = False
) -> dict[str, Any]:
    plan: dict[str, Any] = {
        "plano": name,
        "forma_pagamento": payment(price, reduced=reduced),
        "parcelamento": "anual",
        "tipo_franquia": "Reduzida" if reduced else "Normal",
        "valor_mercado": f"{100 if reduced else 95}% da tabela FIPE",
        "assistencia": True,
        "vidros": reduced or pick(2, seed, plate, "vidros") == 1,
        "carro_reserva": reduced and pick(2, seed, plate, "carro reserva") == 1,
    }
    amounts = {
        "valor": price,
        "valor_franquia": excess,
        "danos_materiais": (5 + 5 * pick(3, seed, plate, name, "materiais")) * 1_000_000,
        "danos_corporais": (5 + 5 * pick(3, seed, plate, name, "corporais")) * 1_000_000,
        "danos_morais": 1_000_000 * (1 + pick(3, seed, plate, name, "morais")),
        "morte_invalidez": 500_000 if reduced else 0,
    }
    for key, centavos in amounts.items():
        plan[key] = money(centavos)
        plan[f"{key}_centavos"] = centavos
    return plan


def payment(price: int, *, reduced: bool) -> str:
    """The payment line, which holds an amount of its own."""
    if reduced:
        return f"Crédito em até 4x sem juros ou 10x de {money(price * 11 // 100)}"
    return f"Boleto/Crédito em até 3x sem juros ou 12x de {money(price * 10 // 100)}"
