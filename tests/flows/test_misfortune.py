"""Every misfortune, in a real Chromium: the part of the matrix that ends in a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from demo.replica.scenario import Scenario
from tests.flows.case import Case, expected, play, seen
from tests.flows.journey import Stage
from tests.flows.matrix import MISFORTUNES

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("case", MISFORTUNES, ids=lambda case: case.name)
async def test_a_misfortune_is_told_with_its_screen_and_its_cause(stage: Stage, case: Case) -> None:
    outcome = await play(stage, case)

    assert seen(outcome) == expected(case, outcome)
    assert outcome.failure is not None
    assert case.evidence in str(outcome.failure.detail)


async def test_an_unstable_site_gives_its_result_to_the_second_try(stage: Stage) -> None:
    (case,) = [one for one in MISFORTUNES if one.scenario is Scenario.INSTAVEL]
    another = replace(case, answers={"placa": "BRA2E19"})
    tries = [await play(stage, another) for _ in range(2)]

    assert [one.failure and one.failure.tipo for one in tries] == ["erro_do_site", None]
    assert tries[1].result["desfecho"] == "cotacao"
