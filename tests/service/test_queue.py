"""The door of a full queue: nobody comes in, nothing is kept, and it says when to come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from db.sqlite import SqliteStore
from db.store import NewSession
from service.app import ServiceSettings
from service.errors import RETRY_AFTER_S
from service.start import ASKED
from tests.service.conftest import SITE, Running, Serving

pytestmark = pytest.mark.anyio

START = "/api/rpa/start"
ANSWERS = {"placa": "abc1d23"}
LIMIT = 2


@pytest.fixture
async def full(serving: Serving) -> AsyncIterator[Running]:
    """A service whose queue of quotes has as many waiting as it takes."""
    async with serving(ServiceSettings(queue_limit=LIMIT, cors_origins=[SITE])) as service:
        for _ in range(LIMIT):
            await service.new()
        yield service


async def ask(service: Running, **headers: str) -> httpx.Response:
    return await service.client.post(START, json=ANSWERS, headers=headers)


async def tell(service: Running, *places: object) -> None:
    """Say to each of those who wait, in order, what the runner says of their place."""
    assert isinstance(service.store, SqliteStore)
    waiting = await service.store.unfinished()
    for (session, _), fila in zip(waiting, places, strict=True):
        data = {"etapa": "0", "fase": "fila", "status": "queued", "fila": fila}
        assert await service.store.tell(session, data)


async def test_a_full_queue_takes_nobody_and_keeps_nothing(full: Running) -> None:
    answer = await ask(full, Origin=SITE, **{"Idempotency-Key": "6b1d"})
    assert (answer.status_code, answer.json()) == (
        503,
        {
            "success": False,
            "code": "fila_cheia",
            "error": "A fila está cheia. Tente novamente em instantes.",
        },
    )
    assert answer.headers["access-control-expose-headers"] == "ETag, Retry-After"
    assert len(await full.store.sessions()) == LIMIT


async def test_whoever_comes_back_with_the_same_key_gets_the_place_that_became_free(
    full: Running,
) -> None:
    key = {"Idempotency-Key": "6b1d"}
    assert (await ask(full, **key)).status_code == 503
    await full.store.claim("runner", queues=["quotes"], ttl_s=60)
    assert (await ask(full, **key)).status_code == 202
    assert await full.store.waiting("quotes") == LIMIT


async def test_a_repetition_finds_its_session_though_the_queue_is_full_by_now(
    serving: Serving,
) -> None:
    key = {"Idempotency-Key": "6b1d"}
    async with serving(ServiceSettings(queue_limit=1, cors_origins=[SITE])) as service:
        first = await ask(service, **key)
        again = await ask(service, **key)
        assert (first.status_code, again.status_code) == (202, 200)
        assert first.json()["session_id"] == again.json()["session_id"]
        other = await service.client.post(START, json={"placa": "xyz9z99"})
        assert other.status_code == 503


async def test_many_who_come_at_once_do_not_overfill_it(serving: Serving) -> None:
    codes: list[int] = []

    async def come(number: int) -> None:
        answers = {"placa": f"abc1d{number:02d}"}
        codes.append((await service.client.post(START, json=answers)).status_code)

    async with serving(ServiceSettings(queue_limit=LIMIT, cors_origins=[SITE])) as service:
        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(come, number)
        assert sorted(codes) == [202] * LIMIT + [503] * 10
        assert await service.store.waiting("quotes") == LIMIT


async def test_sessions_that_run_or_wait_in_another_queue_take_no_place(full: Running) -> None:
    for number in range(LIMIT):
        other = NewSession(id=f"other-{number}", automation="test", queue="other")
        await full.store.create(other)
        await full.store.claim("runner", queues=["quotes"], ttl_s=60)
    assert [(await ask(full)).status_code] == [202]


@pytest.mark.parametrize(
    ("last", "seconds"),
    [
        ({"posicao": 2, "espera_s": 40}, 20),
        ({"posicao": 3, "espera_s": 40.5}, 14),
        ({"posicao": 4, "espera_s": 4}, 5),
        ({"posicao": 1, "espera_s": 900}, 120),
    ],
)
async def test_it_says_to_come_back_when_one_place_s_time_has_passed(
    full: Running, last: dict[str, Any], seconds: int
) -> None:
    await tell(full, {"posicao": 1, "espera_s": 7}, last)
    assert (await ask(full)).headers["retry-after"] == str(seconds)


async def test_who_waits_without_a_figure_leaves_it_to_who_has_one(full: Running) -> None:
    await tell(full, {"posicao": 1, "espera_s": 7}, {"posicao": 2, "espera_s": None})
    assert (await ask(full)).headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "fila", [None, {}, [], "2", {"posicao": 2, "espera_s": None}, {"posicao": 0, "espera_s": 9}]
)
async def test_where_nothing_is_known_it_is_a_short_while(full: Running, fila: object) -> None:
    await tell(full, fila, fila)
    assert (await ask(full)).headers["retry-after"] == str(RETRY_AFTER_S)


async def test_another_queue_s_waits_say_nothing_about_this_one(full: Running) -> None:
    await full.store.create(NewSession(id="other", automation="test", queue="other"))
    nothing = {"posicao": 1, "espera_s": None}
    await tell(full, nothing, nothing, {"posicao": 1, "espera_s": 60})
    assert (await ask(full)).headers["retry-after"] == str(RETRY_AFTER_S)


async def test_another_queue_s_crowd_is_not_in_the_way(full: Running) -> None:
    await tell(full, {"posicao": 1, "espera_s": 60}, {"posicao": 2, "espera_s": 120})
    urgent = [NewSession(id=f"u{n}", automation="a", queue="other", priority=9) for n in range(40)]
    for other in urgent:
        await full.store.create(other)
    assert (await ask(full)).headers["retry-after"] == "60"


async def test_a_full_queue_reads_a_few_of_those_who_wait_and_not_all(
    serving: Serving, database: Path
) -> None:
    read: list[int] = []

    class Counting(SqliteStore):
        async def unfinished(self, **how: Any) -> Any:
            found = await super().unfinished(**how)
            read.append(len(found))
            return found

    async with (
        SqliteStore(database, create=True),
        Counting(database) as store,
        serving(ServiceSettings(queue_limit=30), seen_as=store) as service,
    ):
        for _ in range(30):
            await service.new()
        assert (await ask(service)).status_code == 503
    assert read == [ASKED]
