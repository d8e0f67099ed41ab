"""Cancelling a worker that does not obey: asked, then told, then killed."""

from __future__ import annotations

import psutil
import pytest

from db.events import Status
from db.store import Wish
from runner import pulse
from tests.runner.conftest import Bench, gone

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "CANCEL_S", 0.2)


async def test_a_worker_that_has_not_begun_is_cancelled_all_the_same(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise(command=["sleep", "600"], ttl_s=1)
    await bench.until(lambda session: session.last_seq == 1)
    await bench.store.wish("a", Wish.CANCEL)
    ending = await bench.ending()
    assert ending.status is Status.CANCELLED
    assert ending.detail is not None and "did not obey" in ending.detail


async def test_a_stopped_worker_is_cancelled_before_its_lease_runs_out(bench: Bench) -> None:
    await bench.create("waits")
    bench.supervise(ttl_s=2)
    session = await bench.until(lambda session: session.last_seq == 3)
    assert session.pid is not None
    psutil.Process(session.pid).suspend()
    await bench.store.wish("a", Wish.CANCEL)
    ending = await bench.ending()
    assert (ending.status, ending.data["dados_enviados"]) == (Status.CANCELLED, True)
    await gone(session.pid)
