"""Several service processes on one port: one address, one history, and nobody misses a dead one."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import httpx
import psutil
import pytest
from anyio.lowlevel import checkpoint

from db.sqlite import SqliteStore
from db.store import Store
from tests.cli.conftest import Cli, ready
from tests.service.conftest import Pen, blocks, ids

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """`serve --workers 2`, as it runs."""

    cli: Cli
    parent: subprocess.Popen[str]
    url: str
    store: Store

    def workers(self) -> list[psutil.Process]:
        """The processes that serve."""
        return psutil.Process(self.parent.pid).children()

    def held(self) -> dict[int, int]:
        """How many visitors each of them holds."""
        port = int(self.url.rpartition(":")[2])
        return {
            worker.pid: sum(
                seen.laddr.port == port and seen.status == psutil.CONN_ESTABLISHED
                for seen in worker.net_connections("tcp")
            )
            for worker in self.workers()
        }

    async def session(self) -> tuple[str, Pen]:
        """A new session's address for its stream, and what writes into it."""
        (made,) = self.cli.facts("simulate", "--prepare", "--base", self.url)
        return made["events_url"], await Pen.take(self.store, made["session_id"])


@asynccontextmanager
async def fleet(cli: Cli, command: str = "serve") -> AsyncIterator[Fleet]:
    """Two workers under one parent."""
    with cli.running(command, "--workers", "2", "--port", "0") as parent:
        url = await anyio.to_thread.run_sync(ready, parent)
        async with SqliteStore(cli.database) as store:
            yield Fleet(cli=cli, parent=parent, url=url, store=store)


@asynccontextmanager
async def watching(url: str, count: int) -> AsyncIterator[list[str]]:
    """`count` streams that have begun, each on a connection of its own; what each has seen."""
    seen = [""] * count

    async def watch(number: int) -> None:
        async with client.stream("GET", url) as answer:
            try:
                async for piece in answer.aiter_text():
                    seen[number] += piece
            except httpx.TransportError:
                seen[number] += "cut"

    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(limits=limits, timeout=20) as client:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                for number in range(count):
                    group.start_soon(watch, number)
                await until(lambda: all("id: 1\n" in text for text in seen))
                yield seen


async def until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not true():
            await checkpoint()


async def test_they_share_the_visitors_and_each_sees_everything(cli: Cli) -> None:
    async with fleet(cli) as both:
        url, pen = await both.session()
        await pen.progress()
        async with watching(url, 60) as seen:
            assert sum(both.held().values()) == 60
            assert min(both.held().values()) >= 10
            for _ in range(5):
                await pen.progress()
            await pen.result()
        assert {tuple(ids(text)) for text in seen} == {(1, 2, 3, 4, 5, 6, 7)}


async def test_one_that_is_killed_is_replaced_and_its_visitors_go_on_at_the_same_address(
    cli: Cli,
) -> None:
    async with fleet(cli) as both:
        url, pen = await both.session()
        await pen.progress()
        first, second = both.workers()
        async with watching(url, 20) as seen:
            lost = both.held()[first.pid]
            first.kill()
            await until(lambda: sum(text.endswith("cut") for text in seen) == lost)
            async with (
                httpx.AsyncClient() as client,
                client.stream("GET", f"{url}&after=1") as again,
            ):
                assert again.status_code == 200
            await until(lambda: len(both.workers()) == 2 and first not in both.workers())
            assert second in both.workers()
            await pen.result()
        whole = [text for text in seen if not text.endswith("cut")]
        assert {tuple(ids(text)) for text in whole} <= {(1, 2)}
        assert len(whole) == 20 - lost


async def test_one_that_hangs_keeps_no_new_visitor_waiting(cli: Cli) -> None:
    async with fleet(cli) as both:
        hung = both.workers()[0]
        hung.suspend()
        try:
            for _ in range(10):
                async with httpx.AsyncClient(timeout=5) as client:
                    assert (await client.get(f"{both.url}/livez")).status_code == 200
        finally:
            hung.resume()


async def test_a_stop_tells_all_streams_of_all_and_leaves_nobody(cli: Cli) -> None:
    async with fleet(cli) as both:
        url, pen = await both.session()
        await pen.progress()
        workers = both.workers()
        async with watching(url, 40) as seen:
            both.parent.send_signal(signal.SIGTERM)
            code = await anyio.to_thread.run_sync(lambda: both.parent.wait(10))
        assert code == 0
        assert all(1000 <= int(blocks(text)[-1]["retry"]) <= 5000 for text in seen)
        assert not [worker for worker in workers if worker.is_running()]
        assert both.parent.stdout is not None
        # `ready` was said once.
        assert both.parent.stdout.read() == ""


async def test_they_stop_when_their_parent_is_gone(cli: Cli) -> None:
    async with fleet(cli) as both:
        workers = both.workers()
        both.parent.kill()
        await until(lambda: not any(worker.is_running() for worker in workers))


async def test_the_embedded_default_can_have_several_too(cli: Cli) -> None:
    async with fleet(cli, "up") as both:
        serving = [child for child in both.workers() if "serve" in child.cmdline()]
        assert len(serving) == 1 and len(serving[0].children()) == 2
        url, pen = await both.session()
        await pen.result()
        async with httpx.AsyncClient() as client:
            assert ids((await client.get(url)).text) == [1]


def test_what_is_wrong_is_said_once(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = cli("serve", "--workers", "3", "--port", port)
    assert (done.returncode, done.stderr.count(port)) == (1, 1)
    done = cli("serve", "--workers", "3", "--port", "0", ANDAMENTO_CORS_ORIGINS="https://*")
    assert (done.returncode, done.stderr.count("https://*:")) == (2, 1)
    assert cli("serve", "--workers", "0").returncode == 2
    done = cli("serve", ANDAMENTO_WORKERS="0")
    assert done.returncode == 2 and "ANDAMENTO_WORKERS=0" in done.stderr
