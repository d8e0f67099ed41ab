"""The blows: what is done to the product, to whom, and what may come of it.

1. `Plan` is all that a seed decides: sessions, blow, moment, length. The same seed and number give
   the same plan; what the machine makes of it differs from run to run.
2. A blow needs its victim: it waits for one, and a round in which none came is void, not good.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import anyio
import psutil
from anyio import to_thread

from benchmarks.chaos.product import Product

VICTIM_S = 20.0
LOOK_S = 0.01
# Most blows fall while flows are at work; the others anywhere, starts of processes included.
BEGUN = 0.7
# A lease's life, the new runner's start after some crashes before, and some more.
TAKEN_S = 30.0
# A quote takes some four seconds at the replica's fast pace.
BROWSER_S = 3.5
# Written at once; the last pages of a full disk are taken in small pieces.
PIECES = (1 << 20, 1 << 12, 1)


class Blow(StrEnum):
    """What can happen.

    `take-over`: a stopped worker goes on after its supervisor died and its session was taken;
    `abandon`: it never goes on; `two`: two of the others at independent moments.
    """

    NOTHING = "nothing"
    KILL_WORKER = "kill-worker"
    KILL_BROWSER = "kill-browser"
    KILL_DRIVER = "kill-driver"
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
    TWO = "two"


# Seconds within which a session that ends by the blow must have its terminal event at its reader.
KILLED_S, HUNG_S = 2.0, 10.0
BOUNDS: Mapping[Blow, float] = {
    Blow.KILL_WORKER: KILLED_S,
    Blow.KILL_BROWSER: KILLED_S,
    Blow.KILL_DRIVER: KILLED_S,
    Blow.KILL_SUPERVISOR: KILLED_S,
    Blow.HANG_WORKER: HUNG_S,
}
# How many sessions of the round may end with an error by it; None: all.
MAY_FAIL: Mapping[Blow, int | None] = {
    Blow.NOTHING: 0,
    Blow.KILL_WORKER: 1,
    Blow.KILL_BROWSER: 1,
    Blow.KILL_DRIVER: 1,
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
    Blow.TWO: None,
}
# How often each is drawn; the kills are what the figures are about.
WEIGHTS: Mapping[Blow, int] = {
    Blow.NOTHING: 1,
    Blow.KILL_WORKER: 4,
    Blow.KILL_BROWSER: 4,
    Blow.KILL_DRIVER: 4,
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
    Blow.TWO: 3,
}
WITH_BROWSER_ONLY = frozenset({Blow.KILL_BROWSER, Blow.KILL_DRIVER})
# Two of these at independent moments make `TWO`.
SINGLE = (
    *(Blow.KILL_WORKER, Blow.KILL_SUPERVISOR, Blow.KILL_SERVICE),
    *(Blow.PAUSE_WORKER, Blow.PAUSE_SUPERVISOR, Blow.PAUSE_SERVICE, Blow.HANG_WORKER),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One blow: `after_s` from the first request on, lasting `hold_s` where it has a length.

    `begun`: from the first word of a worker on. `choice` picks among several possible victims.
    """

    blow: Blow
    begun: bool
    after_s: float
    hold_s: float
    choice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One round, as its seed decides it."""

    number: int
    blow: Blow
    strokes: Sequence[Stroke]
    answers: Sequence[Mapping[str, Any]]
    keys: Sequence[str]


@dataclass(kw_only=True)
class Hit:
    """What was struck: when, by this process's steady clock, and whom. `void`: nobody came."""

    blow: Blow
    at: float = 0
    whom: list[str] = field(default_factory=list)
    void: bool = False
    faults: list[str] = field(default_factory=list)


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
    )


def _stroke(dice: random.Random, blow: Blow, last_s: float) -> Stroke:
    hold_s = dice.uniform(0.05, 8.0) if blow is not Blow.FILL_DISK else dice.uniform(0.5, 4.0)
    return Stroke(
        blow=blow,
        begun=dice.random() < BEGUN,
        after_s=dice.uniform(0, last_s),
        hold_s=hold_s,
        choice=dice.getrandbits(16),
    )


def _answers(dice: random.Random, *, browsers: bool) -> dict[str, Any]:
    if browsers:
        plate = f"CHS{dice.randint(0, 9)}A{dice.randint(0, 99):02d}"
        return {**PERSON, "placa": plate, "cpf": _cpf(dice)}
    return {
        "automation": "simulacao",
        "etapas": dice.randint(3, 10),
        "intervalo_s": round(dice.uniform(0.05, 0.4), 6),
        "fim": dice.choice(("cotacao", "cotacao", "cotacao_manual")),
    }


# An invented person; each has another CPF, with right check digits only.
PERSON: Mapping[str, Any] = {
    "nome": "Ana Lúcia Exemplo",
    "cep": "01310-100",
    "email": "ana.lucia@exemplo.com.br",
    "celular": "(11) 98765-4321",
    "data_nascimento": "03/02/1980",
    "sexo": "Feminino",
    "estado_civil": "Solteiro",
}


