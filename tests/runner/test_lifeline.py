"""The lifeline: orders come by it, and its end is the end of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from runner.job import Warmup
from runner.lifeline import Lifeline
from tests.runner.conftest import COMMAND, gone

pytestmark = pytest.mark.anyio

REAL = (sys.executable, "-m", "andamento.worker")
# It says what it was told; then its one thread is busy for ever.
BLOCKED = (
    sys.executable,
    "-c",
    "import subprocess, sys, time; from runner.lifeline import Lifeline; "
    "stray = subprocess.Popen(['sleep', '600'], start_new_session=True); "
    "print(stray.pid, Lifeline().line().decode(), flush=True); time.sleep(600)",
)
# The worker's own module loads slowly on a busy machine.
ENDS_S = 60


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("command", [COMMAND, REAL])
def test_a_worker_whose_runner_leaves_before_any_order_ends(command: tuple[str, ...]) -> None:
    with started(*command) as worker:
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(ENDS_S) in (0, -signal.SIGKILL)


@pytest.mark.parametrize("command", [COMMAND, REAL])
def test_a_spare_whose_runner_leaves_ends(command: tuple[str, ...]) -> None:
    with started(*command) as worker:
        assert worker.stdin is not None
        worker.stdin.write(Warmup(chromium="/nonexistent").line())
        worker.stdin.close()
        assert worker.wait(ENDS_S) in (0, -signal.SIGKILL)


async def test_a_blocked_process_is_ended_with_all_it_started_once_the_other_end_closes() -> None:
    with started(*BLOCKED) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.write(b"first\nhalf")
        worker.stdin.flush()
        stray, said = worker.stdout.readline().split()
        assert said == b"first" and psutil.pid_exists(int(stray))
        worker.stdin.close()
        assert worker.wait(ENDS_S) == -signal.SIGKILL
    await gone(int(stray))


def test_lines_come_whole_and_in_order_however_they_were_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = threading.Event()
    monkeypatch.setattr("runner.lifeline.LAST_WORDS_S", 0)
    monkeypatch.setattr("runner.lifeline.end_everything", ended.set)
    reader, writer = os.pipe()
    lifeline = Lifeline(reader)
    for part in (b"on", b"e\ntwo\nth", b"x" * 200_000 + b"\n", b"never ended"):
        os.write(writer, part) if len(part) < 1000 else _write_all(writer, part)
    os.close(writer)
    assert [lifeline.line() for _ in range(4)] == [b"one", b"two", b"th" + b"x" * 200_000, b""]
    # Before this test is over, or the true one would end us.
    assert ended.wait(ENDS_S)
    os.close(reader)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
