"""A visitor's answers: every spelling of a value is one value, and nothing crashes the intake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.automation import Language
from runner.flows.cotacao_auto import AUTOMATION
from runner.flows.cotacao_auto.answers import QuoteAnswers
from tests.flows.journey import ANA, JOAO

sentence = QuoteAnswers.sentence

# A driver is another person, and a young one drives: every field is asked for.
WHOLE: Mapping[str, Any] = {
    **ANA,
    **JOAO,
    "condutor_principal": False,
    "reside_18_26": "Sim e utilizam o veículo",
    "sexo_do_menor": "Ambos",
    "faixa_etaria_menor_mais_novo": "18 a 24 anos",
}
FIELDS = tuple(QuoteAnswers.model_fields)
REQUIRED = (
    *("placa", "cep", "nome", "cpf", "data_nascimento"),
    *("sexo", "estado_civil", "email", "celular"),
)
CONSTANTS = {
    sentence(field, reason, language)
    for field in (*FIELDS, "_")
    for reason in ("missing", "invalid", "age", "contradiction")
    for language in get_args(Language)
}

# Two busy cores may take their time; what is tested is the value.
unhurried = settings(deadline=None, max_examples=50)

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**100, -(10**30), float("nan"), float("inf")])
    | st.floats()
    | st.text(st.characters(), max_size=40)
    | st.sampled_from(["\ud800", "\u202e", "９" * 11, "0" * 100_000, "ß", "\x00", "1e5"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def answer(name: str, value: Any) -> Any:
    """What the intake makes of one field."""
    intake = AUTOMATION.normalise({**WHOLE, name: value})
    assert intake.errors == {}
    return intake.answers["celular" if name == "telefone" else name]


def wrong(**given: Any) -> Mapping[str, str]:
    """The sentences for Ana's answers with these."""
    return AUTOMATION.normalise({**ANA, **given}).errors


@st.composite
def spelt(draw: st.DrawFn, groups: tuple[str, ...], separators: tuple[str, ...]) -> str:
    """The groups with any of the separators between them, blanks around, in any case."""
    text = groups[0]
    for group in groups[1:]:
        text += draw(st.sampled_from(separators)) + group
    text = draw(st.sampled_from(["", " ", "\t"])) + text + draw(st.sampled_from(["", "  "]))
    return draw(st.sampled_from([text, text.lower(), text.title()]))


@unhurried
@given(spelt(("ABC", "1D", "23"), ("", "-", " ", " - ", "–", ".")))
def test_any_spelling_of_a_plate_is_one_plate(text: str) -> None:
    assert answer("placa", text) == "ABC1D23"


@unhurried
@given(spelt(("529", "982", "247", "25"), ("", ".", "-", " ", "/")))
def test_any_spelling_of_a_cpf_is_one_cpf(text: str) -> None:
    assert answer("cpf", text) == "52998224725"


@unhurried
@given(
    country=st.sampled_from(["", "+55 ", "55", "0055", "+55", "0"]),
    rest=spelt(("11", "98765", "4321"), ("", " ", "-", ") ", ".")),
)
def test_any_spelling_of_a_phone_is_one_phone(country: str, rest: str) -> None:
    assert answer("telefone", country + rest) == "11987654321"


def test_a_phone_of_area_55_keeps_its_area() -> None:
    assert answer("celular", "(55) 98765-4321") == "55987654321"
    assert answer("celular", "+55 55 98765-4321") == "55987654321"


@unhurried
@given(spelt(("01310", "100"), ("", "-", " ", ".")))
def test_any_spelling_of_a_postal_code_is_one_code(text: str) -> None:
    assert answer("cep", text) == "01310100"


@unhurried
@given(
    yes=st.sampled_from([True, 1, "1", "true", "True", " SIM ", "sim", "on", "s"]),
    no=st.sampled_from([False, 0, "0", "false", "FALSE", "não", "Nao", "NÃO", "off"]),
)
def test_any_spelling_of_yes_and_no_is_a_boolean(yes: Any, no: Any) -> None:
    assert answer("blindado", yes) is True
    assert answer("blindado", no) is False


@unhurried
@given(st.dates(date(1930, 1, 1), date(2000, 12, 31)))
def test_any_spelling_of_a_date_is_one_date(born: date) -> None:
    expected = f"{born:%d/%m/%Y}"
    plain = f"{born.day}/{born.month}/{born.year}"
    for text in (expected, plain, born.isoformat(), f"{born:%d-%m-%Y}", f"{born}T00:00:00.000Z"):
        assert answer("data_nascimento", text) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("nome", "  ana   lúcia  ", "ana lúcia"),
        ("nome", "Ana Lu\u0301cia", "Ana Lúcia"),
        ("email", " Ana@EXEMPLO.com.br ", "Ana@exemplo.com.br"),
        ("estado_civil", "casado ou uniao estavel", "Casado ou União Estável"),
        ("estado_civil", "VIUVO", "Viúvo"),
        ("estado_civil", "União estável", "Casado ou União Estável"),
        ("sexo", "MASCULINO", "Masculino"),
        ("combustivel", "hibrido", "Híbrido"),
        ("uso_veiculo", "motorista de APLICATIVO", "Motorista de aplicativo"),
        ("uso_veiculo", "Táxi", "Taxi"),
        ("portao_eletronico", "Eletrônico", "Eletronico"),
        ("reside_18_26", "sim e utilizam o veiculo", "Sim e utilizam o veículo"),
        ("faixa_etaria_menor_mais_novo", "18 A 24 anos", "18 a 24 anos"),
        ("tipo_veiculo", "Moto", "moto"),
        ("modelo", {"junk": 1}, None),
        ("ano", 2020, "2020"),
    ],
)
def test_words_are_brought_to_the_sites_own(name: str, value: Any, expected: Any) -> None:
    assert answer(name, value) == expected


