"""The waiting line: places, waits, what is said of them, and what is worth saying again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.line import FAR_SHARE, LASTS_S, NEAR, OFF_S, Place, places

Seconds = float | None
seconds = st.floats(0, 10_000)
some_seconds = st.none() | seconds


def waits(running: Sequence[Seconds], waiting: Sequence[Seconds]) -> list[int | None]:
    return [place.wait_s for place in places(running, waiting)]


@given(st.lists(some_seconds, max_size=8), st.lists(some_seconds, max_size=30))
def test_positions_are_counted_from_one_in_the_order_of_the_line(
    running: list[Seconds], waiting: list[Seconds]
) -> None:
    assert [place.position for place in places(running, waiting)] == [
        number for number, _ in enumerate(waiting, start=1)
    ]


@given(st.lists(seconds, min_size=1, max_size=8), st.lists(seconds, max_size=30))
def test_nobody_waits_shorter_than_those_before_them(
    running: list[float], waiting: list[float]
) -> None:
    told = [wait for wait in waits(running, waiting) if wait is not None]
    assert len(told) == len(waiting)
    assert told == sorted(told)


@given(
    st.lists(seconds, min_size=1, max_size=8),
    st.lists(seconds, max_size=30),
    st.floats(0, 10_000),
)
def test_one_more_place_makes_nobody_wait_longer(
    running: list[float], waiting: list[float], more: float
) -> None:
    before, after = waits(running, waiting), waits([*running, more], waiting)
    pairs = [(a, b) for a, b in zip(after, before, strict=True) if a is not None and b is not None]
    assert len(pairs) == len(waiting)
    assert all(now <= then for now, then in pairs)


def test_each_place_that_frees_itself_is_taken_by_the_next_one() -> None:
    # Two places, free after 10 and 30 s: 10, 30, then those who began at 10 and at 30 leave.
    assert waits([30, 10], [100, 5, 5, 5]) == [10, 30, 35, 40]


def test_who_waits_for_a_place_that_is_overdue_waits_no_time_at_all() -> None:
    assert waits([0], [60, 60]) == [0, 60]


def test_with_nothing_known_of_the_places_nobody_is_promised_anything() -> None:
    assert waits([None, None], [60, 60]) == [None, None]
    assert waits([], [60]) == [None]


def test_an_unknown_duration_makes_those_behind_it_unknown_too() -> None:
    assert waits([20], [None, 60, 60]) == [20, None, None]


def test_an_unknown_duration_costs_only_the_place_that_it_takes() -> None:
    assert waits([20, 40], [None, 60, 60]) == [20, 40, 100]


def test_a_place_is_told_in_the_contracts_words() -> None:
    assert Place(position=2, wait_s=40).data() == {"posicao": 2, "espera_s": 40}
    assert Place(position=2, wait_s=None).data() == {"posicao": 2, "espera_s": None}


@pytest.mark.parametrize(
    ("position", "wait_s", "said"),
    [
        (1, None, "Você é o próximo da fila."),
        (2, None, "Há 1 pessoa na sua frente."),
        (3, None, "Há 2 pessoas na sua frente."),
        (1, 0, "Você é o próximo da fila. Sua vez chega em poucos segundos."),
        (1, 9, "Você é o próximo da fila. Sua vez chega em poucos segundos."),
        (2, 10, "Há 1 pessoa na sua frente. Sua vez chega em cerca de 10 segundos."),
        (2, 43, "Há 1 pessoa na sua frente. Sua vez chega em cerca de 45 segundos."),
        (4, 60, "Há 3 pessoas na sua frente. Sua vez chega em cerca de 1 minuto."),
        (4, 89, "Há 3 pessoas na sua frente. Sua vez chega em cerca de 1 minuto."),
        (9, 600, "Há 8 pessoas na sua frente. Sua vez chega em cerca de 10 minutos."),
    ],
)
def test_the_sentence_counts_people_and_time_as_people_do(
    position: int, wait_s: int | None, said: str
) -> None:
    assert Place(position=position, wait_s=wait_s).message() == said


def differs(told: tuple[object, object], place: tuple[int, int | None], age_s: float = 0) -> bool:
    position, wait_s = place
    said = {"posicao": told[0], "espera_s": told[1]}
    return Place(position=position, wait_s=wait_s).differs(said, age_s)


@given(st.integers(1, 500), st.none() | st.integers(0, 5000))
def test_what_was_just_told_is_not_told_again(position: int, wait_s: int | None) -> None:
    assert not differs((position, wait_s), (position, wait_s))


@given(st.integers(1, NEAR), st.integers(1, 500))
def test_near_the_head_every_step_is_told(now: int, steps: int) -> None:
    assert differs((now + steps, None), (now, None))


@given(st.integers(NEAR + 1, 400), st.integers(1, 400))
def test_further_back_only_a_tenth_of_the_way_is_told(now: int, steps: int) -> None:
    before = now + steps
    assert differs((before, None), (now, None)) is (steps >= before * FAR_SHARE)


def test_who_was_overtaken_by_somebody_more_urgent_is_told_so() -> None:
    assert differs((1, None), (2, None))


def test_a_wait_that_passes_as_it_was_told_is_not_corrected() -> None:
    assert not differs((2, 40), (2, 10), age_s=30)


def test_a_wait_that_turns_out_longer_or_shorter_is_corrected() -> None:
    assert differs((2, 40), (2, 40), age_s=30)
    assert differs((2, 40), (2, 5), age_s=LASTS_S)


def test_what_was_told_a_moment_ago_is_not_corrected() -> None:
    assert not differs((2, 40), (2, 5), age_s=LASTS_S - 1)


def test_a_wait_that_is_over_is_not_said_again_and_again() -> None:
    assert not differs((1, 0), (1, 0), age_s=60)


def test_a_wait_that_is_off_by_a_moment_is_left_alone() -> None:
    assert not differs((2, 40), (2, 40), age_s=OFF_S)
    # Of ten minutes, three are a moment.
    assert not differs((2, 600), (2, 600), age_s=150)


def test_a_wait_that_becomes_known_is_told() -> None:
    assert differs((2, None), (2, 40))


def test_who_knows_less_than_what_was_told_keeps_quiet() -> None:
    assert not differs((2, 40), (2, None))


@pytest.mark.parametrize("position", [None, "2", [2]])
def test_a_place_that_cannot_be_read_is_told_anew(position: object) -> None:
    assert differs((position, 40), (2, 40))
