"""What earlier runs teach: percentages by weight, and a range of what remains."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from db.events import Event, EventType, encode
from runner.lesson import FEWEST_RUNS, NOTHING, Forecast, Weights, learn, weigh


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
    assert learn(runs).weights == {"1": 3, "1.5": 2, "2": 45}


def test_a_run_begun_again_counts_by_its_last_time() -> None:
    again = history(("entrou", "1", 0), ("aviso", "1", 30), *stay("1", 31, 33))
    assert learn([again] * FEWEST_RUNS).weights == {"1": 2}


def test_too_few_runs_teach_nothing() -> None:
    assert learn([history(*stay("1", 0, 2))] * (FEWEST_RUNS - 1)) == NOTHING


def test_what_was_learned_replaces_what_was_declared_in_the_flows_order() -> None:
    declared = {"1": 1.0, "1.5": 1.0, "2": 2.0}
    assert weigh(declared, {}).passed("1") == pytest.approx(0.25)
    taught = weigh(declared, {"2": 30.0, "1": 10.0, "9": 7.0})
    assert taught.passed("1") == taught.passed("1.5") == pytest.approx(0.25)
    assert taught.passed("9") is None


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


def test_what_remains_is_the_range_of_earlier_runs_from_the_screen_on() -> None:
    runs = [
        history(*stay("1", 0, 2), *stay("2", 2, 62)),
        history(*stay("1", 0, 4), *stay("2", 4, 34)),
        history(*stay("1", 0, 3), *stay("2", 3, 54)),
    ]
    lesson = learn(runs)
    assert lesson.remaining == {"1": (34, 62), "2": (30, 60)}


def test_of_many_runs_the_odd_ones_do_not_count() -> None:
    runs = [history(*stay("1", 0, seconds)) for seconds in [*range(40, 59), 3000]]
    least, most = learn(runs).remaining["1"]
    assert 40 <= least < 45 and 55 < most < 60


def test_a_range_only_narrows_while_it_holds() -> None:
    forecast = Forecast({"1": (30, 90), "2": (10, 200), "3": (40, 50)})
    assert forecast.remains(0) is None
    forecast.entered("1", 100)
    assert forecast.remains(100) == (30, 90)
    assert forecast.remains(110) == (20, 80)
    # The screen's own range is wider: what was known holds.
    forecast.entered("2", 110)
    assert forecast.remains(110) == (20, 80)
    forecast.entered("9", 115)
    assert forecast.remains(115) == (15, 75)
    forecast.hear((0, 60), 120)
    assert forecast.remains(120) == (10, 60)
    forecast.entered("3", 125)
    assert forecast.remains(125) == (40, 50)


def test_a_run_that_is_off_its_range_says_so() -> None:
    forecast = Forecast({"1": (10, 20), "2": (60, 90)})
    forecast.entered("1", 0)
    assert forecast.remains(19.9) == (0, 1)
    assert forecast.remains(20) is None
    # It is later than was thought: what is known now replaces it.
    forecast.entered("2", 25)
    assert forecast.remains(25) == (60, 90)
    forecast.forget()
    assert forecast.remains(25) is None
