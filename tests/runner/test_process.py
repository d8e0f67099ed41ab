"""One worker process: its job, its last words, its end."""

from __future__ import annotations

import os
import signal
import stat
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import anyio
import psutil
import pytest

from runner import folder
from runner.flow import Site
from runner.folder import Folder
from runner.job import Job
from runner.output import MAX_LINE, TAIL_LINES, TAIL_WIDTH
from runner.process import Child
from runner.redaction import redact
from tests.runner.conftest import given, gone

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
    async with given(python(code), JOB) as child:
        assert await child.wait() == 0
        assert await child.tail() == ["analysis: […] […], […] and […]: […]"]


async def test_only_the_last_lines_are_kept_and_none_is_endless() -> None:
    long = "z" * (3 * MAX_LINE)
    code = f"import sys; [print('w', i, file=sys.stderr) for i in range(50)]; sys.exit({long!r})"
    async with given(python(code), JOB) as child:
        assert await child.wait() == 1
        tail = await child.tail()
    assert (len(tail), tail[-2], len(tail[-1])) == (TAIL_LINES, "w 49", TAIL_WIDTH)


async def test_a_child_that_reads_nothing_and_dies_is_no_error() -> None:
    async with given(["true"], JOB) as child:
        assert await child.wait() == 0


async def test_a_child_that_will_not_obey_is_killed_with_all_it_started() -> None:
    code = (
        "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN); "
        "s = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'], "
        "start_new_session=True); print(s.pid, file=sys.stderr, flush=True); time.sleep(600)"
    )
    async with given(python(code), JOB) as child:
        with anyio.fail_after(10):
            while not await child.tail():
                await anyio.lowlevel.checkpoint()
        stray = psutil.Process(child.pid).children()[0].pid
        await child.kill(grace_s=0.1)
        assert await child.wait() == -9
        await gone(stray)


async def test_leaving_ends_the_child() -> None:
    async with given(["sleep", "600"], JOB) as child:
        pid = child.pid
        assert child.running and not child.stopped
    await gone(pid)


async def test_a_child_that_is_not_closed_is_told() -> None:
    child = Child(["sleep", "600"])
    await child.__aenter__()
    with pytest.warns(ResourceWarning, match="Child was not closed"):
        child.__del__()
    await child.__aexit__()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        child.__del__()


# A worker with a real browser and a recording, as a quote has them.
BROWSING = """
import anyio, os, pathlib
from runner.browser import open_page

async def main():
    async with open_page() as page:
        await page.context.tracing.start()
        await page.goto("data:text/html,<h1>x</h1>")
        pathlib.Path(os.environ["TMPDIR"], "ready").touch()
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made. Not tmp_path: sockets in them need short names."""
    with tempfile.TemporaryDirectory(prefix="a") as place:
        monkeypatch.setattr(tempfile, "tempdir", place)
        yield Path(place)


async def appeared(path: Path) -> None:
    with anyio.fail_after(60):
        while not path.exists():
            await anyio.sleep(0.01)


async def test_a_killed_workers_browser_leaves_no_file_behind(root: Path) -> None:
    command = [sys.executable, "-c", BROWSING]
    async with given(command, JOB, environment=dict(os.environ)) as child:
        (own,) = root.iterdir()
        await appeared(own / "ready")
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
        left = {path.name.split("-")[0] for path in own.iterdir()}
        assert {"playwright_chromiumdev_profile", "playwright"} & left
        sockets = [path for path in own.rglob("*") if path.is_socket()]
        assert sockets and all(len(os.fsencode(path)) <= 100 for path in sockets)
        family = psutil.Process(child.pid).children(recursive=True)
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()

    assert list(root.iterdir()) == []
    for process in family:
        await gone(process.pid)


async def test_a_worker_that_does_not_start_leaves_no_folder(root: Path) -> None:
    with pytest.raises(OSError):
        async with given(["/no/such/program"], JOB, environment={}):
            pass

    assert list(root.iterdir()) == []


async def test_a_worker_without_an_environment_of_its_own_has_the_parents_folder(
    root: Path,
) -> None:
    async with given(python("import sys; sys.stdin.read()"), JOB):
        assert list(root.iterdir()) == []


async def test_what_a_killed_runner_left_is_swept_up_and_what_is_held_is_not(root: Path) -> None:
    mine = Folder()
    code = "import sys; from runner.folder import Folder; f = Folder(); print(f.path, flush=True)"
    code += "; (f.path / 'profile').mkdir(); sys.stdin.read()"
    environment = {**os.environ, "TMPDIR": str(root)}
    async with await anyio.open_process([sys.executable, "-c", code], env=environment) as other:
        assert other.stdout is not None
        theirs = Path((await other.stdout.receive()).decode().strip())
        assert folder.sweep() == 0 and theirs.exists() and mine.path.exists()
        other.kill()
        await other.wait()

    link = root / f"{folder.PREFIX}abcd1234"
    link.symlink_to(root)
    strangers = [root / "andamento-bench-abcd1234", root / f"{folder.PREFIX}of-somebody-else"]
    for stranger in strangers:
        stranger.mkdir()
    assert folder.sweep() == 1
    assert not theirs.exists() and mine.path.exists() and link.is_symlink()
    assert all(stranger.exists() for stranger in strangers)
    mine.remove()
    assert not mine.path.exists()


def test_a_long_temporary_path_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    own = Folder()
    own.remove()

    assert own.path.parent == Path("/tmp")
