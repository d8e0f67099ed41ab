"""The page's half of the product, as a file."""

from __future__ import annotations

import gzip
import os
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.app import ServiceSettings
from service.snippet import KEPT_VERSIONS, Snippet, read
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


def change(file: Path, text: str, moment: int) -> None:
    """What an upgrade does."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(moment, moment))


async def test_its_hashed_name_lasts_and_no_other_hash_exists(serving: Serving, file: Path) -> None:
    async with serving(ServiceSettings(snippet_path=file)) as service:
        content = read(file)
        lasting = await service.client.get(f"/snippet/{content.name}")
        assert (lasting.status_code, lasting.content) == (200, content.plain)
        assert "immutable" in lasting.headers["cache-control"]
        assert (await service.client.get("/snippet/andamento.0000.js")).status_code == 404
        change(file, "changed()", 1)
        assert (await service.client.get(PLAIN)).text == "changed()"
        assert (await service.client.get(f"/snippet/{content.name}")).status_code == 404


async def test_its_integrity_is_of_the_very_bytes_that_its_name_brings(
    serving: Serving, file: Path
) -> None:
    content = read(file)
    async with serving(ServiceSettings(snippet_path=file)) as service:
        for accepted in ("gzip", "identity"):
            headers = {"Accept-Encoding": accepted}
            answer = await service.client.get(f"/snippet/{content.name}", headers=headers)
            digest = b64encode(sha384(answer.content).digest()).decode()
            assert content.integrity == f"sha384-{digest}"


async def test_a_former_version_is_there_for_pages_that_name_it(
    serving: Serving, file: Path, tmp_path: Path
) -> None:
    former = read(file)
    settings = ServiceSettings(snippet_path=file, snippet_archive=tmp_path / "data" / "snippets")
    async with serving(settings) as service:
        assert (await service.client.get(PLAIN)).content == former.plain
    change(file, "changed()", 1)
    async with serving(settings) as service:
        answer = await service.client.get(f"/snippet/{former.name}")
        assert (answer.status_code, answer.content) == (200, former.plain)
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        again = await service.client.get(
            f"/snippet/{former.name}", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304
        assert (await service.client.get(PLAIN)).text == "changed()"
        assert (await service.client.get(f"/snippet/{read(file).name}")).text == "changed()"


async def test_a_former_version_that_is_not_what_its_name_says_is_not_served(
    serving: Serving, file: Path, tmp_path: Path
) -> None:
    former, archive = read(file), tmp_path / "snippets"
    async with serving(ServiceSettings(snippet_path=file, snippet_archive=archive)) as service:
        assert (await service.client.get(PLAIN)).status_code == 200
        change(file, "changed()", 1)
        (kept,) = archive.iterdir()
        kept.write_text("another()")
        assert (await service.client.get(f"/snippet/{former.name}")).status_code == 404
        kept.unlink()
        assert (await service.client.get(f"/snippet/{former.name}")).status_code == 404


@pytest.mark.parametrize("hash", ["..%2Ftoken", "..", "0" * 15, "G" * 16, "token.key"])
async def test_a_name_that_is_no_hash_opens_no_file(
    serving: Serving, file: Path, tmp_path: Path, hash: str
) -> None:
    (tmp_path / "token.js").write_text("secret")
    settings = ServiceSettings(snippet_path=file, snippet_archive=tmp_path / "snippets")
    async with serving(settings) as service:
        answer = await service.client.get(f"/snippet/andamento.{hash}.js")
    assert answer.status_code == 404


async def test_so_many_former_versions_are_kept_the_newest(file: Path, tmp_path: Path) -> None:
    snippet = Snippet(file, tmp_path / "snippets")
    names = []
    for number in range(KEPT_VERSIONS + 3):
        change(file, f"version({number})", number)
        names.append((await snippet.find(None)).hash)
        kept = tmp_path / "snippets" / f"{names[-1]}.js"
        # As if each had come a second later.
        os.utime(kept, (number, number))
    # The one that comes sees itself as the newest, whatever the others' times.
    found = {path.stem for path in (tmp_path / "snippets").iterdir()}
    assert found == set(names[-KEPT_VERSIONS:])


async def test_where_no_version_can_be_kept_the_present_one_is_served(
    serving: Serving, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    settings = ServiceSettings(snippet_path=file, snippet_archive=tmp_path / "taken")
    with capture_logs() as lines:
        async with serving(settings) as service:
            for _ in range(2):
                assert (await service.client.get(PLAIN)).content == file.read_bytes()
    (line,) = lines
    assert line["log_level"] == "warning" and "former" in line["event"]


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
        await snippet.find(None)
    assert calls == 1
