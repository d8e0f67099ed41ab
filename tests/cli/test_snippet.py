"""The script tag: what is printed is what a site can paste, and what the service then serves."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha384
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest

from tests.cli.conftest import Cli, ready

SITE = "https://robo.example"


class Tags(HTMLParser):
    """The tags of a text, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.found.append((tag, dict(attrs)))


def attributes(printed: str) -> dict[str, str | None]:
    """Of the one script that was printed."""
    ((tag, told),) = Tags(printed).found
    assert tag == "script"
    return told


def test_the_printed_tag_is_whole_and_alone(cli: Cli) -> None:
    done = cli("snippet", "--api", f"{SITE}/")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1 and done.stdout.endswith("></script>\n")
    told = attributes(done.stdout)
    assert told.pop("src", "").startswith(f"{SITE}/snippet/andamento.")  # type: ignore[union-attr]
    assert told.pop("integrity", "").startswith("sha384-")  # type: ignore[union-attr]
    assert told == {"crossorigin": "anonymous", "data-form": "#cotacao", "defer": None}


def test_the_service_serves_what_the_tag_s_integrity_says(cli: Cli) -> None:
    with cli.running("serve", "--port", "0") as process:
        base = ready(process)
        (told,) = cli.facts("snippet", "--api", base, "--json")
        assert urlsplit(told["url"]).path in told["tag"]
        for accepted in ("gzip", "identity"):
            answer = httpx.get(told["url"], headers={"Accept-Encoding": accepted})
            assert answer.headers["access-control-allow-origin"] == "*"
            digest = b64encode(sha384(answer.content).digest()).decode()
            assert (answer.status_code, f"sha384-{digest}") == (200, told["integrity"])
            size = "bytes_compressed" if accepted == "gzip" else "bytes"
            assert int(answer.headers["content-length"]) == told[size]
    # Whoever pasted this tag has it after an upgrade, too.
    name = urlsplit(told["url"]).path.removeprefix("/snippet/andamento.")
    kept = cli.folder / ".andamento" / "snippets" / name
    assert kept.read_bytes() == answer.content


def test_the_address_comes_from_the_settings_where_it_is_not_given(cli: Cli) -> None:
    done = cli("snippet", ANDAMENTO_PUBLIC_URL=SITE)
    assert (attributes(done.stdout)["src"] or "").startswith(SITE)
    assert not done.stderr


def test_where_no_address_is_known_it_says_so_beside_the_tag(cli: Cli) -> None:
    done = cli("snippet")
    assert done.returncode == 0
    assert (attributes(done.stdout)["src"] or "").startswith("https://robot.example/")
    assert "--api" in done.stderr and "ANDAMENTO_PUBLIC_URL" in done.stderr


@pytest.mark.parametrize("form", ['form[data-name="Cotação"]', "form.a > input:not([x='<'])"])
def test_a_selector_is_pasted_as_it_is_meant(cli: Cli, form: str) -> None:
    (told,) = cli.facts("snippet", "--api", SITE, "--form", form, "--json")
    assert attributes(told["tag"])["data-form"] == form


def test_without_a_form_the_page_s_own_script_starts_quotes(cli: Cli) -> None:
    assert "data-form" not in attributes(cli("snippet", "--api", SITE, "--form", "").stdout)


@pytest.mark.parametrize("api", ["robo.example", "https://robo.example/path", "ftp://x"])
def test_what_is_no_address_is_named(cli: Cli, api: str) -> None:
    done = cli("snippet", "--api", api)
    assert done.returncode == 2 and api in done.stderr and not done.stdout


def test_its_facts_are_one_line_of_json(cli: Cli) -> None:
    told = json.loads(cli("snippet", "--api", SITE, "--json").stdout)
    assert set(told) == {"url", "integrity", "tag", "bytes", "bytes_compressed"}
    assert 0 < told["bytes_compressed"] < told["bytes"]
