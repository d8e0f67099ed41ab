"""What every answer has in common: headers for other sites' pages, one shape for errors."""

from __future__ import annotations

import json

import httpx
import pytest
from structlog.testing import capture_logs

from db.errors import Ended, EventRefused, KeyReused, StoreDamaged, UnknownSession
from db.store import Store
from service.app import ServiceSettings, create_app, routes
from service.cors import Origins
from service.errors import TABLE, from_store
from tests.service.conftest import SITE, Running, Serving, seal, token

pytestmark = pytest.mark.anyio


async def of_every_kind(service: Running) -> list[tuple[int, httpx.Response]]:
    """One answer of every kind, as a page of the allowed site gets it."""
    client, ended, open_ = service.client, await service.told(1), await service.told(1, ended=False)
    headers = {"Origin": SITE}
    start = "/api/rpa/start"
    etag = (await client.get(service.progress(ended))).headers["etag"]
    return [
        (202, await client.post(start, json={"placa": "A"}, headers=headers)),
        (200, await client.post(start, json={"placa": "A"}, headers=headers)),
        (400, await client.post(start, content=b"{", headers={
            **headers, "content-type": "application/json"})),
        (401, await client.get(f"/api/rpa/events/{ended}", headers=headers)),
        (403, await client.delete(
            f"/api/rpa/sessions/{ended}?token={token(ended, scopes=['read'])}", headers=headers)),
        (404, await client.get("/api/rpa/nada", headers=headers)),
        (404, await client.get(service.progress("nobody"), headers=headers)),
        (405, await client.get(start, headers=headers)),
        (409, await client.delete(
            f"/api/rpa/sessions/{ended}?token={token(ended)}", headers=headers)),
        (413, await client.post(start, content=b"x" * 70_000, headers={
            **headers, "content-type": "application/json"})),
        (415, await client.post(start, content=b"{}", headers=headers)),
        (422, await client.post(start, json={}, headers=headers)),
        (500, await client.post(start, json={"placa": "explode"}, headers=headers)),
        (200, await client.get(service.events(ended), headers=headers)),
        (204, await client.get(service.events(ended, after=2), headers=headers)),
        (200, await client.get(service.progress(open_), headers=headers)),
        (304, await client.get(service.progress(ended), headers={
            **headers, "If-None-Match": etag})),
        (202, await client.delete(
            f"/api/rpa/sessions/{open_}?token={token(open_)}", headers=headers)),
        (200, await client.get("/api/rpa/health", headers=headers)),
        (200, await client.get("/livez", headers=headers)),
        (200, await client.get("/readyz", headers=headers)),
    ]  # fmt: skip


async def test_every_kind_of_answer_can_be_read_by_an_allowed_site(service: Running) -> None:
    for status, answer in await of_every_kind(service):
        what = f"{answer.request.method} {answer.request.url} {answer.text[:200]}"
        assert answer.status_code == status, what
        assert answer.headers["access-control-allow-origin"] == SITE, what
        assert "Origin" in answer.headers["vary"], what
        assert answer.headers["x-content-type-options"] == "nosniff", what
        assert answer.headers["referrer-policy"] == "no-referrer", what
        assert answer.headers["x-frame-options"] == "DENY", what
        assert "default-src 'none'" in answer.headers["content-security-policy"], what
        assert "server" not in answer.headers, what


async def test_every_error_has_the_same_shape(service: Running) -> None:
    for status, answer in await of_every_kind(service):
        if status < 400:
            continue
        told = answer.json()
        assert told["success"] is False
        assert TABLE[told["code"]].status == status
        assert told["error"] == TABLE[told["code"]].pt
        assert set(told) <= {"success", "code", "error", "campos"}


@pytest.mark.parametrize(
    "origin", ["https://outra.example", "null", SITE + ".evil", "http://loja.example"]
)
async def test_a_site_that_is_not_on_the_list_cannot_read(service: Running, origin: str) -> None:
    for path in ("/livez", "/api/rpa/nada", service.progress(await service.told(1))):
        answer = await service.client.get(path, headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]
    question = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = await service.client.options("/api/rpa/start", headers=question)
    assert (answer.status_code, answer.json()["code"]) == (403, "origem_recusada")


async def test_a_request_without_origin_works(service: Running) -> None:
    answer = await service.client.get(service.progress(await service.told(1)))
    assert answer.status_code == 200
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers


async def test_the_question_before_a_request_is_answered(service: Running) -> None:
    for method, path in [("POST", "/api/rpa/start"), ("GET", "/api/rpa/events/x")]:
        headers = {
            "Origin": SITE,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,last-event-id",
        }
        answer = await service.client.options(path, headers=headers)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == SITE
        assert method in answer.headers["access-control-allow-methods"]
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert set(allowed) == {
            "content-type", "authorization", "idempotency-key", "last-event-id", "cache-control",
        }  # fmt: skip
        assert int(answer.headers["access-control-max-age"]) > 0
        assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://loja.example", True),
        ("HTTPS://LOJA.EXAMPLE", True),
        ("https://minha-loja.webflow.io", True),
        ("https://webflow.io", False),
        ("https://a.b.webflow.io", False),
        ("https://webflow.io.evil.example", False),
        ("https://evil-webflow.io", False),
        ("http://minha-loja.webflow.io", False),
        ("https://loja.example:8443", False),
        ("http://localhost:3000", True),
        ("", False),
    ],
)
def test_an_origin_is_on_the_list_exactly_or_by_one_label(origin: str, allowed: bool) -> None:
    origins = Origins(["https://loja.example/", "https://*.webflow.io", " http://localhost:3000 "])
    assert origins.allow(origin) is allowed


