"""A certificate lives for weeks and a service for months: the next one is taken without a stop."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from structlog.testing import capture_logs

from service.server import Tls
from tests.certificate import Certificate, certificate
from tests.service.conftest import Running, Serving, ids
from tests.service.served import until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look all the time."""
    monkeypatch.setattr("service.certificate.LOOK_S", 0.005)


@pytest.fixture
def old(tmp_path: Path) -> Certificate:
    """The one that the service starts with; its files are the service's."""
    return certificate(tmp_path, "old")


@pytest.fixture
def new(tmp_path: Path) -> Certificate:
    """The next one, still elsewhere."""
    return certificate(tmp_path, "new")


def tls(files: Certificate) -> Tls:
    return Tls(cert=files.cert, key=files.key)


async def accepted(service: Running, trusted: ssl.SSLContext) -> bool:
    """Whether a new visitor who trusts this, and nothing else, is served."""
    async with httpx.AsyncClient(base_url=service.url, verify=trusted) as client:
        try:
            return (await client.get("/livez")).status_code == 200
        except httpx.ConnectError:
            return False


async def until_accepted(service: Running, trusted: ssl.SSLContext) -> None:
    with anyio.fail_after(10):
        while not await accepted(service, trusted):
            await checkpoint()


async def test_a_renewed_certificate_is_shown_to_whoever_comes_next(
    serving: Serving, old: Certificate, new: Certificate
) -> None:
    before, after = old.trusted(), new.trusted()
    async with serving(tls=tls(old)) as service:
        assert await accepted(service, before) and not await accepted(service, after)
        session = await service.told(1, ended=False)
        client = httpx.AsyncClient(base_url=service.url, verify=before)
        async with client, client.stream("GET", service.events(session)) as stream:
            pieces = stream.aiter_text()
            seen = await anext(pieces)
            shutil.copy(new.cert, old.cert)
            shutil.copy(new.key, old.key)
            await until_accepted(service, after)
            assert not await accepted(service, before)
            # Who was there before has noticed nothing.
            await (await service.pen(session)).result()
            seen += "".join([piece async for piece in pieces])
        assert ids(seen) == [1, 2]


async def test_half_a_renewal_changes_nothing_and_is_said_once(
    serving: Serving, old: Certificate, new: Certificate
) -> None:
    before, after = old.trusted(), new.trusted()
    with capture_logs() as lines:
        async with serving(tls=tls(old)) as service:
            shutil.copy(new.cert, old.cert)
            await until(lambda: lines)
            for _ in range(5):
                assert await accepted(service, before)
            shutil.copy(new.key, old.key)
            await until_accepted(service, after)
    unfit, renewed = lines
    assert (unfit["log_level"], unfit["reason"]) == ("warning", "KEY_VALUES_MISMATCH")
    assert (renewed["log_level"], renewed["event"]) == ("info", "the certificate was renewed")


async def test_a_certificate_that_is_gone_for_a_moment_stays_in_use(
    serving: Serving, old: Certificate, new: Certificate
) -> None:
    before, after = old.trusted(), new.trusted()
    with capture_logs() as lines:
        async with serving(tls=tls(old)) as service:
            old.cert.unlink()
            await until(lambda: lines)
            assert await accepted(service, before)
            shutil.copy(new.key, old.key)
            shutil.copy(new.cert, old.cert)
            await until_accepted(service, after)
    assert lines[0]["log_level"] == "warning"
