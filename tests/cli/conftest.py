"""The command line as an operator has it: real processes in a folder of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# For a runner whose sessions need no browser: opening one ahead is most of such a test's time.
NO_SPARE = {"ANDAMENTO_SPARES": "0"}
PERSON = {
    "nome": "Ana Exemplo",
    "cpf": "11144477735",
    "placa": "BRA2E19",
    "cep": "01310100",
    "email": "ana@example.com",
    "celular": "11900000000",
    "data_nascimento": "01/02/1980",
    "sexo": "Feminino",
    "estado_civil": "Solteiro",
}
SIMULATED = ("quote", "--automation", "simulacao", "--data")


class Cli:
    """`andamento` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            # Without our settings; and unmeasured, for what a measuring tool says at the end is no
            # word of the command's.
            **{
                name: value
                for name, value in os.environ.items()
                if "ANDAMENTO" not in name and not name.startswith("COV")
            },
            "COLUMNS": "200",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }

    @property
    def database(self) -> Path:
        """The default database of this folder."""
        return self.folder / "andamento.db"

    def __call__(
        self, *arguments: str, given: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            [sys.executable, "-m", "andamento", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def facts(self, *arguments: str, given: str | None = None) -> list[dict[str, Any]]:
        """Run to the end, which must be a good one; the JSON lines that it printed."""
        done = self(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Run in the background; told to stop at the end, if it has not ended."""
        with subprocess.Popen(
            [sys.executable, "-m", "andamento", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line in an empty folder."""
    return Cli(tmp_path)


def ready(process: subprocess.Popen[str]) -> str:
    """The address that a started service prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready http://"), process.stderr and process.stderr.read()
    return line.removeprefix("ready ").strip()


def simulated(cli: Cli, events: int = 3) -> str:
    """A session with this many events, written by `simulate`."""
    (told,) = cli.facts("simulate", "--events", str(events), "--rate", "0", "--json")
    session: str = told["sessions"][0]
    return session
