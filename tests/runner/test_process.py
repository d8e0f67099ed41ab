"""One worker process: its job, its last words, its end."""

from __future__ import annotations

import sys
import warnings
from types import MappingProxyType

import anyio
import psutil
import pytest

from runner.flow import Site
from runner.process import MAX_LINE, TAIL_LINES, TAIL_WIDTH, Child, Job, redact
from tests.runner.conftest import gone

pytestmark = pytest.mark.anyio

JOB = Job(
    session_id="a",
    generation=3,
    owner="me",
    automation="simulacao",
    answers=MappingProxyType({"nome": "Ana Lía\nMuñoz", "filhos": [{"nome": "Josefina"}], "n": 1}),
    database="sqlite:///x.db",
    site=Site(url="https://site.example", email="c@example.org", password="tops3cret"),
)


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def test_a_job_comes_back_from_its_line() -> None:
    line = JOB.line()
    assert line.count(b"\n") == 1 and line.isascii()
    assert Job.from_line(line) == JOB
    assert (JOB.lease.session_id, JOB.lease.generation, JOB.lease.owner) == ("a", 3, "me")


def test_a_job_does_not_show_answers_or_account() -> None:
    assert "Ana" not in repr(JOB) and "tops3cret" not in repr(JOB)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"nome": "Josefina"}', b'{"site": {}}'])
def test_a_line_that_is_no_job_is_not_quoted(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a job") as caught:
        Job.from_line(line)
    assert "Josefina" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("cpf 52998224725", "cpf […]"),
        ("cpf 529.982.247-25.", "cpf […]."),
        ("fone (11) 98765-4321", "fone ([…]"),
        ("born 01/02/1990", "born […]"),
        ("plate ABC-1D23 abc1d23", "plate […] […]"),
        ("mail x.y+z@example.org now", "mail […] now"),
        ("line 123 of 4567", "line 123 of 4567"),
    ],
)
def test_what_looks_like_a_persons_number_or_address_is_taken_out(line: str, kept: str) -> None:
    assert redact(line) == kept


async def test_the_jobs_own_words_are_taken_out_of_the_tail() -> None:
    code = "import sys; print('analysis: ana lía, MUÑOZ and Josefina: tops3cret', file=sys.stderr)"
    async with Child(python(code), JOB) as child:
        assert await child.wait() == 0
        assert await child.tail() == ["analysis: […] […], […] and […]: […]"]


async def test_only_the_last_lines_are_kept_and_none_is_endless() -> None:
    long = "z" * (3 * MAX_LINE)
    code = f"import sys; [print('w', i, file=sys.stderr) for i in range(50)]; sys.exit({long!r})"
    async with Child(python(code), JOB) as child:
        assert await child.wait() == 1
        tail = await child.tail()
    assert (len(tail), tail[-2], len(tail[-1])) == (TAIL_LINES, "w 49", TAIL_WIDTH)


async def test_a_child_that_reads_nothing_and_dies_is_no_error() -> None:
    async with Child(["true"], JOB) as child:
        assert await child.wait() == 0


async def test_a_child_that_will_not_obey_is_killed_with_all_it_started() -> None:
    code = (
        "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN); "
        "s = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'], "
        "start_new_session=True); print(s.pid, file=sys.stderr, flush=True); time.sleep(600)"
    )
    async with Child(python(code), JOB) as child:
        with anyio.fail_after(10):
            while not await child.tail():
                await anyio.lowlevel.checkpoint()
        stray = psutil.Process(child.pid).children()[0].pid
        await child.kill(grace_s=0.1)
        assert await child.wait() == -9
        await gone(stray)


async def test_leaving_ends_the_child() -> None:
    async with Child(["sleep", "600"], JOB) as child:
        pid = child.pid
        assert child.running and not child.stopped
    await gone(pid)


async def test_a_child_that_is_not_closed_is_told() -> None:
    child = Child(["sleep", "600"], JOB)
    await child.__aenter__()
    with pytest.warns(ResourceWarning, match="Child was not closed"):
        child.__del__()
    await child.__aexit__()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        child.__del__()
