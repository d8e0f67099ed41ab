"""A certificate by settings: HTTPS from the service itself, and what is wrong with one is named."""

from __future__ import annotations

import subprocess

import httpx
import pytest

from tests.certificate import Certificate, certificate
from tests.cli.conftest import Cli


@pytest.fixture
def own(cli: Cli) -> Certificate:
    """A certificate for this machine, in the folder of the command line."""
    return certificate(cli.folder)


def secured(own: Certificate) -> dict[str, str]:
    return {"ANDAMENTO_TLS_CERT": str(own.cert), "ANDAMENTO_TLS_KEY": str(own.key)}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("command", ["serve", "up"])
def test_the_service_speaks_https_itself(
    cli: Cli, own: Certificate, command: str, workers: str
) -> None:
    how = ("--port", "0", "--workers", workers)
    with cli.running(command, *how, **secured(own)) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("ready ").strip()
        assert url.startswith("https://127.0.0.1:")
        with httpx.Client(http2=True, verify=own.trusted()) as client:
            answer = client.get(f"{url}/livez")
    assert (answer.status_code, answer.http_version) == (200, "HTTP/2")


def refused(cli: Cli, **environment: str) -> subprocess.CompletedProcess[str]:
    done = cli("serve", "--port", "0", **environment)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    return done


def test_one_without_the_other_is_named(cli: Cli, own: Certificate) -> None:
    for given, missing in (("TLS_CERT", "TLS_KEY"), ("TLS_KEY", "TLS_CERT")):
        done = refused(cli, **{f"ANDAMENTO_{given}": str(own.cert)})
        assert f"ANDAMENTO_{missing}=:" in done.stderr and "belong together" in done.stderr


def test_a_file_that_cannot_be_read_is_named(cli: Cli, own: Certificate) -> None:
    for name in ("ANDAMENTO_TLS_CERT", "ANDAMENTO_TLS_KEY"):
        done = refused(cli, **{**secured(own), name: "nowhere.pem"})
        assert f"{name}=nowhere.pem: it cannot be read" in done.stderr


def test_a_file_that_holds_something_else_is_named(cli: Cli, own: Certificate) -> None:
    (cli.folder / "text.pem").write_text("hello")
    done = refused(cli, **{**secured(own), "ANDAMENTO_TLS_CERT": "text.pem"})
    assert "ANDAMENTO_TLS_CERT=text.pem: it holds no certificate" in done.stderr
    done = refused(cli, **{**secured(own), "ANDAMENTO_TLS_KEY": "text.pem"})
    assert "ANDAMENTO_TLS_KEY=text.pem: it holds no key" in done.stderr


def test_a_key_that_is_locked_is_named_and_not_asked_for(cli: Cli) -> None:
    locked = certificate(cli.folder, "locked", password=b"secret")
    done = refused(cli, **secured(locked))
    assert f"ANDAMENTO_TLS_KEY={locked.key}: it holds no key that can be used" in done.stderr


def test_a_key_of_another_certificate_is_named(cli: Cli, own: Certificate) -> None:
    other = certificate(cli.folder, "other")
    done = refused(cli, **{**secured(own), "ANDAMENTO_TLS_KEY": str(other.key)})
    assert f"ANDAMENTO_TLS_KEY={other.key}: it does not fit ANDAMENTO_TLS_CERT" in done.stderr
