"""The service as an operator starts it, `andamento serve`, and a robot that does what a test says.

1. The service is a process of its own, which can be killed and started again at the same address.
2. There is no runner: the robot writes into the same database what a test wants to see, when it
   wants to see it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from anyio.from_thread import BlockingPortal

from db.events import EventType
from db.sqlite import SqliteStore
from db.store import Lease
from tests.snippet.history import Fact

# Longer than any journey on a busy machine.
LEASE_S = 600
STOP_S = 20


class Service:
    """`andamento serve` over a database in `folder`, for pages of `site`; a context manager."""

    def __init__(self, folder: Path, *, site: str) -> None:
        self.database = folder / "data.db"
        self.port = 0
        self._folder, self._site = folder, site
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._end(self._process)

    def start(self) -> None:
        """Serve, at the same address as before if there was one."""
        process = subprocess.Popen(
            [sys.executable, "-m", "andamento", "serve", "--port", str(self.port)],
            env={**os.environ, **self._settings()},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("ready "):
                self.port = int(line.strip().rpartition(":")[2])
                self._process = process
                return
        raise AssertionError(f"the service ended with {process.wait()} before it served")

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._end(self._process)
        self._process = None

    def until_streams(self, count: int) -> None:
        """Until it holds so many streams open; fails after a deadline."""
        deadline = time.monotonic() + STOP_S
        while (found := self.streams()) != count:
            assert time.monotonic() < deadline, f"{found} streams are open, not {count}"

    def streams(self) -> int:
        """How many streams it holds open, by its own metrics."""
        text = httpx.get(f"{self.url}/metrics", timeout=STOP_S).raise_for_status().text
        found = re.search(r"^andamento_streams_open (\S+)$", text, re.MULTILINE)
        assert found is not None
        return int(float(found[1]))

    def _settings(self) -> dict[str, str]:
        return {
            "ANDAMENTO_DB": f"sqlite:///{self.database}",
            "ANDAMENTO_DATA_DIR": str(self._folder / "keys"),
            "ANDAMENTO_CORS_ORIGINS": self._site,
            "ANDAMENTO_LOG_LEVEL": "error",
            "ANDAMENTO_STREAM_PING_S": "1",
            # All visitors of these tests come from one address, and none of them waits.
            "ANDAMENTO_STARTS_PER_MINUTE": "10000",
            "ANDAMENTO_REQUESTS_PER_MINUTE": "1000000",
        }

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.wait(STOP_S)
        assert process.stdout is not None
        process.stdout.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """Writes one session's events, as a runner would."""

    portal: BlockingPortal
    store: SqliteStore
    lease: Lease

    @classmethod
    def take(cls, portal: BlockingPortal, store: SqliteStore, session_id: str) -> Self:
        """Take the session, whoever holds it."""

        async def fence() -> Lease:
            return await store.fence(session_id, "test", ttl_s=LEASE_S)

        return cls(portal=portal, store=store, lease=portal.call(fence))

    def say(self, *facts: Fact) -> None:
        """Append these; they are durable on return."""
        for kind, data in facts:
            self.portal.call(self.store.append, self.lease, EventType(kind), data)
