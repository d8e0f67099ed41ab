"""The product under attack: `andamento up` as an operator starts it, in a world of its own.

1. Nothing of the product is imported: it is a command line, an address, a database file and some
   processes, as for anyone outside.
2. Database and temporary folders lie in a short path of their own, so that what is left over can be
   told from what others leave.
3. All that its processes say goes into one file: a pipe that nobody reads would stop them one day.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import psutil

from benchmarks.chaos.census import MARK, Census
from benchmarks.chaos.disk import ROOT, mount

READY = re.compile(rb"^ready (http\S+:\d+)$", re.MULTILINE)
LOOK_S = 0.01
# Longer than the product's own grace for running sessions.
STOP_S = 40.0
START_S = 60.0
REVIVE_S = 0.2
# The longest command is the check of all sessions.
COMMAND_S = 120.0


class NotStarted(Exception):
    """The product did not start; its own words are in its log."""


class Product:
    """Service and runner under `andamento up`, from `with` to its end.

    `site`: the quoting site's address; `spares`: how many workers wait for a session; `disk`: the
    database lies on a small disk that can be filled. Raises NotStarted, and PermissionError where
    there can be no such disk.
    """

    def __init__(
        self, *, capacity: int, site: str = "", spares: int = 0, disk: bool = False
    ) -> None:
        self.spares = spares
        self._capacity, self._site, self._disk = capacity, site, disk
        self._mark = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._port = 0
        self.folder: Path
        self.census: Census
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
        """What all processes said."""
        return self.folder / "product.log"

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=ROOT))
        try:
            for name in ("data", "tmp"):
                (self.folder / name).mkdir()
            if self._disk:
                mount(self.data)
            self.census = Census(self._mark, self.database, spares=self.spares)
            self._log = self.log.open("ab")
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start it, at the same address as before if it ran before. Raises NotStarted."""
        assert self._log is not None
        said = self.log.stat().st_size
        self._process = subprocess.Popen(
            [sys.executable, "-m", "andamento", "up"],
            env=self._environment(),
            cwd=self.folder,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self.api = self._address(self._process, said)
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

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """An operator's command, such as `command("cancel", session_id)`, run to its end."""
        return subprocess.run(
            [sys.executable, "-m", "andamento", *words],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
        )

    def close(self) -> None:
        """End whatever is left, and remove the folder."""
        for process in self.census.family():
            with suppress(psutil.Error):
                process.kill()
        self._reap()
        if self._log is not None:
            self._log.close()
        if self._disk and os.path.ismount(self.data):
            # Lazily: a process that was just killed may hold a file for another moment.
            subprocess.run(["umount", "-l", str(self.data)], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self) -> Mapping[str, str]:
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
            "ANDAMENTO_SPARES": str(self.spares),
            "ANDAMENTO_QUEUE_LIMIT": "10000",
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

    def strays(self) -> list[psutil.Process]:
        """Processes that an idle product does not have."""
        return self.census.strays(None if self._process is None else self.parent)

    def leftovers(self) -> list[str]:
        """Names in the temporary folder that belong to nobody who waits."""
        names = {entry.name for entry in (self.folder / "tmp").iterdir()}
        return sorted(names - self.census.folders())

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.settings()}

    def _address(self, process: subprocess.Popen[bytes], since: int) -> str:
        """What it says that it serves at, behind byte `since` of the log. Raises NotStarted."""
        deadline = time.monotonic() + START_S
        while True:
            ended = process.poll() is not None or time.monotonic() > deadline
            said = self.log.read_bytes()[since:]
            if found := READY.search(said):
                return found[1].decode()
            if ended:
                process.kill()
                raise NotStarted(said[-2000:].decode(errors="replace"))
            time.sleep(LOOK_S)

    def _reap(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.wait()


def until(met: Callable[[], bool], seconds: float) -> bool:
    """Whether `met` became true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
