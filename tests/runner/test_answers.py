"""An input model of a few lines: it reads, explains and shows without another word."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from runner.automation import Answers, Automation
from runner.flows.cotacao_auto import AUTOMATION as QUOTE
from runner.flows.cotacao_auto.answers import QuoteAnswers
from runner.flows.simulacao import AUTOMATION as SIMULATION
from runner.kind import (
    BirthDate,
    Cep,
    Cpf,
    Day,
    Email,
    Mobile,
    Name,
    Number,
    Plate,
    Shown,
    Whole,
    YesNo,
    choice,
    named,
    only_if,
)


class HomeAnswers(Answers):
    """A home, as an engineer would ask for it."""

    nome: Name = Field(title="Nome completo")
    cpf: Cpf
    cep: Cep
    nascimento: BirthDate
    vigencia: Annotated[Day, named("Início da vigência", "first day", article="o")] = "01/01/2030"
    imovel: Annotated[Literal["Casa", "Apartamento"], choice(), named("Imóvel", "home")] = "Casa"
    andar: Annotated[Whole | None, only_if("imovel", "Apartamento")] = Field(None, ge=0, le=99)
    area: Number = Field(50, ge=10, title="Área em m²")
    alarme: YesNo = False
    telefonia: Literal["Oi", "Ola"] = "Oi"
    central: Annotated[
        Mobile | None, only_if("alarme", True), named("Celular da central", "control room's phone")
    ] = None
    email: Email = Field("contato@exemplo.com.br", title="E-mail")
    carro: Annotated[Plate | None, named("Placa do carro", "car's plate")] = None
    apelido: Shown = None


HOME = Automation(
    name="lar", title="Lar", queue="lar", model=HomeAnswers, flow="nowhere:run", total=1
)
GOOD = {"nome": "Ana Lima", "cpf": "529.982.247-25", "cep": "01310-100", "nascimento": "1980-02-03"}


def wrong(language: Literal["pt", "en"] = "pt", **given_answers: Any) -> dict[str, str]:
    return dict(HOME.normalise({**GOOD, **given_answers}, language=language).errors)


@pytest.mark.parametrize(
    ("answers", "portuguese", "english"),
    [
        ({"nome": ""}, "Informe o nome completo", "Please give the name"),
        ({"nome": "R2D2"}, "Nome completo inválido: use apenas letras",
         "Invalid name: use letters only"),
        ({"cpf": "1"}, "CPF inválido: confira os 11 dígitos",
         "Invalid CPF: check its 11 digits"),
        ({"cpf": None}, "Informe o CPF", "Please give the CPF"),
        ({"nascimento": "ontem"}, "Data de nascimento inválida: use DD/MM/AAAA",
         "Invalid date of birth: use DD/MM/YYYY"),
        ({"nascimento": "01/01/2025"},
         "É preciso ter entre 18 e 120 anos: confira a data de nascimento",
         "The age must be between 18 and 120: check the date of birth"),
        ({"vigencia": "31/02/2030"}, "Início da vigência inválido: use DD/MM/AAAA",
         "Invalid first day: use DD/MM/YYYY"),
        ({"imovel": "Barco"}, "Imóvel: escolha Casa ou Apartamento",
         "Home: choose Casa or Apartamento"),
        ({"imovel": "Apartamento"}, "Informe um número inteiro de 0 a 99",
         "Enter a whole number from 0 to 99"),
        ({"imovel": "apartamento", "andar": True}, "Informe um número inteiro de 0 a 99",
         "Enter a whole number from 0 to 99"),
        ({"area": "enorme"}, "Área em m²: informe um número", "Área em m²: enter a number"),
        ({"alarme": "talvez"}, "Responda sim ou não", "Answer yes or no"),
        ({"telefonia": "Tchau"}, "Escolha Oi ou Ola", "Choose Oi or Ola"),
        ({"alarme": "sim"}, "Informe o celular da central",
         "Please give the control room's phone"),
        ({"alarme": "sim", "central": "123"},
         "Celular da central inválido: informe o DDD e os 9 dígitos",
         "Invalid control room's phone: give area code and nine digits"),
        ({"email": "x"}, "E-mail inválido: confira o endereço",
         "Invalid e-mail address: please check it"),
        ({"carro": "x"}, "Placa do carro inválida: use o formato ABC1D23 ou ABC1234",
         "Invalid car's plate: use ABC1D23 or ABC1234"),
    ],
)  # fmt: skip
def test_every_kind_says_what_is_wrong_without_a_word_written(
    answers: dict[str, Any], portuguese: str, english: str
) -> None:
    assert list(wrong(**answers).values()) == [portuguese]
    assert list(wrong("en", **answers).values()) == [english]


def test_a_sentence_of_the_field_s_own_wins() -> None:
    class Own(Answers):
        pai: Annotated[Cpf, named("CPF do pai", missing=("E o pai?", "And the father?"))]
        mae: Annotated[Cpf, named("CPF da mãe", invalid=("Confira a mãe", "Check the mother"))]

    own = Automation(name="o", title="O", queue="o", model=Own, flow="nowhere:run", total=1)
    assert own.normalise({"mae": "1"}).errors == {"pai": "E o pai?", "mae": "Confira a mãe"}
    assert own.normalise({"pai": "1"}, language="en").errors == {
        "pai": "Invalid CPF do pai: check its 11 digits",
        "mae": "Please give the CPF da mãe",
    }


def test_answers_are_read_by_their_kinds_and_what_does_not_matter_is_dropped() -> None:
    intake = HOME.normalise({**GOOD, "imovel": "CASA", "andar": 3, "central": "x", "area": "70.5"})
    assert intake.errors == {}
    assert intake.answers == {
        "nome": "Ana Lima",
        "cpf": "52998224725",
        "cep": "01310100",
        "nascimento": "03/02/1980",
        "vigencia": "01/01/2030",
        "imovel": "Casa",
        "andar": None,
        "area": 70.5,
        "alarme": False,
        "telefonia": "Oi",
        "central": None,
        "email": "contato@exemplo.com.br",
        "carro": None,
        "apelido": None,
    }
    assert intake.assumed == ("alarme", "email", "telefonia", "vigencia")
    assert HOME.normalise(intake.answers).answers == intake.answers


@pytest.mark.parametrize(
    ("given_number", "expected"),
    [(70, 70.0), ("70", 70.0), (" 70,5 ", 70.5), ("1.234,5", 1234.5), ("70.5", 70.5), (70.5, 70.5)],
)
def test_numbers_are_read_as_brazilians_and_computers_write_them(
    given_number: Any, expected: float
) -> None:
    assert HOME.normalise({**GOOD, "area": given_number}).answers["area"] == expected


@pytest.mark.parametrize("value", [True, 10**50, "9" * 300, "1e999", float("nan"), "7 0", "x", []])
def test_what_is_no_number_is_only_wrong(value: Any) -> None:
    assert set(wrong(area=value)) == {"area"}
    assert set(wrong(imovel="Apartamento", andar=value)) == {"andar"}


def test_a_condition_on_a_field_that_is_not_above_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="there is no 'alarm' above it"):

        class Misnamed(Answers):
            alarme: YesNo = False
            central: Annotated[Name | None, only_if("alarm", True)] = None


def test_a_choice_without_its_words_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="belongs to a Literal"):

        class Wordless(Answers):
            imovel: Annotated[str, choice()] = "Casa"


def test_a_wrong_condition_does_not_hide_or_invent_errors() -> None:
    assert set(wrong(alarme="talvez", central="x", cpf="1")) == {"alarme", "cpf"}


def shown(automation: Automation, raw: dict[str, Any]) -> list[dict[str, str]]:
    """What the visitor is shown of what was assumed."""
    intake = automation.normalise(raw)
    assert intake.errors == {}
    return automation.assumptions(intake.answers, intake.assumed)


def test_assumed_answers_are_shown_in_the_model_s_order_and_in_words() -> None:
    assert shown(HOME, {**GOOD, "telefonia": "Ola"}) == [
        {"campo": "vigencia", "titulo": "Início da vigência", "valor": "01/01/2030"},
        {"campo": "imovel", "titulo": "Imóvel", "valor": "Casa"},
        {"campo": "area", "titulo": "Área em m²", "valor": "50"},
        {"campo": "alarme", "titulo": "Alarme", "valor": "Não"},
        {"campo": "email", "titulo": "E-mail", "valor": "contato@exemplo.com.br"},
    ]
    assert shown(SIMULATION, {"intervalo_s": 1}) == [
        {"campo": "etapas", "titulo": "Etapas", "valor": "15"},
        {"campo": "fim", "titulo": "Fim", "valor": "cotacao"},
    ]


ANA = {
    **{"nome": "Ana Lima", "cpf": "529.982.247-25", "cep": "01310-100", "placa": "ABC1D23"},
    **{"email": "ana@exemplo.com.br", "celular": "11987654321", "data_nascimento": "1980-02-03"},
    **{"sexo": "f", "estado_civil": "solteira"},
}
USUAL = {
    "tipo_veiculo": ("Tipo do veículo", "Carro"),
    "zero_km": ("Veículo zero km", "Não"),
    "combustivel": ("Combustível", "Flex"),
    "kit_gas": ("Kit gás", "Não"),
    "blindado": ("Veículo blindado", "Não"),
    "financiado": ("Veículo financiado", "Não"),
    "veiculo_segurado": ("Já tem seguro", "Não"),
    "uso_veiculo": ("Uso do veículo", "Pessoal"),
    "condutor_principal": ("Você é o condutor principal", "Sim"),
    "local_de_trabalho": ("Uso para ir ao trabalho", "Não"),
    "local_de_estudo": ("Uso para ir ao local de estudo", "Não"),
    "garagem_residencia": ("Garagem na residência", "Sim"),
    "portao_eletronico": ("Portão da garagem", "Eletrônico"),
    "reside_18_26": ("Alguém de 18 a 26 anos mora com você", "Não"),
    "continuar_com_corretor_anterior": ("Continuar com o corretor anterior, se houver", "Sim"),
}


@pytest.mark.parametrize(
    ("given_answers", "gone", "more"),
    [
        ({}, set(), set()),
        ({"combustivel": "Flex"}, {"combustivel"}, set()),
        ({"tipo_veiculo": "moto"}, {"tipo_veiculo", "kit_gas"}, set()),
        ({"garagem_residencia": "não"}, {"garagem_residencia", "portao_eletronico"}, set()),
        (
            {"local_de_trabalho": "sim"},
            {"local_de_trabalho"},
            {"estacionamento_proprio_local_de_trabalho"},
        ),
    ],
)
def test_the_quote_shows_what_it_assumed_where_it_matters(
    given_answers: dict[str, Any], gone: set[str], more: set[str]
) -> None:
    rows = shown(QUOTE, {**ANA, **given_answers})
    assert {row["campo"] for row in rows} == (set(USUAL) - gone) | more
    names = [name for name in QuoteAnswers.model_fields if name in {row["campo"] for row in rows}]
    assert [row["campo"] for row in rows] == names
    for row in rows:
        if row["campo"] in USUAL:
            assert (row["titulo"], row["valor"]) == USUAL[row["campo"]]


# Whatever is called assumed, by an error or by a hand in the database.
@given(
    st.sets(st.sampled_from([*QuoteAnswers.model_fields, "telefone", "x"])),
    st.dictionaries(st.sampled_from([*QuoteAnswers.model_fields]), st.text() | st.booleans()),
)
def test_nothing_but_a_declared_default_can_get_into_what_is_shown(
    assumed: set[str], odd: dict[str, Any]
) -> None:
    answers = {**QUOTE.normalise(ANA).answers, "nome_condutor": "João Conceição", **odd}
    words = {value for _, value in USUAL.values()} | {"Não possui"}
    for row in QUOTE.assumptions(answers, [*assumed]):
        assert not QuoteAnswers.model_fields[row["campo"]].is_required()
        assert row["campo"] in {*USUAL, *_PARKING} and row["valor"] in words


_PARKING = {
    "estacionamento_proprio_local_de_trabalho",
    "estacionamento_proprio_local_de_estudo",
}
