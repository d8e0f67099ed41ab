"""What Prometheus is told, and who may ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from prometheus_client.parser import text_string_to_metric_families

from db.errors import StoreBusy
from db.sqlite import SqliteStore
from service.app import Pace, ServiceSettings
from service.tally import DELIVERY_BOUNDS, Histogram, Tally
from tests.service.conftest import Running, Serving, token

pytestmark = pytest.mark.anyio

SECRET = "a token for the metrics"
START = "/api/rpa/start"


async def told(service: Running, **labels: str) -> dict[str, float]:
    """Every figure by its name; of those with labels only the ones that have these."""
    answer = await service.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [
        sample
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    ]
    return {sample.name: sample.value for sample in samples}


async def until(service: Running, name: str, value: float, **labels: str) -> None:
    """Return once the figure is so."""
    with anyio.fail_after(5):
        while (await told(service, **labels)).get(name) != value:
            await checkpoint()


# Who may ask


async def test_this_machine_may_ask_and_whoever_is_behind_a_proxy_on_it_may_not(
    serving: Serving,
) -> None:
    async with serving() as service:
        assert (await service.client.get("/metrics")).status_code == 200
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            answer = await service.client.get("/metrics", headers={header: "127.0.0.1"})
            assert (answer.status_code, answer.json()["code"]) == (403, "metricas_restritas")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (None, 401),
        (f"Bearer {SECRET}", 200),
        (f"bearer {SECRET} ", 200),
        (f"Bearer {SECRET}x", 401),
        ("Bearer é", 401),
        ("Bearer", 401),
        (f"Basic {SECRET}", 401),
    ],
)
async def test_from_elsewhere_they_have_a_token_of_their_own(
    serving: Serving, given: str | None, status: int
) -> None:
    async with serving(ServiceSettings(metrics_token=SECRET)) as service:
        headers = [(b"X-Forwarded-For", b"203.0.113.5")]
        if given is not None:
            headers.append((b"Authorization", given.encode().rstrip()))
        answer = await service.client.get("/metrics", headers=headers)
        assert answer.status_code == status
        if status == 401:
            assert answer.json()["code"] == "nao_autorizado"
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_session_s_token_does_not_open_them_nor_does_any_where_none_is_set(
    service: Running,
) -> None:
    headers = {"Authorization": f"Bearer {token('s')}"}
    assert (await service.client.get("/metrics", headers=headers)).status_code == 401


# What they say


async def test_no_session_no_path_and_no_address_is_ever_in_them(service: Running) -> None:
    session = await service.told(2)
    for path in (service.events(session), service.progress(session), "/nothing/secret-7"):
        await service.client.get(path, headers={"X-Forwarded-For": "203.0.113.5"})
    text = (await service.client.get("/metrics")).text
    assert not [word for word in (session, "secret-7", "203.0.113", "/api") if word in text]


async def test_two_services_in_one_process_count_each_their_own(
    serving: Serving, tmp_path: Path
) -> None:
    async with serving() as one, serving() as other:
        await one.client.get(one.events(await one.told(2)))
        assert (await told(one))["andamento_events_delivered_total"] == 3
        assert (await told(other))["andamento_events_delivered_total"] == 0


async def test_one_of_several_processes_says_which_it_is(serving: Serving) -> None:
    async with serving(ServiceSettings(worker="2", version="7.1")) as service:
        page = (await service.client.get("/metrics")).text
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    assert lines and all('worker="2"' in line for line in lines)
    assert 'andamento_build{version="7.1",worker="2"} 1.0' in lines


async def test_the_process_itself_is_measured(service: Running) -> None:
    figures = await told(service)
    assert figures["process_open_fds"] > 3
    assert figures["process_resident_memory_bytes"] > 1e6


async def test_a_stream_is_counted_from_its_beginning_to_its_end(service: Running) -> None:
    session = await service.new()
    pen = await service.pen(session)
    async with service.client.stream("GET", service.events(session)) as answer:
        pieces = answer.aiter_bytes()
        await anext(pieces)
        figures = await told(service)
        assert figures["andamento_streams_open"] == figures["andamento_places_taken"] == 1
        await pen.progress(2)
        await pen.result()
        text = b"".join([piece async for piece in pieces])
    figures = await told(service)
    assert (figures["andamento_streams_opened_total"], figures["andamento_streams_open"]) == (1, 0)
    assert figures["andamento_events_delivered_total"] == 3
    assert figures["andamento_stream_sent_bytes_total"] >= len(text)
    assert figures["andamento_streams_resumed_total"] == 0


async def test_only_what_was_committed_while_the_reader_was_there_has_a_delay(
    service: Running,
) -> None:
    session = await service.told(3, ended=False)
    async with service.client.stream("GET", service.events(session)) as answer:
        pieces = answer.aiter_bytes()
        await anext(pieces)
        await until(service, "andamento_events_delivered_total", 3)
        assert (await told(service))["andamento_delivery_seconds_count"] == 0
        pen = await service.pen(session)
        with anyio.fail_after(5):
            # Times have milliseconds: what comes within the first one does not count yet.
            while not (await told(service))["andamento_delivery_seconds_count"]:
                await pen.progress()
    assert 0 <= (await told(service))["andamento_delivery_seconds_sum"] < 5


async def test_streams_end_for_a_reason(serving: Serving) -> None:
    async with serving(ServiceSettings(pace=Pace(lifetime_s=0.05))) as service:
        await service.client.get(service.events(await service.told(1)))
        await until(service, "andamento_streams_ended_total", 1, reason="session_ended")
        await service.client.get(service.events(await service.told(1, ended=False)))
        await until(service, "andamento_streams_ended_total", 1, reason="renewed")
        async with service.client.stream("GET", service.events(await service.new())) as answer:
            pieces = answer.aiter_bytes()
            await anext(pieces)
        await until(service, "andamento_streams_ended_total", 1, reason="client_left")
        async with service.client.stream("GET", service.events(await service.new())) as answer:
            pieces = answer.aiter_bytes()
            await anext(pieces)
            service.app.leave()
            assert [piece async for piece in pieces]
        await until(service, "andamento_streams_ended_total", 1, reason="shutdown")


async def test_resumes_and_resets_are_counted(service: Running) -> None:
    session = await service.told(3)
    await service.client.get(service.events(session, after=2))
    for cursor in ("x", 99, "y"):
        unfinished = await service.told(1)
        await service.client.get(service.events(unfinished, after=cursor))
    figures = await told(service)
    assert figures["andamento_streams_resumed_total"] == 1
    unreadable = await told(service, motive="cursor_ilegivel")
    assert unreadable["andamento_stream_resets_total"] == 2


async def test_refusals_are_counted_by_their_limit(serving: Serving) -> None:
    settings = ServiceSettings(
        streams_per_session=1, starts_per_minute=1, trusted_proxies=["127.0.0.1"]
    )
    async with serving(settings) as service:
        session = await service.new()
        headers = {"X-Forwarded-For": "203.0.113.5"}
        async with service.client.stream("GET", service.events(session), headers=headers) as answer:
            pieces = answer.aiter_bytes()
            await anext(pieces)
            await service.client.get(service.events(session), headers=headers)
        for _ in range(3):
            await service.client.post(START, json={"placa": "A"})

        async def refused(limit: str) -> float:
            return (await told(service, limit=limit))["andamento_refused_total"]

        assert await refused("streams_per_session") == 1
        assert await refused("starts_per_minute") == 2
        assert await refused("streams") == 0


async def test_starts_are_counted_by_what_became_of_them(serving: Serving) -> None:
    async with serving(ServiceSettings(queue_limit=1, starts_per_minute=4)) as service:
        for answers in ({"placa": "A"}, {"placa": "A"}, {}, {"placa": "B"}, {"placa": "C"}):
            await service.client.post(START, json=answers)
        for outcome in ("new", "repeated", "parametros_invalidos", "fila_cheia", "muitos_pedidos"):
            assert (await told(service, outcome=outcome))["andamento_starts_total"] == 1, outcome


async def test_requests_are_counted_by_route_and_class_of_answer(service: Running) -> None:
    session = await service.told(1)
    await service.client.get(service.progress(session))
    await service.client.get(f"/api/rpa/progress/{session}")
    await service.client.get("/nothing")
    name = "andamento_request_seconds_count"
    assert (await told(service, route="progress", status="2xx"))[name] == 1
    assert (await told(service, route="progress", status="4xx"))[name] == 1
    assert (await told(service, route="none", status="4xx"))[name] == 1


async def test_snapshots_are_counted(service: Running) -> None:
    path = service.progress(await service.told(1))
    for _ in range(3):
        await service.client.get(path)
    figures = await told(service)
    assert (figures["andamento_pictures"], figures["andamento_picture_hits_total"]) == (1, 2)
    assert figures["andamento_picture_folds_total"] == 1
    assert figures["andamento_picture_bytes"] > 500


async def test_sessions_are_counted_and_the_oldest_that_waits_has_an_age(service: Running) -> None:
    await service.new()
    await service.new()
    await service.store.claim("runner", queues=["quotes"], ttl_s=60)
    assert (await told(service, status="queued"))["andamento_sessions"] == 1
    assert (await told(service, status="running"))["andamento_sessions"] == 1
    figures = await told(service)
    assert (figures["andamento_sessions_held"], figures["andamento_store_up"]) == (1, 1)
    assert 0 <= figures["andamento_oldest_queued_seconds"] < 60
    assert figures["andamento_wal_bytes"] > 0
    assert figures["andamento_wal_left_frames"] == 0
    assert 0 <= figures["andamento_checkpoint_age_seconds"] < 60


async def test_a_tail_that_is_behind_says_by_how_much(service: Running) -> None:
    session = await service.told(5, ended=False)
    assert (await told(service))["andamento_tail_lag_events"] == 0
    async with service.client.stream("GET", service.events(session)) as answer:
        pieces = answer.aiter_bytes()
        await anext(pieces)
        await until(service, "andamento_tail_lag_events", 0)
        service.app.parts.tail.trouble = "banco_ocupado"
        assert (await told(service))["andamento_tail_trouble"] == 1


class Busy(SqliteStore):
    """A store that cannot say how it stands."""

    async def standing(self) -> Any:
        raise StoreBusy


async def test_a_store_that_does_not_answer_takes_only_its_own_figures_with_it(
    serving: Serving, database: Path
) -> None:
    async with (
        SqliteStore(database, create=True),
        Busy(database) as busy,
        serving(seen_as=busy) as service,
    ):
        figures = await told(service)
    assert figures["andamento_store_up"] == 0
    assert "andamento_sessions" not in figures
    assert figures["andamento_streams_open"] == 0


# How they are kept


@pytest.fixture
def delay() -> Iterator[Histogram]:
    """A histogram of three places."""
    yield Histogram((0.1, 1.0))


def test_a_histogram_counts_up_to_and_with_its_bound(delay: Histogram) -> None:
    for seconds in (0.0, 0.1, 0.2, 1.0, 7.0):
        delay.observe(seconds)
    assert delay.counts == [2, 2, 1]
    assert delay.total_s == pytest.approx(8.3)


async def test_prometheus_is_told_what_is_at_or_under_each_bound(service: Running) -> None:
    for seconds in (0.0005, 0.002, 60.0):
        service.app.parts.tally.delay.observe(seconds)
    name = "andamento_delivery_seconds_bucket"
    under = {bound: (await told(service, le=bound))[name] for bound in ("0.001", "0.002", "+Inf")}
    assert under == {"0.001": 1, "0.002": 2, "+Inf": 3}
    assert (await told(service))["andamento_delivery_seconds_count"] == 3


def test_a_time_that_no_calendar_has_is_no_delay_and_no_fault() -> None:
    tally = Tally()
    tally.delivered(2, "9999-99-99T99:99:99.999Z", "2026-01-01T00:00:00.000Z")
    assert (tally.events, tally.delay.counts[0]) == (2, 1)
    assert len(tally.delay.counts) == len(DELIVERY_BOUNDS) + 1


async def test_the_page_for_operators_names_every_figure(service: Running) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    families = text_string_to_metric_families((await service.client.get("/metrics")).text)
    names = {family.name for family in families if not family.name.startswith("process_")}
    assert len(names) > 20
    assert not [name for name in names if name not in page]


async def test_the_page_for_operators_names_no_figure_that_is_not_there(service: Running) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    there = (await service.client.get("/metrics")).text
    named = set(re.findall(r"\b(andamento_[a-z_]+[a-z])", page))
    assert not [name for name in named if name.removesuffix("_bucket") not in there]
