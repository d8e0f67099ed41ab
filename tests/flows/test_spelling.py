"""Any spelling of valid answers is the same session input, and no input crashes the intake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.automation import Intake, Language
from runner.flows.cotacao_auto import AUTOMATION
from runner.flows.cotacao_auto.answers import QuoteAnswers
from tests.flows.journey import ANA, JOAO

FIELDS = (*QuoteAnswers.model_fields, "telefone")
CONSTANTS = {
    QuoteAnswers.sentence(field, reason, language)
    for field in (*FIELDS, "_")
    for reason in ("missing", "invalid", "age", "contradiction")
    for language in get_args(Language)
}
# What JSON, or Python's reading of it, may bring along.
NASTY: tuple[Any, ...] = (
    *(float("nan"), float("inf"), -float("inf"), 1e308, 10**19, 10**5000, -(10**30), -0.0),
    *(
        "\ud800",
        "a\udfffb",
        "\x00",
        "\x1b[31m",
        "\r\nSet-Cookie: a=b",
        "\u202e",
        "\ufeff",
        "\u2028",
    ),
    *("e\u0301" * 500, "\u0300" * 1000, "9" * 100_000, "９" * 11, "٣" * 8, "ß", "İ", "Ω" * 300),
    *("<b>", "{0.__class__}", "%s%n", "'; --", "../..", "1e5", "0x10", "None", "null", "NaN"),
    *([], [[]], {}, {"a": {"b": [None]}}, [1, "x", None], {"": ""}, [[[[[[[[1]]]]]]]]),
    *("31/02/2000", "00/00/0000", "99999999", "2000-13-01", "1980-02-03T", "@", "a@b", "a@" * 60),
)

letters = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
blanks = st.sampled_from(["", " ", "\t", "\n", "\u00a0", "\u3000"])


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def intake(**given_answers: Any) -> Intake:
    """Ana's answers with these; all of them must be good."""
    found = AUTOMATION.normalise({**ANA, **given_answers})
    assert found.errors == {}
    return found


def check_digit(number: str) -> str:
    """The next check digit of a CPF's first nine or ten."""
    weighed = sum(
        int(digit) * weight for digit, weight in zip(number[::-1], range(2, 12), strict=False)
    )
    return str(-weighed % 11 % 10)


@st.composite
def cpfs(draw: st.DrawFn) -> str:
    number = draw(digits(9).filter(lambda text: len(set(text)) > 1))
    number += check_digit(number)
    return number + check_digit(number)


@st.composite
def spelt(draw: st.DrawFn, canonical: str, separators: str, *, case: bool = False) -> str:
    """The value with separators anywhere between its characters, and blanks around it."""
    between = st.sampled_from(["", "", "", *separators])
    text = canonical[0] + "".join(draw(between) + char for char in canonical[1:])
    if case:
        text = draw(st.sampled_from([text, text.lower(), text.title(), text.swapcase()]))
    return draw(blanks) + text + draw(blanks)


@given(st.data())
def test_any_spelling_of_any_plate_is_one_session_input(data: st.DataObject) -> None:
    middle = data.draw(letters | st.sampled_from("0123456789"))
    letter = "".join(data.draw(letters) for _ in range(3))
    plate = letter + data.draw(digits(1)) + middle + data.draw(digits(2))
    text = data.draw(spelt(plate, "- .–/_", case=True))
    assert intake(placa=text) == intake(placa=plate)
    assert intake(placa=plate).answers["placa"] == plate


@given(st.data())
def test_any_spelling_of_any_cpf_is_one_session_input(data: st.DataObject) -> None:
    cpf = data.draw(cpfs())
    text = data.draw(spelt(cpf, ".-/ –\u2011"))
    assert intake(cpf=text) == intake(cpf=cpf)
    assert intake(cpf=cpf).answers["cpf"] == cpf


@given(st.data())
def test_any_spelling_of_any_mobile_number_is_one_session_input(data: st.DataObject) -> None:
    area = data.draw(st.text("123456789", min_size=2, max_size=2))
    number = area + "9" + data.draw(digits(8))
    country = data.draw(st.sampled_from(["", "0", "55", "+55 ", "0055", "(0)"]))
    text = country + data.draw(spelt(number, "() -.")).strip()
    name = data.draw(st.sampled_from(["celular", "telefone"]))
    told = {**ANA, "telefone": None, name: text}
    assert AUTOMATION.normalise(told) == intake(telefone=number)
    assert intake(telefone=number).answers["celular"] == number


