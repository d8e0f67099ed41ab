"""What `andamento check` asks of the machine: disk, locks, clock, browser, port, workers.

1. Nothing is left behind: what is made for a try goes again, also when the try fails.
2. Every wait has an end, so that a check cannot hang on what it is there to find.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import socket
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import psutil

from andamento.item import Item, failed, good, warning
from andamento.settings import PREFIX
from db.connection import NETWORK_DISKS
from db.disk import disk_kind
from db.errors import StoreBusy, StoreError
from db.sqlite import SqliteStore, write_lock
from db.store import NewSession

# Where the service's health begins to complain, and well before it.
LEAST_FREE, LITTLE_FREE = 256 * 2**20, 2 * 2**30
# A page of the log; the middle one of some writes, since the first one pays for the file.
WRITE, WRITES = 4096, 11
# Every event waits for one fsync: at 50 ms a quote's forty events take two seconds of it.
SLOW_S = 0.05
# A rival for the lock gives up after this.
RIVAL_S = 0.2
# The other interpreter's start, on a busy machine.
LOCKS_S = 60.0
# The clock is watched for this long, in so many looks.
CLOCK_S, CLOCK_LOOKS = 0.5, 10
# More than a clock that is being slewed gains in that time.
JUMP_S = 0.05
# The first release of this program: an earlier date is a clock that was never set.
YEAR = 2025
BROWSER_S, SLOW_BROWSER_S = 60.0, 5.0
ANSWER_S = 5.0
WORKER = "andamento.worker"


def disk(folder: Path) -> Item:
    """Space, kind and speed of the disk that holds the database."""
    kind, free = disk_kind(folder) or "unknown", shutil.disk_usage(folder).free
    if kind in NETWORK_DISKS:
        return failed("disk", f"{folder} is a network disk ({kind})", "Use a local disk.")
    took_s = _fsync(folder)
    said = f"{free / 2**30:.1f} GiB free on {kind}, a durable write takes {took_s * 1000:.1f} ms"
    if free < LEAST_FREE:
        return failed("disk", said, f"Free some space at {folder}: health is degraded by now.")
    if free < LITTLE_FREE:
        return warning("disk", said, f"Free some space at {folder}.")
    if took_s > SLOW_S:
        return warning("disk", said, "Use a faster disk: every event waits for one such write.")
    return good("disk", said)


def _fsync(folder: Path) -> float:
    times = []
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".check-") as file:
        for _ in range(WRITES):
            began = time.perf_counter()
            file.write(bytes(WRITE))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def locks(folder: Path) -> Item:
    """Whether a lock that one process holds keeps another one out, on this very disk."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".check-") as scratch:
        path = Path(scratch) / "locks.db"
        anyio.run(_create, path)
        with write_lock(path):
            held = _rival(path)
        free = _rival(path)
    if (held, free) == (StoreBusy.code, ""):
        return good("locks", "a second writer waits while the first one writes, then it may write")
    said = f"a second writer got {held or 'in'} while the first one wrote, then {free or 'in'}"
    return failed("locks", said, "Use another disk: this one does not keep SQLite's locks.")


async def _create(path: Path) -> None:
    async with SqliteStore(path, create=True):
        pass


def _rival(path: Path) -> str:
    """What another process gets that wants to write: a StoreError's code, or "" when it could."""
    # Not a fork: a lock that was inherited would prove nothing.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return str(pool.apply_async(_try_to_write, (path,)).get(LOCKS_S))


def _try_to_write(path: Path) -> str:
    async def write() -> None:
        async with SqliteStore(path, busy_timeout_s=RIVAL_S) as store:
            await store.create(NewSession(id="rival", automation="check", queue="check"))

    try:
        anyio.run(write)
    except StoreError as error:
        return error.code
    return ""