@pytest.mark.parametrize(
    "entry", ["*", "loja.example", "https://*", "https://a/b", "https://a.*.b"]
)
def test_an_entry_that_is_no_origin_stops_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        Origins([entry])


async def test_a_short_secret_stops_the_start(store: Store) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        create_app(
            store=store,
            automations={}, seal=seal, secret="short", settings=ServiceSettings(),
        )  # fmt: skip


async def test_a_wrong_method_names_the_right_ones(service: Running) -> None:
    answer = await service.client.put("/api/rpa/start")
    assert (answer.status_code, answer.json()["code"]) == (405, "metodo_nao_permitido")
    assert answer.headers["allow"] == "POST"
    answer = await service.client.post("/api/rpa/events/x")
    assert {method.strip() for method in answer.headers["allow"].split(",")} == {"GET", "HEAD"}


async def test_every_route_refuses_a_method_that_it_does_not_have(service: Running) -> None:
    for route in routes(service.app.parts):
        path = route.path.replace("{session_id}", "x").replace("{hash:str}", "x")
        answer = await service.client.request("PATCH", path)
        assert (answer.status_code, bool(answer.headers["allow"])) == (405, True), path


async def test_options_without_a_question_is_a_method_like_others(service: Running) -> None:
    assert (await service.client.options("/api/rpa/start")).status_code == 405


@pytest.mark.parametrize(
    ("header", "english"),
    [
        ("en", True),
        ("en-US,en;q=0.9,pt;q=0.8", True),
        ("pt-BR,pt;q=0.9,en;q=0.8", False),
        ("de, en;q=0.5", True),
        ("de", False),
        ("en;q=x", False),
        ("pt;q=0.3, en;q=0.4", True),
        ("", False),
    ],
)
async def test_english_is_spoken_to_whoever_prefers_it(
    service: Running, header: str, english: bool
) -> None:
    answer = await service.client.get("/nada", headers={"Accept-Language": header})
    row = TABLE["nao_encontrado"]
    assert answer.json()["error"] == (row.en if english else row.pt)


async def test_an_unexpected_error_is_told_to_the_log_and_not_to_the_visitor(
    service: Running,
) -> None:
    with capture_logs() as lines:
        answer = await service.client.post("/api/rpa/start", json={"placa": "explode"})
    assert answer.status_code == 500
    assert answer.json() == {
        "success": False,
        "code": "erro_interno",
        "error": "Algo deu errado do nosso lado.",
    }
    (line,) = lines
    assert (line["type"], line["log_level"]) == ("RuntimeError", "error")
    assert line["at"].startswith("conftest.py:")
    assert "123.456" not in json.dumps(line)


async def test_an_unexpected_error_names_its_session_and_no_query(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await service.told(1)

    async def broken(_: str) -> None:
        raise ExceptionGroup("several", [ZeroDivisionError()])

    monkeypatch.setattr(service.app.parts.gallery, "picture", broken)
    with capture_logs() as lines:
        answer = await service.client.get(service.progress(session))
    assert answer.status_code == 500
    assert (lines[0]["session"], lines[0]["type"]) == (session, "ZeroDivisionError")
    assert "token" not in json.dumps(lines)


async def test_an_error_in_the_middle_of_an_answer_ends_it_without_a_trace(
    service: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = await service.told(1)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("service.stream.sse.end", broken)
    with capture_logs() as lines, pytest.raises(httpx.RemoteProtocolError):
        await service.client.get(service.events(session))
    assert [line["type"] for line in lines] == ["ZeroDivisionError"]
    assert not caplog.records


async def test_too_many_requests_of_any_kind_are_refused_but_health_is_not(
    serving: Serving,
) -> None:
    settings = ServiceSettings(
        requests_per_minute=3, trusted_proxies=["127.0.0.1"], cors_origins=[SITE]
    )
    visitor = {"X-Forwarded-For": "203.0.113.9", "Origin": SITE}
    async with serving(settings) as service:
        path = service.progress(await service.told(1))
        codes = [(await service.client.get(path, headers=visitor)).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        refused = await service.client.get(path, headers=visitor)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["access-control-allow-origin"] == SITE
        stream = {**visitor, "Accept": "text/event-stream"}
        later = await service.client.get(path.replace("progress", "events"), headers=stream)
        assert (later.status_code, "event: ping" in later.text) == (200, True)
        assert (await service.client.get("/livez", headers=visitor)).status_code == 200
        other = {"X-Forwarded-For": "203.0.113.10"}
        assert (await service.client.get(path, headers=other)).status_code == 200
        assert (await service.client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (UnknownSession("x"), "sessao_desconhecida", 404),
        (Ended("x"), "sessao_encerrada", 409),
        (KeyReused(), "chave_reutilizada", 409),
        (StoreDamaged("/a/path"), "armazenamento", 503),
        (EventRefused(), "armazenamento", 503),
    ],
)
def test_the_stores_errors_have_a_row_each_or_share_one(
    error: Exception, code: str, status: int
) -> None:
    refusal = from_store(error)  # type: ignore[arg-type]  # all of them are StoreErrors
    assert (refusal.code, refusal.row.status) == (code, status)


async def test_a_websocket_is_turned_away(service: Running) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert (await service.client.get("/api/rpa/events/x", headers=headers)).status_code == 405