def test_the_phone_is_taken_when_the_mobile_is_left_empty() -> None:
    both = {**ANA, "celular": "", "telefone": "11 98765-4321"}
    assert AUTOMATION.normalise(both).answers["celular"] == "11987654321"
    both["celular"] = "21 98765-4321"
    assert AUTOMATION.normalise(both).answers["celular"] == "21987654321"


def test_only_declared_defaults_fill_gaps_and_they_are_named() -> None:
    intake = AUTOMATION.normalise({**ANA, "utm_source": "x", "zero_km": "sim", "uf": ""})

    assert intake.ignored == 1
    assert {name: intake.answers[name] for name in intake.assumed} == {
        "tipo_veiculo": "carro",
        "combustivel": "Flex",
        "kit_gas": False,
        "blindado": False,
        "financiado": False,
        "veiculo_segurado": False,
        "uso_veiculo": "Pessoal",
        "condutor_principal": True,
        "local_de_trabalho": False,
        "local_de_estudo": False,
        "estacionamento_proprio_local_de_trabalho": False,
        "estacionamento_proprio_local_de_estudo": False,
        "garagem_residencia": True,
        "portao_eletronico": "Eletronico",
        "reside_18_26": "Não",
        "continuar_com_corretor_anterior": True,
    }


def test_without_a_garage_there_is_no_gate() -> None:
    intake = AUTOMATION.normalise({**ANA, "garagem_residencia": "não"})
    assert intake.answers["portao_eletronico"] == "Não possui"


def test_every_error_comes_in_one_pass() -> None:
    errors = wrong(
        cpf="529.982.247-24",
        placa="ABCD123",
        cep="123",
        email="ana",
        celular="11 8765-4321",
        telefone="",
        data_nascimento="31/02/1980",
        sexo="talvez",
        nome="Ana 3",
        garagem_residencia=True,
        portao_eletronico="Não possui",
        condutor_principal="não",
    )

    assert errors["cpf"] == "CPF inválido: confira os 11 dígitos"
    assert errors["portao_eletronico"].startswith("Com garagem na residência")
    assert errors["cpf_condutor"] == "Informe o CPF do condutor principal"
    simple = ("cpf", "placa", "cep", "email", "celular", "data_nascimento", "sexo", "nome")
    assert set(errors) == {*simple, "portao_eletronico", *JOAO}


def test_nothing_given_names_exactly_what_is_required() -> None:
    errors = AUTOMATION.normalise({}).errors
    assert set(errors) == set(REQUIRED)
    assert errors["cpf"] == "Informe o CPF"
    assert AUTOMATION.normalise({}, language="en").errors["cpf"] == "Please give the CPF"


@pytest.mark.parametrize("cpf", ["111.111.111-11", "00000000000", "5299822472", "529982247256"])
def test_a_cpf_that_is_nobodys_is_refused(cpf: str) -> None:
    assert set(wrong(cpf=cpf)) == {"cpf"}


@pytest.mark.parametrize(
    ("born", "accepted"),
    [
        ("15/06/2008", True),
        ("16/06/2008", False),
        ("15/06/1906", True),
        ("15/06/1905", False),
        ("2027-01-01", False),
    ],
)
def test_the_age_is_counted_on_the_day_of_the_quote(born: str, accepted: bool) -> None:
    class ThatDay(QuoteAnswers):
        today = staticmethod(lambda: date(2026, 6, 15))

    intake = replace(AUTOMATION, model=ThatDay).normalise({**ANA, "data_nascimento": born})
    assert (intake.errors == {}) is accepted
    if not accepted:
        assert "18 e 120 anos" in intake.errors["data_nascimento"]


def test_what_was_not_asked_for_is_not_judged() -> None:
    intake = AUTOMATION.normalise({**ANA, "cpf_condutor": "123", "sexo_do_menor": ["x"]})
    assert intake.errors == {}
    assert intake.answers["cpf_condutor"] is None


def test_what_comes_out_goes_in_again_unchanged() -> None:
    for given_answers in (ANA, WHOLE):
        once = AUTOMATION.normalise(given_answers).answers
        assert AUTOMATION.normalise(once).answers == once
        assert QuoteAnswers.model_validate(dict(once)).model_dump(mode="json") == once


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS, "telefone", "x"]), junk, max_size=8))
def test_no_input_crashes_the_intake_or_is_echoed(given_answers: dict[str, Any]) -> None:
    for language in get_args(Language):
        intake = AUTOMATION.normalise({**WHOLE, **given_answers}, language=language)
        assert bool(intake.errors) != bool(intake.answers)
        assert set(intake.errors.values()) <= CONSTANTS
        json.dumps(dict(intake.answers)).encode()


@pytest.mark.parametrize("name", [*FIELDS, "telefone"])
def test_a_number_too_long_to_print_is_only_wrong(name: str) -> None:
    intake = AUTOMATION.normalise({**WHOLE, "celular": None, name: 10**5000})
    assert set(intake.errors.values()) <= CONSTANTS


def test_every_field_that_can_be_wrong_has_a_sentence_in_two_languages() -> None:
    for field in FIELDS:
        if field in ("marca", "modelo", "ano", "endereco", "numero", "bairro", "cidade", "uf"):
            continue
        for reason in ("missing", "invalid"):
            portuguese, english = (sentence(field, reason, lang) for lang in ("pt", "en"))
            assert portuguese != english
            assert portuguese != "Valor inválido"
