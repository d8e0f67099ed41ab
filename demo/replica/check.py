"""What the site accepts in a field, and the bare value that it keeps.

1. The server judges, never the page: a robot that writes into the page's memory still meets
   these checks, and what is recorded is what passed them.
2. Each reader returns the bare value or raises `Refused` with the sentence shown under the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

V = TypeVar("V")

PLATE = re.compile(r"[A-Z]{3}[0-9][A-Z0-9][0-9]{2}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
NAME = re.compile(r"[^\W\d_][^\d_]*")
REQUIRED = "Campo obrigatório"


class Refused(ValueError):
    """A field's value was not accepted; the message is what the site shows."""


def digits_of(text: str) -> str:
    """Only the digits of a text, in order."""
    return re.sub(r"\D", "", text)


def read_plate(text: str) -> str:
    """Plate of either kind, seven bare upper-case characters."""
    plate = _filled(text).replace("-", "").upper()
    if not PLATE.fullmatch(plate):
        raise Refused("Placa inválida")
    return plate


def read_cpf(text: str) -> str:
    """CPF, eleven bare digits, with the two check digits of the federal revenue's rule."""
    cpf = digits_of(_filled(text))
    if len(cpf) != 11 or len(set(cpf)) == 1 or cpf[9:] != cpf_check_digits(cpf[:9]):
        raise Refused("CPF inválido")
    return cpf


def cpf_check_digits(nine: str) -> str:
    """The two check digits that belong to the first nine digits of a CPF (modulo 11)."""
    known = nine
    for _ in range(2):
        total = sum(
            int(digit) * weight
            for digit, weight in zip(known, range(len(known) + 1, 1, -1), strict=True)
        )
        known += str(total * 10 % 11 % 10)
    return known[9:]


def read_birth(text: str, today: date | None = None) -> str:
    """Birth date DD/MM/AAAA of somebody between 18 and 120 years old."""
    parts = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", _filled(text))
    if parts is None:
        raise Refused("Data inválida")
    day, month, year = (int(part) for part in parts.groups())
    now = today or date.today()
    try:
        date(year, month, day)
    except ValueError:
        raise Refused("Data inválida") from None
    age = now.year - year - ((now.month, now.day) < (month, day))
    if not 18 <= age <= 120:
        raise Refused("Informe a data de nascimento de uma pessoa com 18 anos ou mais")
    return parts.string


def read_name(text: str) -> str:
    """A person's full name: two words or more, no digits."""
    name = " ".join(_filled(text).split())
    if " " not in name or not NAME.fullmatch(name):
        raise Refused("Informe o nome completo")
    return name


def read_email(text: str) -> str:
    """An e-mail address, by its shape."""
    email = _filled(text).strip()
    if not EMAIL.fullmatch(email):
        raise Refused("E-mail inválido")
    return email


def read_mobile(text: str) -> str:
    """A Brazilian mobile number: eleven bare digits, area code 11 to 99, then a nine."""
    mobile = digits_of(_filled(text))
    if len(mobile) != 11 or mobile[:2] < "11" or mobile[2] != "9":
        raise Refused("Celular inválido")
    return mobile


def read_cep(text: str) -> str:
    """A postal code: eight bare digits."""
    cep = digits_of(text)
    if len(cep) != 8:
        raise Refused("Informe um CEP válido")
    return cep


def choice_of(allowed: Mapping[str, V]) -> Callable[[str], V]:
    """A reader for a closed question: the page's value in, the visitor's wording out."""

    def read(text: str) -> V:
        if text not in allowed:
            raise Refused("Selecione uma opção")
        return allowed[text]

    return read


def _filled(text: str) -> str:
    if not text.strip():
        raise Refused(REQUIRED)
    return text.strip()