async def clock() -> Item:
    """Whether the wall clock goes as the steady one does, and was ever set."""
    offsets = []
    for _ in range(CLOCK_LOOKS):
        offsets.append(time.time() - time.monotonic())
        await anyio.sleep(CLOCK_S / CLOCK_LOOKS)
    jump, now = max(offsets) - min(offsets), time.gmtime()
    said = f"{time.strftime('%Y-%m-%d %H:%M:%S', now)} UTC, {jump * 1000:.1f} ms off in {CLOCK_S} s"
    if now.tm_year < YEAR:
        return failed("clock", said, "Set the clock: sessions and tokens are told by it.")
    if jump > JUMP_S:
        return warning("clock", said, "See what moves the clock: the times of events will jump.")
    return good("clock", f"{said}; all times are kept in UTC, whatever the time zone")


async def browser(executable: str) -> Item:
    """Whether a Chromium is found, starts and shows a page."""
    # Only here: no other command line waits for Playwright.
    from runner.browser import Browser
    from runner.failure import Failure

    began = anyio.current_time()
    try:
        with anyio.fail_after(BROWSER_S):
            async with Browser(executable=executable or None) as opened, opened.page() as page:
                took_s = anyio.current_time() - began
                name = await page.evaluate("navigator.userAgent")
    except Failure as error:
        found = ", ".join(f"{key}: {value}" for key, value in error.detail.items())
        todo = f"{error.entry.suggestion} {PREFIX}CHROMIUM may name it."
        return failed("browser", f"{error.entry.message} ({found})", todo)
    except TimeoutError:
        return failed("browser", f"no page within {BROWSER_S:g} s", "See if it starts by hand.")
    version = next((word for word in str(name).split() if "Chrome/" in word), str(name))
    said = f"{version}, a page after {took_s:.2f} s"
    if took_s > SLOW_BROWSER_S:
        return warning("browser", said, "A visitor waits for this: free some memory, or CPU.")
    return good("browser", said)


def port(host: str, number: int) -> Item:
    """Whether the service's port is free, or served by this program."""
    if number == 0:
        return good("port", "a free one is taken at the start")
    place = f"{host}:{number}"
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, number))
    except OSError as error:
        served = _served(host, number)
        if served is not None:
            return served
        todo = f"Stop what uses it, or set {PREFIX}PORT."
        return failed("port", f"{place} cannot be used ({error.strerror})", todo)
    return good("port", f"{place} is free")


def _served(host: str, number: int) -> Item | None:
    """What our own service there says of itself; None if it is somebody else."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    url = f"http://{host}:{number}/api/rpa/health"
    try:
        # The address is the operator's own setting, and no proxy leads to it.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=ANSWER_S) as answer:
            told = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with suppress(ValueError):
            told = json.loads(error.read())
            return _degraded(told, number) if "checks" in told else None
        return None
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or "checks" not in told:
        return None
    said = f"{number} is served by andamento {told.get('version')}, {told.get('status')}"
    return good("port", f"{said}, {told.get('active_sessions')} active sessions")


def _degraded(told: dict[str, Any], number: int) -> Item:
    faults = [name for name, one in told["checks"].items() if not one.get("ok")]
    said = f"{number} is served by andamento, which is degraded: {', '.join(faults)}"
    return warning("port", said, "Ask /api/rpa/health for more.")


def workers(arguments: Sequence[str]) -> Item:
    """Workers of this installation whose runner is gone; `arguments` are what its workers get."""
    running, lost = 0, []
    for process in _workers(list(arguments)):
        if _has_runner(process):
            running += 1
        else:
            lost.append(str(process.pid))
    if not lost:
        return good("workers", f"{running} running, none without a runner")
    return warning(
        "workers",
        f"{len(lost)} without a runner: {', '.join(lost)}",
        f"End them, they cannot write any more: kill -KILL {' '.join(lost)}",
    )


def _workers(arguments: list[str]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            ours = WORKER in words and process.uids().real == os.getuid()
            if ours and words[words.index(WORKER) + 1 :] == arguments:
                yield process


def _has_runner(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        parent = process.parent()
        return parent is not None and any("andamento" in word for word in parent.cmdline())
    # It has gone meanwhile.
    return True
