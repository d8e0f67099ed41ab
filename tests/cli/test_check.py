"""`andamento check`: what it finds, what it advises, and that it changes nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, ready

ITEMS = [
    *("settings", "sqlite", "database", "disk", "locks"),
    *("keys", "clock", "browser", "port", "workers"),
]
ACCOUNT = {
    "ANDAMENTO_QUOTE_URL": "https://quotes.example/x",
    "ANDAMENTO_QUOTE_EMAIL": "broker@site.example",
    "ANDAMENTO_QUOTE_PASSWORD": "not-a-real-one",
}


@pytest.fixture
def free(cli: Cli) -> Cli:
    """An installation on a port that nobody uses, with an account."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    cli.environment |= {**ACCOUNT, "ANDAMENTO_PORT": str(port)}
    return cli


def looked(cli: Cli, *arguments: str, code: int = 0, **environment: str) -> dict[str, Any]:
    """Every item by its name; the exit code must be this one."""
    done = cli("check", "--json", *arguments, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    return {fact["item"]: fact for fact in facts if "item" in fact} | {
        "findings": [fact for fact in facts if "fault" in fact]
    }


def simulated(cli: Cli, events: int = 3) -> str:
    """A session with this many events."""
    (told,) = cli.facts("simulate", "--events", str(events), "--rate", "0", "--json")
    session: str = told["sessions"][0]
    return session


def well(items: dict[str, Any]) -> bool:
    """Nothing is wrong, but for what a busy machine may be slow at."""
    slow = ("disk", "clock", "browser")
    verdicts = {name: item["verdict"] for name, item in items.items() if name != "findings"}
    return all(
        verdict == "ok" or (name in slow and verdict == "warning")
        for name, verdict in verdicts.items()
    )


def test_an_empty_installation_is_well_and_stays_empty(free: Cli) -> None:
    items = looked(free)
    # Without being asked it leaves the sessions alone.
    assert list(items)[:-1] == ITEMS
    assert well(items)
    assert list(free.folder.iterdir()) == []


def test_people_get_one_line_an_item_with_what_to_do_below(cli: Cli) -> None:
    done = cli("check", ANDAMENTO_PORT="0")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("warning  settings") and "ANDAMENTO_QUOTE_URL" in lines[1]
    assert all("not-a-real-one" not in line for line in lines)


def test_a_wrong_setting_is_named_and_ends_the_look(cli: Cli) -> None:
    items = looked(cli, code=1, ANDAMENTO_CAPACITY="many")
    assert items["settings"]["verdict"] == "failed"
    assert "ANDAMENTO_CAPACITY=many" in items["settings"]["measured"]


def test_a_session_whose_row_lies_is_found(free: Cli) -> None:
    liar, honest = simulated(free), simulated(free)
    with closing(sqlite3.connect(free.database)) as connection:
        connection.execute("DROP TRIGGER sessions_true")
        connection.execute("UPDATE sessions SET status = 'failed' WHERE id = ?", (liar,))
        connection.commit()
    items = looked(free, "--sessions", code=1)
    (finding,) = items["findings"]
    assert finding["session_id"] == liar != honest
    assert "its terminal event says completed" in finding["fault"]
    assert "1 violations" in items["sessions"]["measured"]


def test_a_damaged_file_is_named(free: Cli) -> None:
    simulated(free)
    content = bytearray(free.database.read_bytes())
    content[4096 * 2 : 4096 * 5] = os.urandom(4096 * 3)
    free.database.write_bytes(content)
    assert looked(free, code=1)["database"]["verdict"] == "failed"


def test_another_programs_database_is_left_alone(free: Cli) -> None:
    with closing(sqlite3.connect(free.database)) as connection:
        connection.execute("CREATE TABLE t (a)")
    before = free.database.read_bytes()
    assert "another program" in looked(free, code=1)["database"]["todo"]
    assert free.database.read_bytes() == before


def test_each_trouble_is_an_item_of_its_own_with_what_to_do(free: Cli) -> None:
    with free.running("serve") as process:
        ready(process)
    free.database.chmod(0o644)
    (free.folder / ".andamento" / "vault.key").chmod(0o644)
    port = int(free.environment["ANDAMENTO_PORT"])
    with socket.create_server(("127.0.0.1", port)), orphan(free) as pid:
        items = looked(free, code=1, ANDAMENTO_CHROMIUM="/nowhere/chromium")
    troubles = {
        "database": ("warning", "chmod 600"),
        "keys": ("failed", "chmod 600"),
        "port": ("failed", "ANDAMENTO_PORT"),
        "browser": ("failed", "ANDAMENTO_CHROMIUM"),
        "workers": ("warning", str(pid)),
    }
    for name, (verdict, todo) in troubles.items():
        assert items[name]["verdict"] == verdict, items[name]
        assert todo in items[name]["todo"]
    assert items["sqlite"]["verdict"] == items["locks"]["verdict"] == "ok"


@contextmanager
def orphan(cli: Cli) -> Iterator[int]:
    """A worker that waits for its job, and whose parent has left."""
    start = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-P', '-m',"
        " 'andamento.worker', sys.argv[1]], stdout=subprocess.DEVNULL).pid)"
    )
    evidence = str(cli.folder / ".andamento" / "evidence")
    read, write = os.pipe()
    try:
        started = subprocess.run(
            [sys.executable, "-c", start, evidence],
            cwd=cli.folder,
            env=cli.environment,
            stdin=read,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        pid = int(started.stdout)
        yield pid
        os.kill(pid, signal.SIGKILL)
    finally:
        # Closed, it would leave by itself, too.
        os.close(read)
        os.close(write)


def test_while_everything_runs_it_says_so_and_disturbs_nothing(free: Cli) -> None:
    with free.running("up") as process:
        ready(process)
        for _ in range(3):
            simulated(free)
        items = looked(free, "--sessions")
        assert well(items)
        assert "served by andamento" in items["port"]["measured"]
        assert "3 sessions" in items["sessions"]["measured"]
        assert "integrity check ok" in items["database"]["measured"]
        assert "mode 600" in items["keys"]["measured"]
        assert process.poll() is None


def test_a_missing_folder_has_failed(free: Cli, tmp_path: Path) -> None:
    items = looked(free, "--db", f"sqlite:///{tmp_path}/nowhere/a.db", code=1)
    assert items["database"]["verdict"] == "failed"
    assert {items[name]["verdict"] for name in ("disk", "locks")} == {"failed"}
