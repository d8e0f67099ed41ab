"""Asking for a run: answers in, a session and the right to watch it out."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from structlog.testing import capture_logs

from db.errors import StoreFull, StoreReadOnly
from db.sqlite import SqliteStore
from service.app import ServiceSettings
from service.token import check
from tests.service.conftest import SECRET, SITE, Running, Serving, blocks

pytestmark = pytest.mark.anyio

START = "/api/rpa/start"
ANSWERS = {"placa": "abc1d23"}


async def post(service: Running, body: bytes, **headers: str) -> httpx.Response:
    given = {"content-type": "application/json", **headers}
    return await service.client.post(START, content=body, headers=given)


async def test_a_request_becomes_a_queued_session(service: Running) -> None:
    answer = await service.client.post(START, json=ANSWERS)
    assert answer.status_code == 202
    told = answer.json()
    assert told["success"] is True
    assert told["status"] == "queued"
    assert re.fullmatch(r"rpa_v5_\d{8}_\d{6}_[0-9a-f]{32}", told["session_id"])
    assert set(told) == {
        "success", "session_id", "token", "status", "events_url", "progress_url", "snapshot",
        "message", "timestamp",
    }  # fmt: skip
    assert told["snapshot"]["cursor"] == 0
    session = await service.store.session(told["session_id"])
    assert (session.automation, session.queue, session.priority) == ("cotacao_auto", "quotes", 7)


async def test_the_answers_are_normalised_and_sealed_and_what_was_assumed_is_kept(
    service: Running,
) -> None:
    answer = await service.client.post(START, json={**ANSWERS, "cor": "azul", "ano": 1})
    session = await service.store.session(answer.json()["session_id"])
    assert json.loads(session.answers) == {
        "session": session.id,
        "answers": {"placa": "ABC1D23", "uso": "particular"},
    }
    assert session.assumed == ("uso",)
    assert session.ignored == 2


async def test_the_two_addresses_work_as_they_are(service: Running) -> None:
    told = (await service.client.post(START, json=ANSWERS)).json()
    assert told["events_url"].startswith(
        f"{service.url}/api/rpa/events/{told['session_id']}?token="
    )
    pen = await service.pen(told["session_id"])
    await pen.result()
    async with httpx.AsyncClient() as anyone:
        stream = await anyone.get(told["events_url"])
        assert blocks(stream.text)[-1]["event"] == "end"
        progress = await anyone.get(told["progress_url"])
        assert progress.json()["terminal"] is True


async def test_the_token_is_for_this_session_for_two_hours(service: Running) -> None:
    told = (await service.client.post(START, json=ANSWERS)).json()
    grant = check(SECRET, told["token"])
    assert (grant.session_id, grant.scopes) == (
        told["session_id"],
        frozenset({"read", "cancel"}),
    )


async def test_the_session_id_says_when_it_was_made(service: Running) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    told = (await service.client.post(START, json=ANSWERS)).json()
    made = datetime.strptime(told["session_id"][7:22], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    assert before <= made + timedelta(seconds=1)
    assert made <= datetime.now(UTC)


async def test_a_public_address_is_what_visitors_are_given(serving: Serving) -> None:
    async with serving(ServiceSettings(public_url="https://robo.example/")) as service:
        told = (await service.client.post(START, json=ANSWERS)).json()
    assert told["events_url"].startswith("https://robo.example/api/rpa/events/")
    assert told["progress_url"].startswith("https://robo.example/api/rpa/progress/")


@pytest.mark.parametrize(
    ("headers", "trusted", "base"),
    [
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "robo.example"}, True,
         "https://robo.example"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "robo.example"}, False, None),
        ({"Host": "robo.example:81"}, False, "http://robo.example:81"),
        ({"Host": "a b<script>"}, False, None),
        ({"X-Forwarded-Proto": "javascript"}, True, None),
        ({"Host": "[::1]:8000"}, False, "http://[::1]:8000"),
    ],
)  # fmt: skip
async def test_the_addresses_follow_the_host_that_the_visitor_or_a_trusted_proxy_names(
    serving: Serving, headers: dict[str, str], trusted: bool, base: str | None
) -> None:
    settings = ServiceSettings(trusted_proxies=["127.0.0.0/8"] if trusted else [])
    async with serving(settings) as service:
        told = (await service.client.post(START, json=ANSWERS, headers=headers)).json()
        assert told["events_url"].startswith((base or service.url) + "/api/rpa/")


async def test_the_same_key_is_the_same_session(service: Running) -> None:
    key = {"Idempotency-Key": "6b1d"}
    first = await service.client.post(START, json=ANSWERS, headers=key)
    again = await service.client.post(START, json={**ANSWERS, "cor": "azul"}, headers=key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["session_id"] == again.json()["session_id"]
    other = await service.client.post(START, json={"placa": "XYZ9A87"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "chave_reutilizada")


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "ação"])
async def test_a_key_that_is_none_is_refused(service: Running, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    answer = await service.client.post(START, json=ANSWERS, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "chave_invalida")


async def test_a_double_click_runs_one_robot(service: Running) -> None:
    answers: list[httpx.Response] = []

    async def click() -> None:
        answers.append(await service.client.post(START, json=ANSWERS))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(click)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 202]
    assert len({answer.json()["session_id"] for answer in answers}) == 1


async def test_a_repeated_start_shows_how_far_it_is(service: Running) -> None:
    first = (await service.client.post(START, json=ANSWERS)).json()
    pen = await service.pen(first["session_id"])
    await pen.progress(3)
    again = (await service.client.post(START, json=ANSWERS)).json()
    assert again["snapshot"]["cursor"] == 3
    assert again["status"] == "running"


async def test_the_same_answers_from_someone_else_are_another_session(serving: Serving) -> None:
    async with serving(ServiceSettings(trusted_proxies=["127.0.0.1"])) as service:
        ids = {
            (
                await service.client.post(START, json=ANSWERS, headers={"X-Forwarded-For": ip})
            ).json()["session_id"]
            for ip in ("203.0.113.1", "203.0.113.2")
        }
    assert len(ids) == 2


async def test_the_same_answers_later_are_another_session(serving: Serving) -> None:
    async with serving(ServiceSettings(repeat_within_s=0)) as service:
        first = await service.client.post(START, json=ANSWERS)
        again = await service.client.post(START, json=ANSWERS)
    assert (first.status_code, again.status_code) == (202, 202)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b"null", b"1", b"\xff\xfe{}", b'{"placa": NaN}',
        b'{"placa": Infinity}', b'{"placa": 1e999}', b'{"placa": "a", "placa": "b"}',
        b'{"placa": "\\ud800"}', b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"a": ' + b"9" * 5000 + b"}", b"{} {}", b"\x00",
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_not_one_plain_json_object_is_refused(service: Running, body: bytes) -> None:
    answer = await post(service, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "json_invalido")


@pytest.mark.parametrize("media", ["", "text/plain", "application/x-www-form-urlencoded", "json"])
async def test_only_json_is_taken(service: Running, media: str) -> None:
    answer = await post(service, b"{}", **{"content-type": media})
    assert (answer.status_code, answer.json()["code"]) == (415, "tipo_nao_suportado")


async def test_json_with_a_charset_is_json(service: Running) -> None:
    body = json.dumps(ANSWERS).encode()
    answer = await post(service, body, **{"content-type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 202


async def test_all_faults_are_named_at_once_and_nothing_is_echoed(service: Running) -> None:
    answer = await service.client.post(START, json={"placa": 7, "uso": "segredo-da-visita"})
    assert answer.status_code == 422
    assert answer.json() == {
        "success": False,
        "code": "parametros_invalidos",
        "error": "Alguns dados precisam de correção.",
        "campos": {"placa": "Informe a placa", "uso": "Uso inválido"},
    }
    english = await service.client.post(START, json={}, headers={"Accept-Language": "en-US"})
    assert english.json()["campos"] == {"placa": "Enter the plate"}


@pytest.mark.parametrize("name", ["nada", 7, None, ["cotacao_auto"], {}])
async def test_an_unknown_automation_is_a_fault_of_that_field(service: Running, name: Any) -> None:
    answer = await service.client.post(START, json={**ANSWERS, "automation": name})
    assert answer.status_code == 422
    assert answer.json()["campos"] == {"automation": "Automação desconhecida"}


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    yield b'{"placa": "'
    for _ in range(size // 1024):
        yield b"x" * 1024
    yield b'"}'


@pytest.mark.parametrize("size", [64 * 1024, 1024 * 1024, 3 * 1024 * 1024])
async def test_a_large_body_is_refused_with_and_without_a_declared_length(
    service: Running, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Three thousand pieces take a busy machine longer than an honest client is given.
    monkeypatch.setattr("service.app.DISCARD_S", 60)
    declared = await post(service, b'{"placa": "' + b"x" * size + b'"}')
    assert (declared.status_code, declared.json()["code"]) == (413, "corpo_grande")
    counted = await service.client.post(
        START, content=in_pieces(size), headers={"content-type": "application/json"}
    )
    assert (counted.status_code, counted.json()["code"]) == (413, "corpo_grande")
    assert (await service.client.post(START, json=ANSWERS)).status_code == 202


async def test_a_body_sent_to_the_wrong_place_is_thrown_away(service: Running) -> None:
    for method, path in [("POST", "/nada"), ("PUT", START), ("GET", "/livez")]:
        answer = await service.client.request(method, path, content=b"x" * 1024 * 1024)
        assert answer.status_code in (404, 405, 413)
    assert (await service.client.request("GET", "/livez", content=b"{}")).status_code == 200


async def test_a_body_that_never_comes_is_not_waited_for(serving: Serving) -> None:
    async with serving(ServiceSettings(body_s=0.05)) as service:
        host, port = service.url.removeprefix("http://").split(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            await stream.send(
                b"POST /api/rpa/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            with anyio.fail_after(5):
                answer = await stream.receive()
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error(service: Running) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with capture_logs() as lines:
        async with await anyio.connect_tcp(host, int(port)) as stream:
            await stream.send(
                b"POST /api/rpa/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
        assert (await service.client.get("/livez")).status_code == 200
    assert not lines


async def test_too_many_starts_of_one_address_are_refused_for_a_while(serving: Serving) -> None:
    async with serving(ServiceSettings(starts_per_minute=2, cors_origins=[SITE])) as service:
        codes = [(await service.client.post(START, json=ANSWERS)).status_code for _ in range(2)]
        answer = await service.client.post(START, json=ANSWERS, headers={"Origin": SITE})
    assert codes == [202, 200]
    assert (answer.status_code, answer.json()["code"]) == (429, "muitos_pedidos")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["access-control-allow-origin"] == SITE


@pytest.fixture
def locked(database: Path) -> Iterator[sqlite3.Connection]:
    """Another program that can hold the write lock."""
    connection = sqlite3.connect(database, isolation_level=None)
    yield connection
    connection.close()


async def test_a_locked_database_is_a_passing_trouble(
    service: Running, locked: sqlite3.Connection
) -> None:
    locked.execute("BEGIN IMMEDIATE")
    answer = await service.client.post(START, json=ANSWERS)
    assert (answer.status_code, answer.json()["code"]) == (503, "banco_ocupado")
    assert answer.headers["retry-after"]
    locked.execute("ROLLBACK")
    assert (await service.client.post(START, json=ANSWERS)).status_code == 202


async def test_a_database_that_was_moved_away_takes_no_request(
    service: Running, database: Path
) -> None:
    database.rename(database.with_suffix(".gone"))
    answer = await service.client.post(START, json=ANSWERS)
    assert (answer.status_code, answer.json()["code"]) == (503, "armazenamento")
    database.with_suffix(".gone").rename(database)
    assert (await service.client.post(START, json=ANSWERS)).status_code == 202


@pytest.mark.parametrize(
    ("error", "code"),
    [(StoreFull(), "disco_cheio"), (StoreReadOnly(), "banco_somente_leitura")],
)
async def test_a_database_that_cannot_be_written_takes_no_request(
    serving: Serving, database: Path, error: Exception, code: str
) -> None:
    class Unwritable(SqliteStore):
        async def create(self, *_: Any, **__: Any) -> Any:
            raise error

    async with (
        SqliteStore(database, create=True),
        Unwritable(database) as store,
        serving(seen_as=store) as service,
    ):
        answer = await service.client.post(START, json=ANSWERS)
    assert (answer.status_code, answer.json()["code"]) == (503, code)


async def test_no_log_line_holds_what_a_visitor_said_or_a_token(
    service: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as lines:
        told = (await service.client.post(START, json={"placa": "SEGREDO7"})).json()
        await service.client.post(START, json={"placa": "explode", "uso": "trabalho"})
        await service.client.get(told["progress_url"])
        await service.client.get(told["events_url"] + "x")
    text = repr(lines) + caplog.text
    assert told["session_id"] in text
    for secret in ("SEGREDO7", "explode", told["token"][-20:], "123.456", "?", "127.0.0.1"):
        assert secret not in text


async def test_stored_keys_and_addresses_are_digests(
    service: Running, locked: sqlite3.Connection
) -> None:
    await service.client.post(START, json=ANSWERS, headers={"Idempotency-Key": "my-own-key"})
    row = locked.execute("SELECT idempotency_key, fingerprint, client FROM sessions").fetchone()
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in row)
