"""The product under attack: `andamento up` as an operator starts it, in a world of its own.

1. Nothing of the product is imported: it is a command line, an address, a database file and some
   processes, as for anyone outside.
2. Every process that descends from it carries a mark in its environment, wherever it was reparented
   to; what overwrote its environment (Chromium's helpers do) is known by its session, whose leader
   carried the mark.
3. Database and temporary folders lie in a short path of their own, so that what is left over can be
   told from what others leave.
4. The disk that can be filled is a small one in memory, which only root can mount.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import psutil

MARK = "CHAOS_WORLD"
# Longer than the product's own grace for running sessions.
STOP_S = 40.0
REVIVE_S = 0.2
# More than the free space below which health and check complain.
DISK_MB = 400
# The path of Chromium's socket in the temporary folder is limited.
ROOT = "/tmp" if os.access("/tmp", os.W_OK) else None


class NotStarted(Exception):
    """The product did not start; its own words are in its log."""


class Product:
    """Service and runner under `andamento up`, from `with` to its end.

    `disk`: the database lies on a small disk that can be filled. Raises NotStarted, and
    PermissionError where there can be no such disk.
    """

    def __init__(self, *, capacity: int, site: str = "", disk: bool = False) -> None:
        self._capacity, self._site, self._disk = capacity, site, disk
        self._mark = secrets.token_hex(8)
        self._groups: set[int] = set()
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[str] | None = None
        self._port = 0
        self.folder: Path
        self.api = ""

    @property
    def data(self) -> Path:
        """The folder of the database and the keys."""
        return self.folder / "data"

    @property
    def database(self) -> Path:
        """The database file."""
        return self.data / "chaos.db"

    @property
    def log(self) -> Path:
        """What all processes wrote to standard error."""
        return self.folder / "product.log"

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=ROOT))
        try:
            for name in ("data", "tmp"):
                (self.folder / name).mkdir()
            if self._disk:
                mount(self.data)
            self._log = self.log.open("a")
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start it, at the same address as before if it ran before. Raises NotStarted."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "andamento", "up"],
            env={**os.environ, **self.settings()},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            raise NotStarted(self.log.read_text()[-2000:])
        self.api = line.removeprefix("ready ").strip()
        self._port = int(self.api.rpartition(":")[2])

    def revive(self) -> None:
        """After a kill of the parent, what an init system does: start again until it is up.

        Its children may hold the port until they have seen that it is gone. Raises NotStarted.
        """
        deadline = time.monotonic() + STOP_S
        while True:
            self._reap()
            try:
                self.start()
                return
            except NotStarted:
                if time.monotonic() > deadline:
                    raise
            time.sleep(REVIVE_S)

    def stop(self) -> int | None:
        """Ask it to stop as an operator would; its exit code, None if it did not obey in time."""
        process = self._process
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
            self._reap()
        return process.returncode

    def close(self) -> None:
        """End whatever is left, and remove the folder."""
        for process in self.family():
            with suppress(psutil.Error):
                process.kill()
        self._reap()
        if self._log is not None:
            self._log.close()
        if self._disk and os.path.ismount(self.data):
            # Lazily: a process that was just killed may hold a file for another moment.
            subprocess.run(["umount", "-l", str(self.data)], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self) -> dict[str, str]:
        """The whole environment that it gets beside ours."""
        return {
            MARK: self._mark,
            "TMPDIR": str(self.folder / "tmp"),
            # Workers' and services' imports are the tree that this file belongs to.
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "ANDAMENTO_DB": f"sqlite:///{self.database}",
            "ANDAMENTO_DATA_DIR": str(self.data / "keys"),
            "ANDAMENTO_PORT": str(self._port),
            "ANDAMENTO_CAPACITY": str(self._capacity),
            "ANDAMENTO_STARTS_PER_MINUTE": "100000",
            "ANDAMENTO_REQUESTS_PER_MINUTE": "1000000",
            "ANDAMENTO_QUOTE_URL": self._site,
            "ANDAMENTO_QUOTE_EMAIL": "corretor@exemplo.com.br",
            "ANDAMENTO_QUOTE_PASSWORD": "demo-senha",
        }

    @property
    def parent(self) -> psutil.Process:
        """`andamento up` itself."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def child(self, command: str) -> psutil.Process | None:
        """The `serve` or `run` of now, if there is one."""
        return next(self._matching(lambda words: "-m" in words and command in words[3:6]), None)

    def workers(self) -> list[psutil.Process]:
        """The workers, oldest first."""
        return sorted(self._matching(lambda words: "andamento.worker" in words), key=_age)

    def drivers(self) -> list[psutil.Process]:
        """Playwright's drivers, oldest first."""
        return sorted(self._matching(lambda words: "run-driver" in words), key=_age)

    def browsers(self) -> list[psutil.Process]:
        """The browsers' own processes, not their helpers', oldest first."""

        def leads(words: list[str]) -> bool:
            return "--remote-debugging-pipe" in words and not any(
                word.startswith("--type=") for word in words
            )

        return sorted(self._matching(leads), key=_age)

    def family(self) -> list[psutil.Process]:
        """Every living process of this world."""
        return list(self._family())

    def strays(self) -> list[psutil.Process]:
        """Those that an idle product does not have."""
        wanted = {process.pid for process in self._resident()}
        return [process for process in self._family() if process.pid not in wanted]

    def leftovers(self) -> list[str]:
        """Names in the temporary folder."""
        return sorted(entry.name for entry in (self.folder / "tmp").iterdir())

    def _reap(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _resident(self) -> Iterator[psutil.Process]:
        if self._process is None:
            return
        yield self.parent
        for command in ("serve", "run"):
            if (process := self.child(command)) is not None:
                yield process

    def _matching(self, fits: Callable[[list[str]], bool]) -> Iterator[psutil.Process]:
        for process in self._family():
            with suppress(psutil.Error):
                if fits(process.cmdline()):
                    yield process

    def _family(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                group = os.getsid(process.pid)
                known = group in self._groups
                if not known and process.environ().get(MARK) == self._mark:
                    self._groups.add(group)
                    known = True
                if known and process.status() != psutil.STATUS_ZOMBIE:
                    yield process
            except (psutil.Error, OSError):
                continue


def mount(folder: Path) -> None:
    """A small disk in memory at `folder`. Raises PermissionError where that cannot be done."""
    options = f"size={DISK_MB}m,mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "andamento-chaos", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise PermissionError(f"no small disk can be mounted ({error.strerror})") from error
    if done.returncode:
        raise PermissionError(f"no small disk can be mounted ({done.stderr.strip()})")


def can_mount() -> str | None:
    """None where a small disk can be mounted; else why not."""
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=ROOT) as folder:
        try:
            mount(Path(folder))
        except PermissionError as error:
            return str(error)
        subprocess.run(["umount", folder], check=True)
    return None


def until(met: Callable[[], bool], seconds: float) -> bool:
    """Whether `met` became true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _age(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return process.create_time()
    return float("inf")
