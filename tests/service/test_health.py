"""Is everything there that a visitor needs."""

from __future__ import annotations

import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from db.errors import StoreBusy
from db.sqlite import SqliteStore
from db.store import NewSession
from service import health
from service.app import ServiceSettings
from tests.service.conftest import Running, Serving

pytestmark = pytest.mark.anyio

HEALTH = "/api/rpa/health"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question is looked into anew."""
    monkeypatch.setattr("service.health.KEPT_S", -1)


async def test_all_is_well(service: Running) -> None:
    running = await service.new()
    await service.store.claim("runner", queues=["quotes"], ttl_s=60)
    answer = await service.client.get(HEALTH)
    told = answer.json()
    assert (answer.status_code, told["status"]) == (200, "healthy")
    assert told["active_sessions"] == 1
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None
    assert set(told["system_load"]) == {"load_1m", "cpu_percent", "memory_percent"}
    assert set(told["checks"]) == {"database", "stream", "runner", "disk"}
    assert all(check["ok"] for check in told["checks"].values())
    assert running not in answer.text


@pytest.mark.parametrize("fate", ["gone", "replaced"])
async def test_a_database_that_vanished_or_was_replaced_is_seen(
    service: Running, database: Path, fate: str
) -> None:
    database.rename(database.with_suffix(".old"))
    if fate == "replaced":
        database.touch()
    answer = await service.client.get(HEALTH)
    assert answer.status_code == 503
    told = answer.json()
    assert told["status"] == "degraded"
    assert told["checks"]["database"] == {"ok": False, "code": "banco_ausente"}
    assert str(database) not in answer.text
    assert (await service.client.get("/readyz")).status_code == 503
    assert (await service.client.get("/livez")).status_code == 200


async def created_before(database: Path, seconds: float) -> None:
    """Queue a session as if `seconds` had passed since."""
    past = datetime.now(UTC) - timedelta(seconds=seconds)
    async with SqliteStore(database, clock=lambda: past) as earlier:
        name = f"waiting-{seconds}"
        await earlier.create(NewSession(id=name, automation="test", queue="quotes"))


async def test_a_session_that_nobody_takes_shows_that_no_runner_is_there(
    service: Running, database: Path
) -> None:
    await created_before(database, 5)
    assert (await service.client.get(HEALTH)).status_code == 200
    await created_before(database, 31)
    answer = await service.client.get(HEALTH)
    assert answer.status_code == 503
    check = answer.json()["checks"]["runner"]
    assert (check["ok"], check["code"]) == (False, "sessoes_sem_executor")
    assert check["oldest_queued_s"] >= 31


async def test_a_session_that_waits_while_others_run_is_a_full_house(
    service: Running, database: Path
) -> None:
    await created_before(database, 60)
    await created_before(database, 50)
    await service.store.claim("runner", queues=["quotes"], ttl_s=60)
    answer = await service.client.get(HEALTH)
    assert (answer.status_code, answer.json()["active_sessions"]) == (200, 1)


async def test_an_old_session_that_was_given_back_just_now_is_not_a_deserted_one(
    service: Running, database: Path
) -> None:
    await created_before(database, 600)
    claimed = await service.store.claim("runner", queues=["quotes"], ttl_s=60)
    assert claimed is not None
    await service.store.release(claimed[1])
    answer = await service.client.get(HEALTH)
    check = answer.json()["checks"]["runner"]
    assert (answer.status_code, check["ok"]) == (200, True)
    assert check["oldest_queued_s"] >= 600


async def test_a_disk_that_is_nearly_full_is_seen(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 1))
    answer = await service.client.get(HEALTH)
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"]["code"] == "disco_quase_cheio"


async def test_a_disk_that_is_not_there_is_seen(serving: Serving, tmp_path: Path) -> None:
    async with serving(ServiceSettings(disk_path=tmp_path / "nowhere")) as service:
        answer = await service.client.get(HEALTH)
    assert answer.json()["checks"]["disk"] == {"ok": False, "code": "disco_ausente"}


async def test_a_tail_in_trouble_is_seen(service: Running) -> None:
    service.app.parts.tail.trouble = "banco_ocupado"
    answer = await service.client.get(HEALTH)
    assert answer.json()["checks"]["stream"] == {"ok": False, "code": "banco_ocupado"}


class Slow(SqliteStore):
    """A store that does not answer, or says that it is busy."""

    async def probe(self) -> None:
        await anyio.sleep_forever()


class Busy(SqliteStore):
    async def probe(self) -> None:
        raise StoreBusy


@pytest.mark.parametrize(("kind", "code"), [(Slow, "tempo_esgotado"), (Busy, "banco_ocupado")])
async def test_a_database_that_does_not_answer_is_seen(
    serving: Serving,
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[SqliteStore],
    code: str,
) -> None:
    monkeypatch.setattr(health, "PATIENCE_S", 0.05)
    async with (
        SqliteStore(database, create=True),
        kind(database) as store,
        serving(seen_as=store) as service,
    ):
        answer = await service.client.get(HEALTH)
    assert answer.json()["checks"]["database"] == {"ok": False, "code": code}


async def test_the_answer_is_kept_for_a_moment(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.health.KEPT_S", 60)
    first: dict[str, Any] = (await service.client.get(HEALTH)).json()
    assert (await service.client.get(HEALTH)).json() == first


async def test_ready_means_that_requests_make_sense(service: Running) -> None:
    assert (await service.client.get("/readyz")).json() == {"status": "ready"}
    service.app.leave()
    answer = await service.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "encerrando")
    start = await service.client.post("/api/rpa/start", json={"placa": "A"})
    assert (start.status_code, start.json()["code"]) == (503, "encerrando")
    session = await service.told(1, ended=False)
    stream = await service.client.get(
        service.events(session), headers={"Accept": "text/event-stream"}
    )
    assert (stream.status_code, "retry: " in stream.text) == (200, True)
    assert (await service.client.get("/livez")).json() == {"status": "alive"}
