"""Workers that outlived their runner are found and ended, and nobody else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from runner.stray import sweep
from tests.runner.conftest import gone

pytestmark = pytest.mark.anyio

START = (
    "import subprocess, sys; "
    "print(subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL).pid, flush=True)"
)
STAY = "; sys.stdin.read()"


@contextmanager
def worker(command: list[str], *, parent: str = "") -> Iterator[psutil.Process]:
    """A process of `command`; its parent has left, or is called `parent` and stays."""
    code = START + (STAY if parent else "")
    with subprocess.Popen(
        [sys.executable, "-c", f"{code} # {parent}", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdin is not None and starter.stdout is not None
        process = psutil.Process(int(starter.stdout.readline()))
        if not parent:
            starter.wait()
        try:
            yield process
        finally:
            if process.is_running():
                process.kill()
            starter.stdin.close()


def command(folder: Path) -> list[str]:
    """What starts a worker here, and nowhere else: the last argument tells them apart."""
    return [sys.executable, "-c", "import time; time.sleep(600)", str(folder)]


async def test_a_stopped_worker_whose_runner_is_gone_is_ended(tmp_path: Path) -> None:
    with worker(command(tmp_path)) as process:
        process.send_signal(signal.SIGSTOP)
        assert sweep(command(tmp_path), grace_s=0) == 1
        await gone(process.pid)


def test_a_worker_whose_runner_is_there_is_left_alone(tmp_path: Path) -> None:
    with worker(command(tmp_path), parent="andamento run") as process:
        assert sweep(command(tmp_path), grace_s=0) == 0
        assert process.is_running()


def test_another_installations_worker_is_left_to_its_own_runner(tmp_path: Path) -> None:
    with worker(command(tmp_path / "a")) as process:
        assert sweep(command(tmp_path / "b"), grace_s=0) == 0
        assert process.is_running()


def test_who_leaves_by_itself_meanwhile_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with worker(command(tmp_path)) as process:
        monkeypatch.setattr("runner.stray.time.sleep", lambda seconds: _end(process))
        assert sweep(command(tmp_path)) == 0


def _end(process: psutil.Process) -> None:
    process.kill()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        os.sched_yield()
