"""How each blow is done: the moment, the victim, the signal, and what is taken back afterwards.

1. A blow needs its victim: it waits for one, and a round in which none came is void, not good.
2. An operator has the command line, and is believed only what its exit code says.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import anyio
import psutil
from anyio import to_thread

from benchmarks.chaos.blow import Blow, Stroke
from benchmarks.chaos.product import Product

VICTIM_S = 20.0
LOOK_S = 0.01
# A lease's life, the new runner's start after some crashes before, and some more.
TAKEN_S = 30.0
# Written at once; the last pages of a full disk are taken in small pieces.
PIECES = (1 << 20, 1 << 12, 1)

Victim = TypeVar("Victim")


@dataclass(kw_only=True)
class Hit:
    """What was struck: when, by this process's steady clock, and whom. `void`: nobody came.

    `cancelled` is the session of which an operator was told that it will be; `faults` names what
    was refused to the operator.
    """

    blow: Blow
    at: float = 0
    whom: list[str] = field(default_factory=list)
    void: bool = False
    cancelled: str = ""
    faults: list[str] = field(default_factory=list)


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
        case Blow.KILL_SPARE:
            await _victim(lambda: _kill_spare(product, stroke), stroke, hit, over)
        case Blow.OPERATE:
            await _operate(product, stroke, hit, over)
        case _:
            await _signal(product, stroke, hit, over)
    return hit


async def _signal(product: Product, stroke: Stroke, hit: Hit, over: Callable[[], bool]) -> None:
    victim = await _victim(_who(product, stroke), stroke, hit, over)
    if victim is None:
        return
    if stroke.blow is Blow.DRAIN:
        _send(victim, signal.SIGTERM)
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
    victim = await _victim(product.census.workers, stroke, hit, over)
    if victim is None:
        return
    _send(victim, signal.SIGSTOP)
    supervisor = product.census.child("run")
    if supervisor is not None:
        _send(supervisor, signal.SIGKILL)
    if stroke.blow is Blow.ABANDON:
        return
    with anyio.move_on_after(TAKEN_S):
        while not over():
            await anyio.sleep(LOOK_S)
    _send(victim, signal.SIGCONT)


def _kill_spare(product: Product, stroke: Stroke) -> list[psutil.Process]:
    """The spare or the browser of one that was killed, if one waits.

    The runner is held for these moments: it might give the spare a session before the signal comes.
    """
    census = product.census
    runner = census.child("run")
    if runner is None or not census.waiting():
        return []
    _send(runner, signal.SIGSTOP)
    try:
        found = census.spare_browsers() if _other(stroke) else census.waiting()
        for victim in found[:1]:
            _send(victim, signal.SIGKILL)
        return found[:1]
    finally:
        _send(runner, signal.SIGCONT)


async def _operate(product: Product, stroke: Stroke, hit: Hit, over: Callable[[], bool]) -> None:
    session_id = await _victim(product.census.sessions, stroke, hit, over)
    if session_id is None:
        return
    name = "cancel" if _other(stroke) else "pause"
    if not await _command(product, name, session_id, hit):
        # Either it ended while the command started, or the refusal is on record.
        hit.void = not hit.faults
    elif name == "cancel":
        hit.cancelled = session_id
    else:
        await anyio.sleep(stroke.hold_s)
        await _command(product, "resume", session_id, hit)


async def _command(product: Product, name: str, session_id: str, hit: Hit) -> bool:
    """Whether it was accepted; a refusal is in order only for a session that has ended."""
    hit.whom.append(name)
    done = await to_thread.run_sync(product.command, name, session_id)
    if done.returncode and session_id in product.census.sessions():
        hit.faults.append(f"{name} {session_id}: exit code {done.returncode} {done.stderr[-500:]}")
    return done.returncode == 0


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


def _who(product: Product, stroke: Stroke) -> Callable[[], list[psutil.Process]]:
    census = product.census

    def child(name: str) -> list[psutil.Process]:
        found = census.child(name)
        return [found] if found else []

    match stroke.blow:
        case Blow.KILL_BROWSER:
            return census.browsers
        case Blow.KILL_DRIVER:
            return census.drivers
        case Blow.KILL_SUPERVISOR | Blow.PAUSE_SUPERVISOR | Blow.DRAIN:
            return lambda: child("run")
        case Blow.KILL_SERVICE | Blow.PAUSE_SERVICE:
            return lambda: child("serve")
        case _:
            return census.workers


def _other(stroke: Stroke) -> bool:
    # Another bit than those that pick the victim.
    return bool(stroke.choice >> 8 & 1)


async def _victim(
    who: Callable[[], list[Victim]], stroke: Stroke, hit: Hit, over: Callable[[], bool]
) -> Victim | None:
    with anyio.move_on_after(VICTIM_S):
        while not over():
            found = await to_thread.run_sync(who)
            if found:
                victim = found[stroke.choice % len(found)]
                hit.at = time.monotonic()
                named = victim.pid if isinstance(victim, psutil.Process) else victim
                hit.whom.append(f"{stroke.blow} {named}")
                return victim
            await anyio.sleep(LOOK_S)
    hit.void = True
    return None


def _send(victim: psutil.Process, number: signal.Signals) -> None:
    # It may have ended by itself in this very moment.
    with suppress(psutil.Error):
        victim.send_signal(number)
