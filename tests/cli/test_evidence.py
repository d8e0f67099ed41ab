"""What failing screens left, as an operator finds it: listed, opened, refused, removed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, Replica
from tests.cli.conftest import NO_SPARE, PERSON, Cli, simulated

ACCOUNT = {"ANDAMENTO_QUOTE_EMAIL": DEFAULT_EMAIL, "ANDAMENTO_QUOTE_PASSWORD": DEFAULT_PASSWORD}


def kept(cli: Cli, session: str, number: int = 1) -> Path:
    """Evidence as a worker writes it, with the smallest trace that there is."""
    folder = cli.folder / ".andamento" / "evidence" / session / str(number)
    folder.mkdir(parents=True)
    facts = {"tipo": "tela_ausente", "etapa": "9", "url": "https://x.example/", "kept_at": "now"}
    (folder / "evidence.json").write_text(json.dumps(facts))
    (folder / "page.yaml").write_text("- heading")
    head = {"version": 8, "type": "context-options", "browserName": "chromium", "options": {}}
    with zipfile.ZipFile(folder / "trace.zip", "w") as trace:
        trace.writestr("trace.trace", json.dumps(head) + "\n")
    return folder


def test_a_failed_quote_lists_its_evidence_under_its_session(cli: Cli) -> None:
    with Replica(pace="fast", seed=1) as site:
        url = site.start_url("cpf_recusado")
        done = cli(
            *("quote", "--data", json.dumps(PERSON), "--session", "failed", "--json"),
            **ACCOUNT,
            ANDAMENTO_QUOTE_URL=url,
        )
        none = cli(
            *("quote", "--data", json.dumps(PERSON), "--session", "without", "--json"),
            **ACCOUNT,
            ANDAMENTO_QUOTE_URL=url,
            ANDAMENTO_EVIDENCE_DAYS="0",
        )
    assert done.returncode == none.returncode == 1
    # What the visitor gets is one kind sentence and what to do; the place is the operator's.
    error = json.loads(done.stdout.splitlines()[-1])
    assert error["data"]["mensagem"] and error["data"]["sugestao"]
    assert "evidenc" not in done.stdout

    (shown,) = cli.facts("show", "failed", "--json")
    assert shown["events"][-1]["detail"]["evidencia"] == "evidence/failed/1"
    (exhibit,) = shown["evidence"]
    assert (exhibit["tipo"], exhibit["etapa"]) == ("cpf_recusado", "9")
    names = [file["name"] for file in exhibit["files"]]
    # On a very busy machine a part may run out of its time; the facts never do.
    assert "evidence.json" in names
    assert set(names) <= {"screenshot.png", "page.yaml", "trace.zip", "evidence.json"}
    for file in exhibit["files"]:
        assert (cli.folder / file["path"]).stat().st_size == file["bytes"] > 0
    assert cli.facts("evidence", "failed", "--json") == shown["evidence"]
    for command in ("show", "evidence"):
        told = cli(command, "failed").stdout
        assert "evidence 1  cpf_recusado on screen 9" in told
        assert ".andamento/evidence/failed/1/evidence.json" in told
    assert cli.facts("show", "without", "--json")[0]["evidence"] == []


def test_the_trace_opens_with_one_command_until_ctrl_c(cli: Cli) -> None:
    session = simulated(cli)
    kept(cli, session)
    folder = kept(cli, session, 2)
    with cli.running("evidence", session, "--open", "--json") as process:
        fact = viewer(process)
        assert fact["trace"] == str(folder / "trace.zip")
        answer = httpx.get(fact["viewer"], follow_redirects=True)
        assert answer.status_code == 200 and "Trace Viewer" in answer.text
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(fact["viewer"])


def viewer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What is told once the viewer serves."""
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    fact: dict[str, Any] = json.loads(line)
    return fact


def test_what_is_not_there_is_said(cli: Cli) -> None:
    session = simulated(cli)
    none = cli("evidence", session)
    assert none.returncode == 0 and "no evidence" in none.stdout
    assert cli.facts("evidence", session, "--json") == []
    opened = cli("evidence", session, "--open")
    assert opened.returncode == 1 and f"{session} left no evidence" in opened.stderr
    unknown = cli("evidence", "rpa_v5_nobody")
    assert unknown.returncode == 1 and "rpa_v5_nobody" in unknown.stderr

    folder = kept(cli, session)
    wrong = cli("evidence", session, "--open", "--number", "3")
    assert wrong.returncode == 1 and "there is: 1" in wrong.stderr
    (folder / "trace.zip").unlink()
    without = cli("evidence", session, "--open")
    assert without.returncode == 1 and "page.yaml, evidence.json" in without.stderr


def test_a_viewer_that_does_not_come_is_said(cli: Cli) -> None:
    session = simulated(cli)
    kept(cli, session)
    done = cli("evidence", session, "--open", PLAYWRIGHT_NODEJS_PATH="/no/such/node")
    assert done.returncode == 1
    assert "trace viewer" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", "/etc"])
def test_what_is_no_session_id_is_refused(cli: Cli, name: str) -> None:
    simulated(cli)
    done = cli("evidence", name)
    assert done.returncode == 2 and "letters, digits" in done.stderr


def test_the_runner_removes_old_evidence(cli: Cli) -> None:
    session = simulated(cli)
    old, new = kept(cli, session).parent, kept(cli, "new").parent
    os.utime(old, (time.time() - 15 * 86_400,) * 2)
    with cli.running("run", **NO_SPARE) as process:
        deadline = time.monotonic() + 60
        while old.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
    assert not old.exists() and new.exists()
