"""What `show` makes of a session's log: its attempts, and how each of them ended."""

from __future__ import annotations

from typing import Any

from andamento.show import ENDED, GONE, LEFT, STARTED, attempts
from db.store import LogLine


def said(message: str, generation: int = 1, **fields: Any) -> LogLine:
    """A line of the runner's log."""
    at = f"2026-11-21T10:00:0{generation}.000Z"
    return LogLine(
        session_id="a",
        generation=generation,
        at=at,
        level="info",
        screen=None,
        message=message,
        fields=fields,
    )


def outcomes(*lines: LogLine, over: bool) -> list[str | None]:
    return [attempt["outcome"] for attempt in attempts(lines, over=over)]


def test_the_last_attempt_has_no_outcome_while_it_runs() -> None:
    lines = [said(STARTED, pid=1, runner="r", warm=True), said("entered", 1)]
    assert outcomes(*lines, over=False) == [None]
    assert outcomes(*lines, over=True) == [GONE]


def test_an_attempt_before_another_one_that_said_nothing_died_with_its_runner() -> None:
    assert outcomes(said(STARTED), said(STARTED, 2), over=False) == [GONE, None]


def test_a_worker_that_left_is_told_by_its_exit_unless_its_runner_says_why() -> None:
    left, ended = said(LEFT, sinal="SIGKILL"), said(ENDED, 2, tipo="robo_interrompido")
    assert outcomes(said(STARTED), left, over=True) == ["SIGKILL"]
    # The fence gives a generation of its own; what is said under it is about the attempt before.
    assert outcomes(said(STARTED), left, ended, over=True) == ["robo_interrompido"]


def test_what_went_back_to_the_queue_is_no_death() -> None:
    back, left = said("session given back", 2), said(LEFT, saida=0)
    tries = outcomes(said(STARTED), left, back, said(STARTED, 3), over=False)
    assert tries[0] is not None and tries[0] != GONE and tries[1] is None
