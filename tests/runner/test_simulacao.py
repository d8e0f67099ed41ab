"""The built-in automation without a browser: its answers and its shapes."""

from __future__ import annotations

from typing import Any

import pytest

from runner.automation import Language
from runner.flows.simulacao import AUTOMATION, COVERAGES, QUOTE


def test_what_is_left_out_is_assumed() -> None:
    intake = AUTOMATION.normalise({"fim": "erro", "nome": "Josefina"})
    assert intake.answers == {"etapas": 15, "intervalo_s": 1, "fim": "erro"}
    assert intake.assumed == ("etapas", "intervalo_s")
    assert intake.ignored == 1


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("pt", "Informe um número inteiro de 1 a 1000"),
        ("en", "Enter a whole number from 1 to 1000"),
    ],
)
def test_every_wrong_answer_is_explained(language: Language, sentence: str) -> None:
    raw = {"etapas": 0, "intervalo_s": "nan", "fim": "nunca"}
    intake = AUTOMATION.normalise(raw, language=language)
    assert sorted(intake.errors) == ["etapas", "fim", "intervalo_s"]
    assert intake.errors["etapas"] == sentence


@pytest.mark.parametrize("raw", [{"etapas": 1001}, {"etapas": 1.5}, {"intervalo_s": 61}])
def test_an_answer_out_of_range_is_refused(raw: dict[str, Any]) -> None:
    assert list(AUTOMATION.normalise(raw).errors) == list(raw)


def test_the_number_of_screens_is_the_one_asked_for() -> None:
    assert AUTOMATION.screens(AUTOMATION.normalise({"etapas": "3"}).answers) == 3
    assert AUTOMATION.screens({}) == AUTOMATION.total == 15


def test_amounts_are_written_as_the_site_writes_them() -> None:
    plan = QUOTE["plano_recomendado"]
    assert (plan["valor"], plan["valor_centavos"]) == ("R$ 3.099,18", 309_918)
    assert COVERAGES[0]["valores"]["ate"] == "R$ 1.700,00"
