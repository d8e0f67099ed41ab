"""Everything that the demo needs, started in order and stopped in the reverse one.

1. The product is started as an operator would start it: its command line, its settings from the
   environment. The demo imports none of it.
2. The usual ports are taken where they are free, others where not, so that two demos can run.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Self

from demo.landing import Landing
from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica

SERVICE_PORT, LANDING_PORT, REPLICA_PORT = 8000, 8080, 8090
# Longer than the product's own grace for a running quote.
STOP_GRACE_S = 30


class NotStarted(Exception):
    """The product did not start; its own words are on standard error."""


class World:
    """Replica, service, runner and landing page, from `with` to its end.

    `folder` keeps the database and the keys; `pace` is the replica's. Raises NotStarted.
    """

    def __init__(self, folder: Path, *, pace: str) -> None:
        self.folder = folder
        self._pace = pace
        self._stack = ExitStack()
        self.replica: Replica
        self.landing: Landing
        self.product: subprocess.Popen[str]
        self.api = ""

    @property
    def database(self) -> Path:
        """The database file, for `sqlite3` and the command line."""
        return self.folder / "andamento.db"

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.replica = self._stack.enter_context(
                Replica(pace=self._pace, port=_free(REPLICA_PORT))
            )
            self.landing = Landing(api="http://127.0.0.1", port=_free(LANDING_PORT))
            self.product = self._start()
            self._stack.callback(self._stop)
            self.api = self._address()
            self.landing.api = self.api
            self._stack.enter_context(self.landing)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def settings(self) -> dict[str, str]:
        """What an operator would put into `.env` for this world."""
        return {
            "ANDAMENTO_DB": f"sqlite:///{self.database.absolute()}",
            "ANDAMENTO_DATA_DIR": str(self.folder.absolute() / "keys"),
            "ANDAMENTO_CORS_ORIGINS": f"{self.landing.url},{_named(self.landing.url)}",
            # People read the visitor's story here, not the product's log.
            "ANDAMENTO_LOG_LEVEL": "warning",
            "ANDAMENTO_QUOTE_URL": self.replica.url,
            "ANDAMENTO_QUOTE_EMAIL": DEFAULT_EMAIL,
            "ANDAMENTO_QUOTE_PASSWORD": DEFAULT_PASSWORD,
        }

    def _start(self) -> subprocess.Popen[str]:
        port = str(_free(SERVICE_PORT))
        return subprocess.Popen(
            [sys.executable, "-m", "andamento", "up", "--port", port],
            env={**os.environ, **self.settings()},
            stdout=subprocess.PIPE,
            text=True,
            # A Ctrl-C in the terminal reaches the demo, which stops the product in its turn.
            start_new_session=True,
        )

    def _address(self) -> str:
        assert self.product.stdout is not None
        for line in self.product.stdout:
            if line.startswith("ready "):
                threading.Thread(target=self._pass_on, name="product", daemon=True).start()
                return line.removeprefix("ready ").strip()
        raise NotStarted

    def _pass_on(self) -> None:
        """What the runner says afterwards: trouble only, at this level."""
        assert self.product.stdout is not None
        with suppress(ValueError):
            for line in self.product.stdout:
                print(line, end="", file=sys.stderr, flush=True)

    def _stop(self) -> None:
        self.product.send_signal(signal.SIGTERM)
        try:
            self.product.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self.product.kill()
            self.product.wait()
        stdout: IO[str] | None = self.product.stdout
        if stdout is not None:
            stdout.close()


def _free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _named(url: str) -> str:
    # People type "localhost"; to a browser that is another origin.
    return url.replace("127.0.0.1", "localhost")
