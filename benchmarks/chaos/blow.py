"""The blows: what can be done to the product, what may come of it, and what a seed decides.

1. `Plan` is all that a seed decides: sessions, blow, moment, length. The same seed and number give
   the same plan; what the machine makes of it differs from run to run.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmarks.person import PERSON, cpf

# Most blows fall while flows are at work; the others anywhere, starts of processes included.
BEGUN = 0.7
# A quote takes some four seconds at the replica's fast pace.
BROWSER_S = 3.5
# A spare is taken with the first request: blows on it fall in this time before that.
BEFORE_S = 0.5


class Blow(StrEnum):
    """What can happen.

    `take-over`: a stopped worker goes on after its supervisor died and its session was taken;
    `abandon`: it never goes on; `drain`: the runner is asked to stop, and started again; `operate`:
    an operator cancels a session, or pauses it for a while; `two`: two of the others at independent
    moments.
    """

    NOTHING = "nothing"
    KILL_WORKER = "kill-worker"
    KILL_BROWSER = "kill-browser"
    KILL_DRIVER = "kill-driver"
    KILL_SPARE = "kill-spare"
    KILL_SUPERVISOR = "kill-supervisor"
    KILL_SERVICE = "kill-service"
    KILL_PARENT = "kill-up"
    PAUSE_WORKER = "pause-worker"
    PAUSE_SUPERVISOR = "pause-supervisor"
    PAUSE_SERVICE = "pause-service"
    HANG_WORKER = "hang-worker"
    TAKE_OVER = "take-over"
    ABANDON = "abandon"
    FILL_DISK = "fill-disk"
    DRAIN = "drain"
    OPERATE = "operate"
    TWO = "two"


# Seconds within which a session that ends by the blow must have its terminal event at its reader.
KILLED_S, HUNG_S = 2.0, 10.0
BOUNDS: Mapping[Blow, float] = {
    Blow.KILL_WORKER: KILLED_S,
    Blow.KILL_BROWSER: KILLED_S,
    Blow.KILL_DRIVER: KILLED_S,
    Blow.KILL_SUPERVISOR: KILLED_S,
    Blow.HANG_WORKER: HUNG_S,
    # What was sent already cannot be done again elsewhere: it gets its grace first.
    Blow.DRAIN: HUNG_S,
    # From just before the operator's command, whose own start is most of it.
    Blow.OPERATE: KILLED_S,
}
# How many sessions of the round may end with an error by it; None: all.
MAY_FAIL: Mapping[Blow, int | None] = {
    Blow.NOTHING: 0,
    Blow.KILL_WORKER: 1,
    Blow.KILL_BROWSER: 1,
    Blow.KILL_DRIVER: 1,
    Blow.KILL_SPARE: 0,
    Blow.KILL_SUPERVISOR: None,
    Blow.KILL_SERVICE: 0,
    Blow.KILL_PARENT: None,
    Blow.PAUSE_WORKER: 1,
    Blow.PAUSE_SUPERVISOR: 0,
    Blow.PAUSE_SERVICE: 0,
    Blow.HANG_WORKER: 1,
    Blow.TAKE_OVER: None,
    Blow.ABANDON: None,
    Blow.FILL_DISK: 0,
    # Only what had sent something; each is looked at.
    Blow.DRAIN: None,
    # The cancelled one.
    Blow.OPERATE: 1,
    Blow.TWO: None,
}
# How often each is drawn; the kills are what the figures are about.
WEIGHTS: Mapping[Blow, int] = {
    Blow.NOTHING: 1,
    Blow.KILL_WORKER: 4,
    Blow.KILL_BROWSER: 4,
    Blow.KILL_DRIVER: 4,
    Blow.KILL_SPARE: 3,
    Blow.KILL_SUPERVISOR: 4,
    Blow.KILL_SERVICE: 3,
    Blow.KILL_PARENT: 2,
    Blow.PAUSE_WORKER: 3,
    Blow.PAUSE_SUPERVISOR: 3,
    Blow.PAUSE_SERVICE: 2,
    Blow.HANG_WORKER: 3,
    Blow.TAKE_OVER: 2,
    Blow.ABANDON: 1,
    Blow.FILL_DISK: 2,
    Blow.DRAIN: 3,
    Blow.OPERATE: 3,
    Blow.TWO: 3,
}
WITH_BROWSER_ONLY = frozenset({Blow.KILL_BROWSER, Blow.KILL_DRIVER, Blow.KILL_SPARE})
# Two of these at independent moments make `TWO`.
SINGLE = (
    *(Blow.KILL_WORKER, Blow.KILL_SUPERVISOR, Blow.KILL_SERVICE),
    *(Blow.PAUSE_WORKER, Blow.PAUSE_SUPERVISOR, Blow.PAUSE_SERVICE, Blow.HANG_WORKER),
    Blow.DRAIN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One blow: `after_s` from the round's beginning on, lasting `hold_s` where it has a length.

    `begun`: not before the first word of a worker. `choice` picks among several possible victims,
    and among what can be done to them.
    """

    blow: Blow
    begun: bool
    after_s: float
    hold_s: float
    choice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One round, as its seed decides it; the visitors come `late_s` after its beginning."""

    number: int
    blow: Blow
    strokes: Sequence[Stroke]
    answers: Sequence[Mapping[str, Any]]
    keys: Sequence[str]
    late_s: float = 0


def plan(seed: int, number: int, blows: Sequence[Blow], *, browsers: bool, sessions: int) -> Plan:
    """The plan of round `number`."""
    dice = random.Random(f"{seed}:{number}:{browsers}")
    blow = dice.choices(blows, [WEIGHTS[one] for one in blows])[0]
    count = 1 if browsers and blow is not Blow.NOTHING else dice.randint(1, sessions)
    answers = [_answers(dice, browsers=browsers) for _ in range(count)]
    last_s = BROWSER_S if browsers else max(one["etapas"] * one["intervalo_s"] for one in answers)
    kinds = [dice.choice(SINGLE), dice.choice(SINGLE)] if blow is Blow.TWO else [blow]
    return Plan(
        number=number,
        blow=blow,
        strokes=[_stroke(dice, kind, last_s) for kind in kinds],
        answers=answers,
        keys=[f"chaos-{seed}-{number}-{dice.getrandbits(64):x}" for _ in answers],
        late_s=BEFORE_S if blow is Blow.KILL_SPARE else 0,
    )


def _stroke(dice: random.Random, blow: Blow, last_s: float) -> Stroke:
    hold_s = dice.uniform(0.05, 8.0) if blow is not Blow.FILL_DISK else dice.uniform(0.5, 4.0)
    begun = dice.random() < BEGUN
    after_s = dice.uniform(0, last_s)
    if blow is Blow.KILL_SPARE:
        begun, after_s = False, dice.uniform(0, BEFORE_S)
    return Stroke(
        blow=blow,
        begun=begun,
        after_s=after_s,
        hold_s=hold_s,
        choice=dice.getrandbits(16),
    )


def _answers(dice: random.Random, *, browsers: bool) -> dict[str, Any]:
    if browsers:
        plate = f"CHS{dice.randint(0, 9)}A{dice.randint(0, 99):02d}"
        return {**PERSON, "placa": plate, "cpf": cpf(dice.randint(0, 999_999_999))}
    return {
        "automation": "simulacao",
        "etapas": dice.randint(3, 10),
        "intervalo_s": round(dice.uniform(0.05, 0.4), 6),
        "fim": dice.choice(("cotacao", "cotacao", "cotacao_manual")),
    }
