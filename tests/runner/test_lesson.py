"""The weights: what earlier runs teach, and the percentage that follows from it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from db.events import Event, EventType, encode
from runner.weight import FEWEST_RUNS, Weights, durations, learn


def history(*steps: tuple[str, str, int]) -> list[Event]:
    """Progress events: phase, screen, second."""
    return [
        Event(
            session_id="a",
            seq=seq,
            type=EventType.PROGRESS,
            at=f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}.500Z",
            body=encode({"fase": fase, "etapa": etapa}),
        )
        for seq, (fase, etapa, second) in enumerate(steps, 1)
    ]


def stay(etapa: str, start: int, end: int) -> Sequence[tuple[str, str, int]]:
    return (("entrou", etapa, start), ("concluiu", etapa, end))


def test_a_screen_weighs_its_median_times_how_often_it_came() -> None:
    runs = [
        history(*stay("1", 0, 2), *stay("2", 2, 62)),
        history(*stay("1", 0, 4), ("pulou", "1.5", 4), *stay("2", 4, 34)),
        history(*stay("1", 0, 3), *stay("1.5", 3, 9), *stay("2", 9, 54)),
    ]
    assert durations(runs) == {"1": 3, "1.5": 2, "2": 45}


def test_a_run_begun_again_counts_by_its_last_time() -> None:
    again = history(("entrou", "1", 0), ("aviso", "1", 30), *stay("1", 31, 33))
    assert durations([again] * FEWEST_RUNS) == {"1": 2}


def test_too_few_runs_teach_nothing() -> None:
    assert durations([history(*stay("1", 0, 2))] * (FEWEST_RUNS - 1)) == {}


def test_what_was_learned_replaces_what_was_declared_in_the_flows_order() -> None:
    declared = {"1": 1.0, "1.5": 1.0, "2": 60.0}
    assert learn(declared, {}) == declared
    found = learn(declared, {"2": 30.0, "1": 2.0, "9": 7.0})
    assert list(found.items()) == [("1", 2.0), ("1.5", 0.0), ("2", 30.0)]


def test_the_share_is_what_usually_has_passed_by_then() -> None:
    weights = Weights({"1": 10, "2": 30, "3": 60})
    assert weights.passed("1") == pytest.approx(0.1)
    assert weights.passed("3") == 1
    assert weights.passed("3", seconds=0) == pytest.approx(0.4)
    assert weights.passed("3", seconds=30) == pytest.approx(0.7)
    # Longer than usual: it waits just below the end.
    assert weights.passed("3", seconds=600) == pytest.approx(0.94)


def test_nothing_is_known_of_other_screens_nor_without_weights() -> None:
    assert Weights({"1": 1}).passed("7") is None
    assert Weights({}).passed("1") is None
    assert Weights({"1": 0, "2": 0}).passed("1") is None
    assert Weights({"1": 0, "2": 2}).passed("1", seconds=3) == 0
