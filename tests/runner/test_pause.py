"""Pausing and going on: at a safe point, told as it happens, and no part of the run's own time."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from db.events import EventType, Status
from db.store import Wish
from tests.runner.conftest import Bench
from tests.runner.test_worker import run

pytestmark = pytest.mark.anyio


async def phases(bench: Bench) -> list[tuple[Any, Any, Any]]:
    """Phase, screen and status of each progress event."""
    told = [event.data for event in await bench.events() if event.type is EventType.PROGRESS]
    return [(data["fase"], data["etapa"], data["status"]) for data in told]


async def test_a_paused_run_rests_on_entering_a_screen_and_goes_on(bench: Bench) -> None:
    await bench.create("walks")
    lease = await bench.claim()
    await bench.store.wish("a", Wish.PAUSE)
    async with anyio.create_task_group() as group:
        group.start_soon(run_with, bench, lease, {})
        session = await bench.until(lambda session: session.status is Status.PAUSED)
        assert session.wish is Wish.PAUSE
        assert await phases(bench) == [("entrou", "1", "running"), ("pausa", "1", "paused")]
        await bench.store.wish("a", None)
    assert (await bench.ending()).type is EventType.RESULT
    assert (await phases(bench))[1:4] == [
        ("pausa", "1", "paused"),
        ("aviso", "1", "running"),
        ("concluiu", "1", "running"),
    ]


async def test_the_time_of_a_pause_is_not_the_runs(bench: Bench) -> None:
    await bench.create("walks")
    lease = await bench.claim()
    await bench.store.wish("a", Wish.PAUSE)
    async with anyio.create_task_group() as group:
        group.start_soon(run_with, bench, lease, {"deadline_s": 0.4, "silence_s": 0.3})
        await bench.until(lambda session: session.status is Status.PAUSED)
        # Five beats of a fifth of a second each: longer than both of its limits.
        beats: set[str | None] = set()
        while len(beats) <= 5:
            session = await bench.until(lambda session: session.lease_until not in beats)
            beats.add(session.lease_until)
        await bench.store.wish("a", None)
    assert (await bench.ending()).type is EventType.RESULT


async def test_a_pause_that_nobody_ends_is_ended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.worker.PAUSE_S", 0.2)
    await bench.create("walks")
    lease = await bench.claim()
    await bench.store.wish("a", Wish.PAUSE)
    await run_with(bench, lease, {})
    ending = await bench.ending()
    assert ending.data["tipo"] == "tempo_esgotado"
    assert ending.detail is not None and "pause_s" in ending.detail


async def test_a_paused_run_can_be_cancelled(bench: Bench) -> None:
    await bench.create("walks")
    lease = await bench.claim()
    await bench.store.wish("a", Wish.PAUSE)
    async with anyio.create_task_group() as group:
        group.start_soon(run_with, bench, lease, {})
        await bench.until(lambda session: session.status is Status.PAUSED)
        await bench.store.wish("a", Wish.CANCEL)
    assert (await bench.ending()).status is Status.CANCELLED


async def run_with(bench: Bench, lease: Any, limits: dict[str, float]) -> None:
    """The work under this lease."""
    await run(bench, "walks", lease=lease, limits=limits, ttl_s=1)


async def test_a_wish_to_pause_is_told_at_once_though_the_screen_goes_on(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise()
    await bench.until(lambda session: session.last_seq == 3)
    await bench.store.wish("a", Wish.PAUSE)
    await bench.until(lambda session: session.last_seq == 4)
    assert (await phases(bench))[-1] == ("aviso", "4", "running")
    await bench.store.wish("a", None)
    await bench.store.wish("a", Wish.CANCEL)
    assert (await bench.ending()).status is Status.CANCELLED