def _cpf(dice: random.Random) -> str:
    digits = [dice.randint(0, 9) for _ in range(9)]
    for weight in (10, 11):
        total = sum(digit * (weight - place) for place, digit in enumerate(digits))
        digits.append(total * 10 % 11 % 10)
    return "".join(map(str, digits))


async def strike(
    product: Product, stroke: Stroke, begun: Callable[[], bool], over: Callable[[], bool]
) -> Hit:
    """Wait for the moment and the victim, strike, and take back what has a length.

    `begun` says whether any worker of the round has spoken, `over` whether all its sessions have
    ended: then no victim will come any more.
    """
    hit = Hit(blow=stroke.blow)
    while stroke.begun and not begun():
        await anyio.sleep(LOOK_S)
    await anyio.sleep(stroke.after_s)
    match stroke.blow:
        case Blow.NOTHING:
            hit.at = time.monotonic()
        case Blow.FILL_DISK:
            await _fill(product, stroke, hit)
        case Blow.KILL_PARENT:
            await _kill_parent(product, hit)
        case Blow.TAKE_OVER | Blow.ABANDON:
            await _take_over(product, stroke, hit, over)
        case _:
            await _signal(product, stroke, hit, over)
    return hit


async def _signal(product: Product, stroke: Stroke, hit: Hit, over: Callable[[], bool]) -> None:
    victim = await _victim(_who(product, stroke.blow), stroke, hit, over)
    if victim is None:
        return
    if stroke.blow.value.startswith("kill"):
        _send(victim, signal.SIGKILL)
        return
    _send(victim, signal.SIGSTOP)
    if stroke.blow is not Blow.HANG_WORKER:
        await anyio.sleep(stroke.hold_s)
        _send(victim, signal.SIGCONT)


async def _take_over(product: Product, stroke: Stroke, hit: Hit, over: Callable[[], bool]) -> None:
    """A stopped worker whose supervisor dies; it may go on once its session was taken from it."""
    victim = await _victim(product.workers, stroke, hit, over)
    if victim is None:
        return
    _send(victim, signal.SIGSTOP)
    supervisor = product.child("run")
    if supervisor is not None:
        _send(supervisor, signal.SIGKILL)
    if stroke.blow is Blow.ABANDON:
        return
    with anyio.move_on_after(TAKEN_S):
        while not over():
            await anyio.sleep(LOOK_S)
    _send(victim, signal.SIGCONT)


async def _kill_parent(product: Product, hit: Hit) -> None:
    hit.at = time.monotonic()
    hit.whom.append(f"up {product.parent.pid}")
    _send(product.parent, signal.SIGKILL)
    await to_thread.run_sync(product.revive)


async def _fill(product: Product, stroke: Stroke, hit: Hit) -> None:
    ballast = product.data / "ballast"
    hit.at = time.monotonic()
    hit.whom.append(f"disk of {product.data}")
    deadline = hit.at + stroke.hold_s
    try:
        while time.monotonic() < deadline:
            # Again and again: a checkpoint or a rotation may have given something back.
            await to_thread.run_sync(_grow, ballast)
            await anyio.sleep(LOOK_S)
    finally:
        ballast.unlink(missing_ok=True)


def _grow(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file:
        for size in PIECES:
            with suppress(OSError):
                while True:
                    if file.write(bytes(size)) < size:
                        break


def _who(product: Product, blow: Blow) -> Callable[[], list[psutil.Process]]:
    def child(name: str) -> list[psutil.Process]:
        found = product.child(name)
        return [found] if found else []

    match blow:
        case Blow.KILL_BROWSER:
            return product.browsers
        case Blow.KILL_DRIVER:
            return product.drivers
        case Blow.KILL_SUPERVISOR | Blow.PAUSE_SUPERVISOR:
            return lambda: child("run")
        case Blow.KILL_SERVICE | Blow.PAUSE_SERVICE:
            return lambda: child("serve")
        case _:
            return product.workers


async def _victim(
    who: Callable[[], list[psutil.Process]], stroke: Stroke, hit: Hit, over: Callable[[], bool]
) -> psutil.Process | None:
    with anyio.move_on_after(VICTIM_S):
        while not over():
            found = await to_thread.run_sync(who)
            if found:
                victim = found[stroke.choice % len(found)]
                hit.at = time.monotonic()
                hit.whom.append(f"{stroke.blow} {victim.pid}")
                return victim
            await anyio.sleep(LOOK_S)
    hit.void = True
    return None


def _send(victim: psutil.Process, number: signal.Signals) -> None:
    # It may have ended by itself in this very moment.
    with suppress(psutil.Error):
        victim.send_signal(number)
