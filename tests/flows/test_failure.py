"""The catalogue of failures: one code each, documented, and used by name only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from runner.failure import CATALOGUE, MAX_SENTENCE, Failure

ROOT = Path(__file__).parents[2]
COLUMNS = ("mensagem", "sugestao", "message", "suggestion")


def documented() -> dict[str, list[str]]:
    """The rows of docs/errors.md, by tipo."""
    rows = {}
    for line in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d{4} ", line):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows[cells[1].strip("`")] = cells
    return rows


def test_the_documented_table_is_the_catalogue() -> None:
    expected = {
        tipo: [
            str(entry.codigo),
            f"`{tipo}`",
            *(getattr(entry, name) for name in COLUMNS),
            "business" if entry.business else "technical",
            "yes" if entry.retryable else "no",
        ]
        for tipo, entry in CATALOGUE.items()
    }
    assert documented() == expected


def test_a_code_has_one_meaning_and_its_thousand_a_kind() -> None:
    codes = [entry.codigo for entry in CATALOGUE.values()]

    assert len(set(codes)) == len(codes)
    assert codes == sorted(codes)
    assert {code // 1000 for code in codes} == {1, 2, 3, 4, 6, 7, 8, 9}


def test_every_sentence_is_whole() -> None:
    for entry in CATALOGUE.values():
        for name in COLUMNS:
            text = getattr(entry, name)
            assert text[0].isupper()
            assert text.endswith(".")
            assert len(text) < 120


def test_the_event_data_are_the_contracts() -> None:
    failure = Failure("cpf_recusado", "9", {"campo": "cpfTelaSegurado"})

    assert failure.data(dados_enviados=True) == {
        "tipo": "cpf_recusado",
        "codigo": 1003,
        "mensagem": "A seguradora não aceitou o CPF informado.",
        "sugestao": "Confira o CPF e peça a cotação de novo.",
        "etapa": "9",
        "final": True,
        "dados_enviados": True,
    }


def test_a_flow_may_say_it_in_words_of_its_own() -> None:
    failure = Failure(
        "campo_recusado",
        mensagem="A seguradora ainda não atende esse CEP.",
        sugestao="Fale com a gente: procuramos outra seguradora.",
    )

    assert failure.data("1") == {
        "tipo": "campo_recusado",
        "codigo": 1004,
        "mensagem": "A seguradora ainda não atende esse CEP.",
        "sugestao": "Fale com a gente: procuramos outra seguradora.",
        "etapa": "1",
        "final": True,
        "dados_enviados": False,
    }


def test_what_is_not_said_is_the_catalogues() -> None:
    failure = Failure("erro_do_site", mensagem="O site está em manutenção.")

    assert failure.at("2").data()["mensagem"] == "O site está em manutenção."
    assert failure.data()["sugestao"] == CATALOGUE["erro_do_site"].sugestao


def test_words_of_a_flow_are_bounded() -> None:
    data = Failure("interno", mensagem="á" * 10_000, sugestao="b" * 10_000).data()

    assert (len(data["mensagem"]), len(data["sugestao"])) == (MAX_SENTENCE, MAX_SENTENCE)
    assert (
        max(len(text) for entry in CATALOGUE.values() for text in (entry.mensagem, entry.sugestao))
        < MAX_SENTENCE
    )


def test_a_failure_keeps_the_place_it_has() -> None:
    assert Failure("interno").data("7")["etapa"] == "7"
    assert Failure("interno", "3").at("7").data("8")["etapa"] == "3"
    assert Failure("interno").at("7").etapa == "7"


def test_a_detail_is_bounded() -> None:
    assert len(Failure("interno", detail={"a": "x" * 10_000}).detail["a"]) == 500


def test_an_unknown_tipo_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no failure"):
        Failure("azar")


def test_every_failure_raised_in_the_runner_is_in_the_catalogue() -> None:
    named = set()
    for path in (ROOT / "runner").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if called == "Failure" and isinstance(first, ast.Constant):
                named.add(first.value)

    assert named <= set(CATALOGUE)
    assert len(named) > 10


def test_the_catalogue_loads_no_browser() -> None:
    source = (ROOT / "runner" / "failure.py").read_text(encoding="utf-8")
    imported = re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE)

    assert set(imported) <= {"__future__", "collections", "dataclasses", "types", "typing"}
