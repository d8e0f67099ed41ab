"""Chromium found or not, opened, and closed whatever happens."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Page

import runner.browser
from runner.browser import Browser, find_chromium, open_page
from runner.failure import Failure
from runner.flow import Context, Site
from runner.flows.cotacao_auto import AUTOMATION
from runner.flows.cotacao_auto.flow import run
from tests.flows.journey import ANA, Recorder

pytestmark = pytest.mark.anyio


async def process_id(page: Page) -> int:
    """The process of the browser that a page belongs to."""
    assert page.context.browser is not None
    session = await page.context.browser.new_browser_cdp_session()
    answer = await session.send("SystemInfo.getProcessInfo")
    return int(next(one["id"] for one in answer["processInfo"] if one["type"] == "browser"))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_given_executable_comes_before_the_path(tmp_path: Path) -> None:
    given = tmp_path / "my-chromium"
    given.touch(mode=0o755)

    assert find_chromium(str(given)) == str(given)


def test_the_path_is_searched_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("google-chrome", "chromium-browser"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_chromium() == str(tmp_path / "chromium-browser")


def test_nothing_found_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(runner.browser, "MAC_APPLICATIONS", ())

    assert find_chromium() is None


async def test_a_given_executable_that_is_not_there_is_said_clearly() -> None:
    with pytest.raises(Failure) as caught:
        async with Browser(executable="no-such-chromium"):
            pass

    assert caught.value.tipo == "sem_navegador"
    assert caught.value.detail == {"executavel": "no-such-chromium"}


async def test_an_executable_that_is_no_browser_does_not_open(tmp_path: Path) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)

    with pytest.raises(Failure) as caught:
        async with Browser(executable=str(fake)):
            pass

    assert caught.value.tipo == "navegador_nao_abriu"


async def test_a_page_is_brazilian_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not tmp_path: Chromium keeps a socket there, whose path must stay below 108 bytes.
    with tempfile.TemporaryDirectory(prefix="a") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        await visit_and_leave(Path(folder))


async def visit_and_leave(tmp_path: Path) -> None:
    async with open_page() as page:
        pid = await process_id(page)
        language, zone, width = await page.evaluate(
            "[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, innerWidth]"
        )
        assert list(tmp_path.iterdir())

    assert (language, zone) == ("pt-BR", "America/Sao_Paulo")
    assert width > 1000
    assert not is_alive(pid)
    assert list(tmp_path.iterdir()) == []


async def test_a_cancelled_run_closes_its_browser() -> None:
    pids: list[int] = []
    with anyio.CancelScope() as scope:
        async with open_page() as page:
            pids.append(await process_id(page))
            scope.cancel()
            await page.wait_for_selector("#never")

    assert scope.cancelled_caught
    assert not is_alive(pids[0])


async def test_a_browser_that_dies_is_one_failure(browser: Browser) -> None:
    with pytest.raises(Failure) as caught:
        async with Browser() as doomed, doomed.page() as page:
            os.kill(await process_id(page), 9)
            await page.wait_for_selector("#never")

    assert caught.value.tipo == "navegador_caiu"
    assert browser.alive


async def test_what_playwright_says_never_leaves(browser: Browser) -> None:
    with pytest.raises(Failure) as caught:
        async with browser.page() as page:
            await page.fill("#never", "segredo", timeout=100)

    assert caught.value.tipo == "site_mudou"
    assert "segredo" not in f"{caught.value.detail}{caught.value}"
    # Where it was called from is told.
    assert "test_what_playwright_says_never_leaves" in caught.value.detail["onde"][-1]
    assert caught.value.__suppress_context__


async def test_pages_share_no_cookies(browser: Browser) -> None:
    url = "http://localhost.test"
    async with browser.page() as first, browser.page() as second:
        await first.context.add_cookies([{"name": "a", "value": "1", "url": url}])
        assert await second.context.cookies(url) == []


async def test_a_witness_sees_the_page_and_its_error(browser: Browser) -> None:
    seen: list[str] = []

    class Eye:
        async def opened(self, page: Page) -> None:
            seen.append(page.url)

        async def closing(self, page: Page, error: BaseException | None) -> None:
            seen.append(str(error))

    async with Browser(witness=Eye()) as watched:
        async with watched.page():
            pass
        with pytest.raises(Failure):
            async with watched.page() as page:
                await page.click("#never", timeout=50)

    # It hears what the visitor will be told, and no words of Playwright's.
    assert seen == ["about:blank", "None", "about:blank", "site_mudou"]


async def test_what_a_witness_adds_to_the_detail_is_told(browser: Browser) -> None:
    class Eye:
        async def opened(self, page: Page) -> None:
            pass

        async def closing(self, page: Page, error: BaseException | None) -> None:
            assert isinstance(error, Failure)
            error.detail["evidencia"] = "evidence/s/1"

    async with Browser(witness=Eye()) as watched:
        with pytest.raises(Failure) as caught:
            async with watched.page() as page:
                await page.click("#never", timeout=50)
        assert caught.value.detail["erro"] == "TimeoutError"
        assert caught.value.detail["evidencia"] == "evidence/s/1"
        with pytest.raises(Failure) as own:
            async with watched.page():
                raise Failure("site_mudou", "3")
        assert own.value.detail == {"evidencia": "evidence/s/1"}


async def test_a_site_that_is_not_there_is_said_so(browser: Browser) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        context = Context(
            answers=AUTOMATION.normalise(ANA).answers,
            report=Recorder(),
            site=Site(url=f"http://{address}/?token=abc", email="a@b.com.br", password="x"),
            page=browser.page,
        )
        with pytest.raises(Failure) as caught:
            await run(context)

    assert (caught.value.tipo, caught.value.etapa) == ("site_fora_do_ar", "1")
    assert caught.value.detail == {"site": address, "erro": "net::ERR_CONNECTION_REFUSED"}


async def test_a_driver_that_dies_while_it_starts_is_a_browser_that_did_not_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Dying:
        async def __aenter__(self) -> None:
            # Its very words and class, seen with Playwright 1.65.
            raise Exception("Connection closed while reading from the driver")

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(runner.browser, "async_playwright", Dying)
    with pytest.raises(Failure) as failure:
        async with Browser():
            pass
    assert failure.value.tipo == "navegador_nao_abriu"
