"""`quote --dry-run`: what the site would get, what is assumed, and nothing started."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Cli

ANA: dict[str, Any] = {
    "nome": "Ana Lima",
    "cpf": "529.982.247-25",
    "placa": "abc-1d23",
    "cep": "01310-100",
    "email": "ana@exemplo.com.br",
    "telefone": "(11) 98765-4321",
    "data_nascimento": "1980-02-03",
    "sexo": "f",
    "estado_civil": "solteira",
}


def lines(text: str) -> dict[str, list[str]]:
    """The table's rows by the name of their field."""
    rows = [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.split("\n")
    ]
    return {row[-1]: row[:-1] for row in rows if len(row) > 2}


def test_each_answer_stands_there_by_name_and_the_assumed_are_marked(cli: Cli) -> None:
    (cli.folder / "parametros.json").write_text(json.dumps({**ANA, "tipo_veiculo": "Moto"}))
    rows = lines(cli("quote", "--dry-run").stdout)
    assert rows["cpf"] == ["CPF", "52998224725"]
    assert rows["celular"] == ["Celular com DDD", "11987654321"]
    assert rows["tipo_veiculo"] == ["Tipo do veículo", "moto"]
    assert rows["combustivel"] == ["Combustível", "Flex", "assumed"]
    assert rows["kit_gas"] == ["Kit gás", "não", "assumed, unused"]
    assert "nome_condutor" not in rows
    assert not cli.database.exists()


def test_as_json_it_also_says_what_the_visitor_will_be_shown(cli: Cli) -> None:
    (told,) = cli.facts("quote", "--dry-run", "--json", "--data", json.dumps(ANA))
    assert told["answers"]["data_nascimento"] == "03/02/1980"
    assert told["answers"]["nome_condutor"] is None
    assert "kit_gas" in told["assumed"] and "nome" not in told["assumed"]
    fuel = {"campo": "combustivel", "titulo": "Combustível", "valor": "Flex"}
    assert fuel in told["assumptions"]
    assert {row["campo"] for row in told["assumptions"]} <= set(told["assumed"])


@pytest.mark.parametrize("way", ["parametros.json", "a file", "standard input"])
def test_a_file_may_begin_with_a_byte_order_mark(cli: Cli, way: str) -> None:
    text = "\ufeff" + json.dumps(ANA)
    name = "parametros.json" if way == "parametros.json" else "other.json"
    (cli.folder / name).write_text(text, encoding="utf-8")
    source = {
        "parametros.json": (),
        "a file": ("--data-file", name),
        "standard input": ("--data-file", "-"),
    }[way]
    (told,) = cli.facts("quote", "--dry-run", "--json", *source, given=text)
    assert told["answers"]["placa"] == "ABC1D23"


def test_answers_nested_without_end_are_refused_in_a_sentence(cli: Cli) -> None:
    done = cli("quote", "--dry-run", "--data-file", "-", given="[" * 100_000)
    assert done.returncode == 2
    assert "nested too deeply" in done.stderr and "Traceback" not in done.stderr


def test_every_wrong_answer_is_named_at_once_and_none_is_repeated(cli: Cli) -> None:
    wrong = {**ANA, "cpf": "52998224724", "combustivel": "lenha", "data_nascimento": "2020-05-05"}
    done = cli("quote", "--dry-run", "--data", json.dumps(wrong))
    said = " ".join(done.stderr.replace("│", " ").split())
    assert done.returncode == 2
    assert "cpf: CPF inválido" in said
    assert "Combustível: escolha Flex, Gasolina" in said
    assert "É preciso ter entre 18 e 120 anos" in said
    for value in ("52998224724", "lenha", "2020"):
        assert value not in said
