"""A service of the product for a measurement: its own process, a new database, its load generator.

1. It is started as an operator would start it, by the command line, and written to by the product's
   own generator (`andamento simulate`) in a process of its own.
2. Open files are limited by the machine's hard limit, not by the shell's soft one: see `lift`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from andamento.settings import Keys
from service.token import mint

# Enough for the largest crowd; some programs walk through all the descriptors that there may be.
MOST_FILES = 50_000
# What a crowd on one session needs; an installation lets fewer visitors watch one session.
MOST_STREAMS = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running service: where it answers, its process, its database."""

    base: str
    pid: int
    folder: Path
    environment: dict[str, str]

    @property
    def database(self) -> Path:
        """The database file."""
        return _database(self.folder)

    def prepare(self, sessions: int) -> list[dict[str, str]]:
        """New sessions to write into: `session_id`, `token` and the two URLs of each."""
        told = self._simulate("--prepare", "--base", self.base, "--sessions", str(sessions))
        return [json.loads(line) for line in told.splitlines()]

    def write(self, ids: Sequence[str], *, events: int, rate: float) -> None:
        """Write `events` into each session, `rate` a second in all (0: as fast as it goes)."""
        numbers = ["--events", str(events), "--rate", str(rate)]
        self._simulate("--json", "--session", "-", *numbers, given="\n".join(ids))

    def events_url(self, session_id: str) -> str:
        """The stream of a session that was created without the generator."""
        token = mint(Keys(_keys(self.folder)).token, session_id)
        return f"{self.base}/api/rpa/events/{session_id}?token={token}"

    def _simulate(self, *arguments: str, given: str = "") -> str:
        command = [sys.executable, "-m", "andamento", "simulate", *arguments]
        done = subprocess.run(
            command, env=self.environment, input=given, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"the load generator failed: {done.stderr.strip()[-500:]}")
        return done.stdout


@contextmanager
def folder_of_its_own() -> Iterator[Path]:
    """A new folder, gone on leaving."""
    with tempfile.TemporaryDirectory(prefix="andamento-bench-") as folder:
        yield Path(folder)


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """A service of its own on a new database below `folder`, ended on leaving."""
    environment = {
        **os.environ,
        "ANDAMENTO_DB": f"sqlite:///{_database(folder)}",
        "ANDAMENTO_DATA_DIR": str(_keys(folder)),
        "ANDAMENTO_REQUESTS_PER_MINUTE": "100000000",
        "ANDAMENTO_STREAMS": str(MOST_STREAMS),
        "ANDAMENTO_STREAMS_PER_SESSION": str(MOST_STREAMS),
        "ANDAMENTO_STREAMS_PER_ADDRESS": str(MOST_STREAMS),
        "ANDAMENTO_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "andamento", "serve", "--port", "0"]
    lift()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base = process.stdout.readline().removeprefix("ready ").strip()
            if not base:
                raise RuntimeError("the service did not start")
            yield Served(base=base, pid=process.pid, folder=folder, environment=environment)
        finally:
            process.terminate()
            process.wait()


def lift() -> int:
    """Raise this process's limit of open files, which its children inherit; what it is now."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def _database(folder: Path) -> Path:
    return folder / "service.db"


def _keys(folder: Path) -> Path:
    return folder / "keys"
