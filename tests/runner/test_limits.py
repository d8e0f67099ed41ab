"""What a worker may use of memory and of time, where its own watches do not hold it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import attempt, supervisor
from runner.supervisor import Workplace
from tests.runner.conftest import SITE, Bench, gone

pytestmark = pytest.mark.anyio

# Far more than an interpreter with our modules, far less than what `grows` takes.
LIMIT = 200 << 20


async def test_a_worker_that_grows_beyond_its_memory_is_ended_with_all_it_started(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "FIRST_LOOK_S", 0.05)
    monkeypatch.setattr(attempt, "LAST_LOOK_S", 0.05)
    note = tmp_path / "stray"
    await bench.create("grows", file=str(note))
    bench.supervise(workplace=Workplace(database=bench.url, site=SITE, memory=LIMIT))
    session = await bench.until(lambda session: session.pid is not None)
    ending = await bench.ending()
    assert (ending.data["tipo"], ending.data["dados_enviados"]) == ("memoria_esgotada", False)
    assert ending.detail is not None and '"mb":' in ending.detail
    assert session.pid is not None
    await gone(session.pid)
    await gone(int(note.read_text()))


async def test_a_worker_within_its_memory_is_left_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "FIRST_LOOK_S", 0.05)
    monkeypatch.setattr(attempt, "LAST_LOOK_S", 0.05)
    await bench.create("simulacao", etapas=10, intervalo_s=0.05)
    bench.supervise(workplace=Workplace(database=bench.url, site=SITE, memory=LIMIT))
    assert (await bench.ending()).data["desfecho"] == "cotacao"


async def test_a_worker_whose_own_watch_does_not_end_it_is_ended_at_its_limit_of_life(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the 300 s that `waits` has, the supervisor allows less than the worker's watch does.
    monkeypatch.setattr(supervisor, "PAUSE_S", 0)
    monkeypatch.setattr(supervisor, "OVERTIME_S", -298.0)
    await bench.create("waits")
    bench.supervise(ttl_s=1)
    session = await bench.screen("4")
    ending = await bench.ending()
    assert (ending.data["tipo"], ending.data["etapa"]) == ("tempo_esgotado", "4")
    assert ending.detail is not None and "outlived its deadline" in ending.detail
    assert session.pid is not None
    await gone(session.pid)
