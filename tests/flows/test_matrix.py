"""Every way to a result, in a real Chromium: the part of the matrix that ends well."""

from __future__ import annotations

from typing import Any

import pytest

from demo.replica import TABLE
from runner.flows.cotacao_auto import AUTOMATION
from runner.flows.cotacao_auto.answers import QuoteAnswers
from tests.flows.case import ASKED, NEVER_SENT, SHOWN, Case, expected, play, seen
from tests.flows.journey import ANA, Stage
from tests.flows.matrix import MATRIX, WAYS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("case", WAYS, ids=lambda case: case.name)
async def test_a_way_to_the_result(stage: Stage, case: Case) -> None:
    outcome = await play(stage, case)

    assert seen(outcome) == expected(case, outcome)


def test_every_scenario_is_in_the_matrix() -> None:
    assert {case.scenario for case in MATRIX} == {row.scenario for row in TABLE}


def test_every_answer_of_every_closed_question_is_sent_on_the_way_to_a_result() -> None:
    sent = [case.received(AUTOMATION.normalise({**ANA, **case.answers}).answers) for case in WAYS]
    questions = QuoteAnswers.model_json_schema()["properties"]
    missing = {
        f"{name}: {answer}"
        for name, schema in questions.items()
        for answer in _closed(schema)
        if answer != NEVER_SENT and answer not in [answers.get(name) for answers in sent]
    }

    assert missing == set()
    asked = {name for names in ASKED.values() for name in names}
    assert asked == set(questions) - set(SHOWN)


def _closed(schema: dict[str, Any]) -> list[object]:
    """The answers that a question allows, none where it is an open one."""
    if schema.get("type") == "boolean":
        return [True, False]
    others = [answer for one in schema.get("anyOf", []) for answer in _closed(one)]
    return [*schema.get("enum", []), *others]
