"""A few rounds of `make chaos` with fixed seeds: the product is struck, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count

import anyio
import pytest

from benchmarks.chaos import __main__ as chaos
from benchmarks.chaos.blow import BOUNDS, MAY_FAIL, WEIGHTS, Blow, Plan, Stroke, plan
from benchmarks.chaos.disk import can_mount
from benchmarks.chaos.product import Product, until
from benchmarks.chaos.round import Report, audit, judge, play
from benchmarks.chaos.strike import Hit
from benchmarks.chaos.visitor import Story

# Long enough to be struck in the middle, short enough for a test.
SCREENS = {"automation": "simulacao", "fim": "cotacao"}


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """One product for all blows of this file, on a small disk where one can be mounted."""
    with Product(capacity=3, disk=can_mount() is None) as product:
        yield product


NUMBERS = count(1)


# Which of the things that can be done to a victim: the second kind.
OTHER = 1 << 8


def round_of(
    blow: Blow,
    *,
    sessions: int = 2,
    after_s: float = 0.4,
    hold_s: float = 0.6,
    choice: int = 1,
    screens: int = 6,
) -> Plan:
    """A round of `blow` alone."""
    number = next(NUMBERS)
    return Plan(
        number=number,
        blow=blow,
        strokes=[Stroke(blow=blow, begun=True, after_s=after_s, hold_s=hold_s, choice=choice)],
        # Other ones for each session: the same answers again would be the same session.
        answers=[
            {**SCREENS, "etapas": screens, "intervalo_s": 0.2 + number / 1e3 + place / 1e6}
            for place in range(sessions)
        ],
        keys=[f"test-{number}-{place}" for place in range(sessions)],
    )


@pytest.mark.parametrize(
    "blow",
    [
        Blow.NOTHING,
        Blow.KILL_WORKER,
        Blow.KILL_SUPERVISOR,
        Blow.KILL_SERVICE,
        Blow.PAUSE_WORKER,
        Blow.PAUSE_SUPERVISOR,
        Blow.FILL_DISK,
        Blow.OPERATE,
    ],
)
def test_every_session_has_its_one_ending_and_nothing_is_left(product: Product, blow: Blow) -> None:
    if blow is Blow.FILL_DISK and (reason := can_mount()):
        pytest.skip(reason)
    # The command line starts while the screens pass.
    screens = 30 if blow is Blow.OPERATE else 6
    report = anyio.run(play, product, round_of(blow, screens=screens))
    assert report.violations == []
    assert not report.void
    assert all(story.ending is not None for story in report.stories)


def test_who_was_drained_before_anything_was_sent_still_has_a_result(product: Product) -> None:
    # The data go out on the last screen, which is not reached before the blow.
    report = anyio.run(play, product, round_of(Blow.DRAIN))
    assert report.violations == []
    assert not report.void
    assert [story.outcome for story in report.stories] == ["cotacao", "cotacao"]


def test_an_operator_cancels_one_and_the_other_ends_well(product: Product) -> None:
    # The command line starts while the screens pass: enough of them for a slow machine.
    report = anyio.run(play, product, round_of(Blow.OPERATE, choice=OTHER, screens=30))
    assert report.violations == []
    assert sorted(story.outcome for story in report.stories) == ["cancelado", "cotacao"]


def test_a_drained_session_that_could_have_been_given_back_is_seen(product: Product) -> None:
    """The judge itself: nothing was sent, so an error was not called for."""
    report = anyio.run(play, product, round_of(Blow.NOTHING, sessions=1))
    unsent = {"tipo": "robo_interrompido", "final": True, "dados_enviados": False}
    told = {**(report.stories[0].ending or {}), "type": "error", "data": unsent}
    story = replace(
        report.stories[0], received=[*report.stories[0].received[:-1], json.dumps(told)]
    )
    drained = replace(report.plan, blow=Blow.DRAIN)
    judged = Report(plan=drained, hits=report.hits, stories=[story])
    judge(product, judged)
    assert any("robo_interrompido, nothing sent, by a drain" in said for said in judged.violations)


def test_who_ends_with_a_result_long_after_being_cancelled_is_seen(product: Product) -> None:
    report = anyio.run(play, product, round_of(Blow.NOTHING, sessions=1))
    cancelled = Hit(blow=Blow.OPERATE, cancelled=report.stories[0].session_id)
    operated = replace(report.plan, blow=Blow.OPERATE)
    judged = Report(plan=operated, hits=[cancelled], stories=report.stories)
    judge(product, judged)
    assert any("after it was cancelled" in said for said in judged.violations)


def test_a_session_without_an_ending_is_seen(product: Product) -> None:
    """The judge itself: what the visitor never received, the log has, and the other way round."""
    report = anyio.run(play, product, round_of(Blow.NOTHING, sessions=1, after_s=0))
    story = report.stories[0]
    robbed = Report(plan=report.plan, hits=report.hits, stories=[without_its_ending(story)])
    judge(product, robbed)
    assert any("no terminal event" in violation for violation in robbed.violations)
    assert any("the log holds" in violation for violation in robbed.violations)


def without_its_ending(story: Story) -> Story:
    """The same visit without its last event."""
    return replace(story, received=story.received[:-1], ended_at=None)


def test_the_same_seed_and_number_give_the_same_plan() -> None:
    def draw(seed: int, number: int) -> Plan:
        return plan(seed, number, list(Blow), browsers=False, sessions=4)

    assert draw(7, 3) == draw(7, 3)
    assert len({repr(draw(7, number)) for number in range(50)}) == 50
    assert {draw(7, number).blow for number in range(400)} == set(Blow)


def test_every_blow_has_its_weight_and_its_limit() -> None:
    assert set(WEIGHTS) == set(MAY_FAIL) == set(Blow)
    assert set(BOUNDS) <= set(Blow)


def test_a_percentile_above_its_bound_is_missed() -> None:
    drawn = round_of(Blow.KILL_WORKER)
    good = Report(plan=drawn, latencies=[0.1, 0.2])
    assert chaos.missed([good]) == []
    assert chaos.missed([good, Report(plan=drawn, latencies=[2.5])]) == [Blow.KILL_WORKER]


def test_the_facts_of_a_round_are_json() -> None:
    facts = json.loads(json.dumps(Report(plan=round_of(Blow.NOTHING)).facts()))
    assert facts["blow"] == "nothing" and facts["violations"] == []


def test_in_the_end_the_log_is_sound_and_nothing_is_left(product: Product) -> None:
    assert audit(product) == []
    assert product.stop() == 0
    assert until(lambda: not product.census.family(), 20)
    assert product.leftovers() == []


def test_the_audit_sees_what_is_not_sound(product: Product) -> None:
    with closing(sqlite3.connect(product.database)) as connection:
        connection.execute("DROP TRIGGER sessions_true")
        connection.execute("UPDATE sessions SET status = 'failed' WHERE status = 'completed'")
        connection.commit()
    faults = audit(product)
    assert any("its terminal event says completed" in fault for fault in faults)
    assert "exit code 1" in faults[-1]
