"""The logs of runner and worker: nobody waits for who does not read, and nothing runs away."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, cast

import pytest
import structlog

from andamento import log

ROOT = Path(__file__).parents[2]
# More than any pipe holds, and more than waits in memory for one that nobody reads.
LINES, WIDTH = 12_000, 200
# The machine may be busy; who waits for a reader waits for ever.
ENDS_S = 60

RUNNER = f"""
import sys, structlog
from andamento import log
log.configure("info", stream=sys.stdout)
for number in range({LINES}):
    structlog.get_logger().info("said", number=number, filling="x" * {WIDTH})
print("done", file=sys.stderr, flush=True)
"""
WORKER = """
import sys, structlog
from andamento.worker import Voice
Voice()
for number in range({lines}):
    structlog.get_logger().info("said", number=number, filling="x" * {width})
print("done", file=sys.stderr, flush=True)
"""


def started(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def lines(said: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("code", [RUNNER, WORKER.format(lines=LINES, width=WIDTH)])
def test_a_reader_that_does_not_read_holds_nobody_up(code: str) -> None:
    with started(code) as process:
        assert process.stderr is not None
        # Nobody has read a byte of its standard output by then.
        assert process.stderr.readline() == b"done\n"
        process.kill()


@pytest.mark.parametrize("code", [RUNNER, WORKER.format(lines=LINES, width=WIDTH)])
def test_who_is_not_read_ends_well_all_the_same(code: str) -> None:
    with started(code) as process:
        try:
            assert process.wait(ENDS_S) == 0
        finally:
            process.kill()


def test_a_worker_that_is_read_late_has_said_whole_lines_in_order() -> None:
    with started(WORKER.format(lines=2000, width=10)) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"done\n"
        assert process.stdout is not None
        numbers = [line["number"] for line in lines(process.stdout.read())]
        assert process.wait(ENDS_S) == 0
    assert len(numbers) > 100
    assert numbers == list(range(len(numbers)))


def test_of_a_runner_that_is_read_late_lines_are_lost_only_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log, "WAITING_LINES", 2)
    reader = LateReader()
    factory = structlog.get_config()
    try:
        log.configure("info", stream=cast(IO[str], reader))
        logger = structlog.get_logger()
        logger.info("first")
        assert reader.writing.wait(ENDS_S)
        logger.info("second")
        reader.reads.set()
        assert reader.until_said("second")
        logger.info("third")
        assert reader.until_said("third")
    finally:
        structlog.configure(**factory)
    assert all(len(lines(line.encode())) == 1 for line in reader.said.splitlines())


class LateReader:
    """A stream whose first write takes until somebody reads."""

    def __init__(self) -> None:
        self.said = ""
        self.writing, self.reads = threading.Event(), threading.Event()
        self._more = threading.Condition()

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> None:
        self.writing.set()
        self.reads.wait(ENDS_S)
        with self._more:
            self.said += text
            self._more.notify_all()

    def flush(self) -> None:
        return

    def until_said(self, word: str) -> bool:
        with self._more:
            return self._more.wait_for(lambda: word in self.said, ENDS_S)


@pytest.mark.parametrize("code", [RUNNER, WORKER.format(lines=2000, width=10)])
def test_who_has_no_reader_any_more_goes_on(code: str) -> None:
    with started(code) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.readline() == b"done\n"
        process.wait(ENDS_S)


def test_a_worker_that_is_caught_in_a_loop_does_not_fill_the_database() -> None:
    from andamento.worker import MAX_LINES

    with started(WORKER.format(lines=MAX_LINES + 500, width=1)) as process:
        said, _ = process.communicate(timeout=ENDS_S)
    assert 100 < len(lines(said)) <= MAX_LINES


def test_a_line_that_is_too_long_for_a_pipe_is_left_out_whole() -> None:
    from andamento.worker import MAX_LINE

    code = WORKER.format(lines=1, width=MAX_LINE) + "structlog.get_logger().info('short')\n"
    with started(code) as process:
        said, _ = process.communicate(timeout=ENDS_S)
    assert [line["event"] for line in lines(said)] == ["short"]
