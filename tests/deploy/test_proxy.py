"""Behind nginx and Caddy, configured as shipped: every event when it happens, and nothing leaks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import httpx
import httpx_sse
import pytest
from anyio.lowlevel import checkpoint
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from service.app import ServiceSettings
from tests.deploy.conftest import Before
from tests.deploy.proxy import ROOT, Proxy, nginx
from tests.service.conftest import SITE, Running, Serving, blocks, ids
from tests.service.multiplex import connected

pytestmark = pytest.mark.anyio

SETTINGS = ServiceSettings(
    trusted_proxies=["127.0.0.1"],
    cors_origins=[SITE],
    starts_per_minute=1000,
    snippet_path=ROOT / "frontend_snippet" / "andamento.js",
)


@asynccontextmanager
async def both(serving: Serving, before: Before) -> AsyncIterator[tuple[Running, Proxy]]:
    """A service and a proxy before it."""
    async with serving(SETTINGS) as service, before(service.url) as proxy:
        yield service, proxy


def client(proxy: Proxy, *, http2: bool = True) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=proxy.url, verify=proxy.own.trusted(), http1=not http2, http2=http2, timeout=10
    )


@pytest.mark.parametrize("http2", [True, False], ids=["HTTP/2", "HTTP/1.1"])
async def test_each_event_arrives_when_it_happens_and_the_end_ends_it(
    serving: Serving, before: Before, http2: bool
) -> None:
    async with both(serving, before) as (service, proxy), client(proxy, http2=http2) as visitor:
        session = await service.new()
        pen = await service.pen(session)
        async with httpx_sse.aconnect_sse(visitor, "GET", service.events(session)) as source:
            assert source.response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            events = source.aiter_sse()
            for count in range(1, 6):
                await pen.progress()
                with anyio.fail_after(5):
                    assert (await anext(events)).id == str(count)
            await pen.result()
            assert [event.event async for event in events] == ["result", "end"]
        assert (await visitor.get(service.events(session, after=6))).status_code == 204


async def test_a_reader_that_was_cut_off_goes_on_where_it_stopped(
    serving: Serving, before: Before
) -> None:
    async with both(serving, before) as (service, proxy):
        session = await service.told(200, ended=False)
        async with client(proxy) as visitor, visitor.stream("GET", service.events(session)) as cut:
            seen = ""
            async for piece in cut.aiter_text():
                seen += piece
                if "\n\n" in seen:
                    break
        last = ids(seen.rpartition("\n\n")[0])[-1]
        await (await service.pen(session)).result()
        async with client(proxy) as visitor:
            answer = await visitor.get(
                service.events(session, after=0), headers={"Last-Event-ID": str(last)}
            )
        assert ids(answer.text) == list(range(last + 1, 202))


async def test_a_visitor_who_leaves_gives_the_place_back(serving: Serving, before: Before) -> None:
    async with both(serving, before) as (service, proxy):
        session = await service.told(1, ended=False)
        async with connected(proxy.url, tls=proxy.own.trusted("h2")) as connection:
            streams = [await connection.ask(service.events(session)) for _ in range(2)]
            await connection.until(lambda: set(streams) <= set(connection.data))
            await connection.give_up(streams[0])
            await gone(service, 1)
        await gone(service, 2)


async def gone(service: Running, count: int) -> None:
    with anyio.fail_after(5):
        while service.app.parts.gate.streams > 2 - count:
            await checkpoint()


async def test_a_stop_of_the_service_ends_every_stream_in_order(
    serving: Serving, before: Before
) -> None:
    async with both(serving, before) as (service, proxy):
        session = await service.told(1, ended=False)
        async with connected(proxy.url, tls=proxy.own.trusted("h2")) as connection:
            streams = [await connection.ask(service.events(session)) for _ in range(101)]
            await connection.until(lambda: all(b"id: 1\n" in connection.data[s] for s in streams))
            service.stop.set()
            with anyio.fail_after(2):
                await service.stopped.wait()
            await connection.until(lambda: connection.ended == set(streams))
            assert not connection.reset
        last = [blocks(connection.data[stream].decode())[-1] for stream in streams]
        assert all(1000 <= int(block["retry"]) <= 5000 for block in last)


async def test_a_websocket_passes(serving: Serving, before: Before) -> None:
    async with both(serving, before) as (service, proxy):
        session = await service.told(1, ended=False)
        path = service.events(session).replace("/events/", "/ws/")
        url = proxy.url.replace("https", "wss") + path
        async with connect(
            url, ssl=proxy.own.trusted(), proxy=None, origin=Origin(proxy.url)
        ) as socket:
            with anyio.fail_after(5):
                assert json.loads(await socket.recv())["id"] == 1
                await (await service.pen(session)).result()
                assert json.loads(await socket.recv())["id"] == 2
                assert json.loads(await socket.recv())["event"] == "end"
                with pytest.raises(ConnectionClosed):
                    await socket.recv()
        assert socket.close_code == 1000


async def test_the_addresses_given_out_are_the_proxys(serving: Serving, before: Before) -> None:
    async with both(serving, before) as (_, proxy), client(proxy) as visitor:
        forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
        answer = await visitor.post("/api/rpa/start", json={"placa": "A"}, headers=forged)
        assert answer.status_code == 202
        assert answer.json()["events_url"].startswith(f"{proxy.url}/api/rpa/events/")


async def test_whom_a_visitor_claims_to_be_counts_for_nothing(
    serving: Serving, before: Before
) -> None:
    settings = replace(SETTINGS, streams_per_address=1)
    async with serving(settings) as service, before(service.url) as proxy:
        session = await service.told(1, ended=False)
        forged = {"X-Forwarded-For": "203.0.113.5", "Forwarded": "for=203.0.113.5"}
        async with client(proxy) as one, client(proxy) as two:
            for visitor in (one, two):
                answer = await visitor.send(
                    visitor.build_request("GET", service.events(session), headers=forged),
                    stream=True,
                )
                # A visitor on this machine is not counted, one at that address would be.
                assert answer.status_code == 200


async def test_no_token_gets_into_a_log(serving: Serving, before: Before) -> None:
    async with both(serving, before) as (service, proxy), client(proxy) as visitor:
        session = await service.told(1)
        assert (await visitor.get(service.events(session))).status_code == 200
        service.stop.set()
        await service.stopped.wait()
        assert (await visitor.get(service.events(session))).status_code == 502
        with anyio.fail_after(5):
            while proxy.logs.count(f"/api/rpa/events/{session}") < 2:
                await checkpoint()
    assert "token=" not in proxy.logs
    assert "eyJ" not in proxy.logs


async def test_the_metrics_are_not_for_the_world(serving: Serving, before: Before) -> None:
    async with both(serving, before) as (_, proxy), client(proxy) as visitor:
        assert (await visitor.get("/metrics")).status_code == 404


async def test_what_the_service_refuses_it_refuses_in_its_own_words(
    serving: Serving, before: Before
) -> None:
    async with both(serving, before) as (_, proxy), client(proxy, http2=False) as visitor:
        headers = {"Content-Type": "application/json", "Origin": SITE}
        answer = await visitor.post("/api/rpa/start", content=b"x" * 100_000, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "corpo_grande")
        assert answer.headers["access-control-allow-origin"] == SITE


async def test_no_upgrade_leads_past_the_proxy(serving: Serving, before: Before) -> None:
    async with both(serving, before) as (_, proxy), client(proxy, http2=False) as visitor:
        headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": ""}
        with anyio.fail_after(5):
            answer = await visitor.get("/livez", headers=headers)
        assert answer.status_code == 200


async def test_the_snippet_is_there_while_the_service_restarts(
    serving: Serving, tmp_path: Path
) -> None:
    before = partial(nginx, tmp_path)
    async with both(serving, before) as (service, proxy), client(proxy) as visitor:
        first = await visitor.get("/snippet/andamento.js")
        service.stop.set()
        await service.stopped.wait()
        again = await visitor.get("/snippet/andamento.js")
    assert (again.status_code, again.content) == (200, first.content)


async def test_who_starts_without_end_is_held_up_at_the_edge(
    serving: Serving, tmp_path: Path
) -> None:
    before = partial(nginx, tmp_path)
    async with both(serving, before) as (_, proxy), client(proxy) as visitor:
        for _ in range(40):
            preflight = await visitor.options("/api/rpa/start", headers={"Origin": SITE})
            assert preflight.status_code != 429
        codes = [
            (await visitor.post("/api/rpa/start", json={"placa": f"A{number}"})).status_code
            for number in range(40)
        ]
    assert set(codes[:21]) == {202}
    assert 429 in codes[21:]