@given(st.data())
def test_any_spelling_of_any_postal_code_is_one_session_input(data: st.DataObject) -> None:
    cep = data.draw(digits(8).filter(lambda text: int(text) > 0))
    assert intake(cep=data.draw(spelt(cep, "-. "))) == intake(cep=cep)
    assert intake(cep=cep).answers["cep"] == cep


@given(
    born=st.dates(date(1930, 1, 1), date(2000, 12, 31)),
    between=st.sampled_from(["/", "-", ".", " ", " / ", "–", " - "]),
    order=st.sampled_from(["{0:%d}{1}{0:%m}{1}{0:%Y}", "{0:%Y}{1}{0:%m}{1}{0:%d}"]),
    bare=st.booleans(),
    around=blanks,
)
def test_any_spelling_of_any_date_in_both_orders_is_one_session_input(
    born: date, between: str, order: str, bare: bool, around: str
) -> None:
    text = order.format(born, between)
    if bare:
        text = between.join(part.lstrip("0") for part in text.split(between))
    spelt_ones = (text, f"{born:%d%m%Y}", f"{born}T10:20:30.000Z", f"{born} 00:00:00+00:00")
    for one in spelt_ones:
        assert intake(data_nascimento=around + one + around) == intake(data_nascimento=str(born))
    assert intake(data_nascimento=str(born)).answers["data_nascimento"] == f"{born:%d/%m/%Y}"


@given(
    said=st.sampled_from(
        [
            (True, [True, 1, "1", "true", "sim", "on", "yes", "s", "verdadeiro"]),
            (False, [False, 0, "0", "false", "não", "nao", "na\u0303o", "off", "no", "n", "falso"]),
        ]
    ),
    field=st.sampled_from(["zero_km", "blindado", "garagem_residencia", "local_de_estudo"]),
    data=st.data(),
)
def test_any_spelling_of_yes_and_no_is_one_session_input(
    said: tuple[bool, list[Any]], field: str, data: st.DataObject
) -> None:
    value, words = said
    word = data.draw(st.sampled_from(words))
    if isinstance(word, str):
        word = data.draw(blanks) + data.draw(st.sampled_from([word, word.upper(), word.title()]))
    assert intake(**{field: word}) == intake(**{field: value})
    assert intake(**{field: value}).answers[field] is value


@pytest.mark.parametrize("field", FIELDS)
def test_nothing_in_any_field_crashes_the_intake_or_is_echoed(field: str) -> None:
    whole = {**ANA, **JOAO, "condutor_principal": "não", "reside_18_26": "sim e utilizam o veículo"}
    for value in NASTY:
        for language in get_args(Language):
            found = AUTOMATION.normalise({**whole, field: value}, language=language)
            assert bool(found.errors) != bool(found.answers)
            assert set(found.errors.values()) <= CONSTANTS
            json.dumps(dict(found.answers), allow_nan=False).encode()


@given(st.lists(st.text(st.characters(), max_size=8), unique=True))
def test_unknown_names_of_any_spelling_are_only_counted(names: list[str]) -> None:
    unknown = [name for name in names if name not in FIELDS]
    found = AUTOMATION.normalise({**dict.fromkeys(unknown, "x"), **ANA})
    assert (found.answers, found.ignored) == (intake().answers, len(unknown))


SAID: Mapping[str, list[Any]] = {
    "tipo_veiculo": ["carro", "Moto"],
    "zero_km": ["sim", False],
    "combustivel": ["etanol", "hibrido"],
    "uso_veiculo": ["Táxi", "particular"],
    "garagem_residencia": ["sim", "não", ""],
    "condutor_principal": [True, "não"],
    "reside_18_26": ["NAO", "Sim e utilizam o veiculo"],
    "sexo_do_menor": ["f", "ambos"],
    "faixa_etaria_menor_mais_novo": ["25", "18 a 24 anos"],
    "modelo": ["Fusca", {"junk": 1}, 147],
}


@given(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(words) for name, words in SAID.items()}
    )
)
def test_what_comes_out_goes_in_again_unchanged_whatever_was_said(said: Mapping[str, Any]) -> None:
    first = AUTOMATION.normalise({**ANA, **JOAO, **said})
    if first.errors:
        assert set(first.errors) <= {"sexo_do_menor", "faixa_etaria_menor_mais_novo"}
        return
    again = AUTOMATION.normalise(first.answers)
    assert (again.answers, again.errors) == (first.answers, {})
    flow_s_own = QuoteAnswers.model_validate(dict(first.answers))
    assert flow_s_own.model_dump(mode="json") == first.answers
