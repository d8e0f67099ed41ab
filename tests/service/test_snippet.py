"""The page's half of the product, as a file."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from service.app import ServiceSettings
from service.snippet import Snippet
from tests.service.conftest import Serving

pytestmark = pytest.mark.anyio

PLAIN = "/snippet/andamento.js"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "snippet.js"
    path.write_text("console.log('olá');\n" * 50, encoding="utf-8")
    return path


async def test_it_is_compressed_for_whoever_accepts_it(serving: Serving, file: Path) -> None:
    async with serving(ServiceSettings(snippet_path=file)) as service:
        packed = await service.client.get(PLAIN, headers={"Accept-Encoding": "br, gzip"})
        plain = await service.client.get(PLAIN, headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 200
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == file.read_bytes()
    assert packed.headers["etag"] != plain.headers["etag"]
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "Accept-Encoding" in plain.headers["vary"]


async def test_any_site_may_load_it(serving: Serving, file: Path) -> None:
    async with serving(ServiceSettings(snippet_path=file)) as service:
        answer = await service.client.get(PLAIN, headers={"Origin": "https://any.example"})
        question = {"Origin": "https://any.example", "Access-Control-Request-Method": "GET"}
        asked = await service.client.options(PLAIN, headers=question)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert asked.status_code == 204


async def test_who_has_it_gets_no_bytes(serving: Serving, file: Path) -> None:
    async with serving(ServiceSettings(snippet_path=file)) as service:
        first = await service.client.get(PLAIN)
        again = await service.client.get(PLAIN, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "max-age=300" in again.headers["cache-control"]


async def test_its_hashed_name_lasts_and_no_other_hash_exists(serving: Serving, file: Path) -> None:
    async with serving(ServiceSettings(snippet_path=file)) as service:
        etag = (await service.client.get(PLAIN, headers={"Accept-Encoding": ""})).headers["etag"]
        path = f"/snippet/andamento.{etag.strip(chr(34))}.js"
        lasting = await service.client.get(path)
        assert lasting.status_code == 200
        assert "immutable" in lasting.headers["cache-control"]
        assert (await service.client.get("/snippet/andamento.0000.js")).status_code == 404
        file.write_text("changed()", encoding="utf-8")
        os.utime(file, ns=(1, 1))
        assert (await service.client.get(PLAIN)).text == "changed()"
        assert (await service.client.get(path)).status_code == 404


@pytest.mark.parametrize("path", [None, Path("/nowhere/andamento.js")])
async def test_where_there_is_none_nothing_is_found(serving: Serving, path: Path | None) -> None:
    async with serving(ServiceSettings(snippet_path=path)) as service:
        answer = await service.client.get(PLAIN)
    assert (answer.status_code, answer.json()["code"]) == (404, "nao_encontrado")


async def test_it_is_compressed_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snippet, calls, compress = Snippet(file), 0, gzip.compress

    def counted(data: bytes, **how: int) -> bytes:
        nonlocal calls
        calls += 1
        return compress(data, **how)

    monkeypatch.setattr(gzip, "compress", counted)
    for _ in range(3):
        await snippet._current()
    assert calls == 1
