"""What a worker says: its log is heard line by line, everything else is its last words."""

from __future__ import annotations

import json
import sys
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs

from runner.output import EARLY_LINES
from runner.process import Child
from tests.runner.conftest import PACE_S, Bench
from tests.runner.test_process import JOB

pytestmark = pytest.mark.anyio


class Heard:
    """The lines that one listener got."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def __call__(self, line: dict[str, Any]) -> None:
        self.lines.append(line)

    async def until(self, count: int) -> list[dict[str, Any]]:
        with anyio.fail_after(20):
            while len(self.lines) < count:
                await anyio.sleep(PACE_S)
        return self.lines


def python(code: str) -> list[str]:
    """A worker that runs `code`, where `said(x)` is a line of the log."""
    said = "said = lambda event: json.dumps({'event': event, 'level': 'info'})"
    return [sys.executable, "-S", "-c", f"import json, sys; {said}; {code}"]


async def test_only_whole_objects_of_json_are_lines_of_the_log_and_the_rest_last_words() -> None:
    code = "[print(line) for line in (said(1), '[1]', '{half', 'plain words', '', said(2))]"
    heard = Heard()
    async with Child(python(code)) as child:
        await child.give(JOB, heard)
        assert [line["event"] for line in await heard.until(2)] == [1, 2]
        await child.wait()
        assert await child.tail() == ["[1]", "{half", "plain words"]


async def test_answers_that_a_flow_prints_as_json_are_no_line_of_the_log() -> None:
    code = """print('{"nome": "Josefina", "cpf": "529.982.247-25"}'); print(said(1))"""
    heard = Heard()
    async with Child(python(code)) as child:
        await child.give(JOB, heard)
        assert [line["event"] for line in await heard.until(1)] == [1]
        await child.wait()
        assert await child.tail() == ['{"nome": "[…]", "cpf": "[…]"}']


async def test_standard_error_is_no_log_whatever_it_looks_like() -> None:
    code = "print(said(1), file=sys.stderr); print(said(2))"
    heard = Heard()
    async with Child(python(code)) as child:
        await child.give(JOB, heard)
        assert [line["event"] for line in await heard.until(1)] == [2]
        await child.wait()
        assert await child.tail() == ['{"event": 1, "level": "info"}']


async def test_last_words_on_standard_output_are_without_the_persons_too() -> None:
    code = "print('cannot work with Josefina, 529.982.247-25'); sys.stdin.readline()"
    async with Child(python(code)) as child:
        await child.give(JOB, Heard())
        await child.wait()
        assert await child.tail() == ["cannot work with […], […]"]


async def test_what_is_said_before_anybody_listens_is_kept_for_who_comes() -> None:
    code = "[print(said(n), flush=True) for n in range(30)]; sys.stdin.readline(); "
    code += "print(said('told'))"
    heard = Heard()
    async with Child(python(code)) as child:
        with anyio.fail_after(20):
            # All that it says of its own accord has been read.
            while not child._output._early or child._output._early[-1]["event"] != 29:
                await anyio.sleep(PACE_S)
        await child.give(JOB, heard)
        lines = await heard.until(EARLY_LINES + 1)
    assert [line["event"] for line in lines] == [*range(10, 30), "told"]


async def test_a_worker_that_floods_both_its_pipes_is_never_held_up() -> None:
    code = "[(print('x' * 999, file=f)) for f in (sys.stdout, sys.stderr) for _ in range(2000)]"
    async with Child(python(code)) as child:
        await child.give(JOB)
        with anyio.fail_after(30):
            assert await child.wait() == 0


async def test_a_workers_lines_are_logged_as_its_sessions(bench: Bench) -> None:
    with capture_logs() as logs:
        bench.supervise()
        await bench.create("speaks")
        ending = await bench.ending()
    (said,) = [line for line in logs if line["event"] == "plate was refused"]
    assert said == {
        "event": "plate was refused",
        "log_level": "warning",
        "session": "a",
        "generation": 1,
        "screen": "2",
        "tries": 2,
    }
    assert [line["tries"] for line in logs if line["event"] == "odd"] == [3]
    # Its reader lived on.
    assert ending.detail is not None
    assert json.loads(ending.detail)["stderr"] == ['["no", "line"]', '{"half', "plain words"]
