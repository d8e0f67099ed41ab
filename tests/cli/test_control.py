"""The operator's hand: pause, resume, cancel, and doing a session again."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.conftest import NO_SPARE, Cli

SIMULATED = ("quote", "--automation", "simulacao", "--data")


def phases(lines: list[dict[str, Any]]) -> list[str]:
    return [line["data"]["fase"] for line in lines if line["type"] == "progress"]


def test_a_running_session_is_paused_and_goes_on(cli: Cli) -> None:
    answers = '{"etapas": 30, "intervalo_s": 0.3}'
    with cli.running(*SIMULATED, answers, "--session", "mine", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["seq"] == 1
        (told,) = cli.facts("pause", "mine", "--json")
        assert told["wish"] == "pause"
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["data"]["status"] != "paused":
            seen.append(json.loads(process.stdout.readline()))
        (shown,) = cli.facts("show", "mine", "--json")
        assert (shown["status"], shown["wish"]) == ("paused", "pause")
        (told,) = cli.facts("resume", "mine", "--json")
        assert told["wish"] is None
        after = json.loads(process.stdout.readline())
        assert after["data"]["status"] == "running"
        assert cli("cancel", "mine").returncode == 0
        rest = [json.loads(line) for line in process.stdout]
        assert process.wait(30) == 1
    assert rest[-1]["data"]["tipo"] == "cancelado"


def test_what_is_being_cancelled_is_neither_paused_nor_resumed(cli: Cli) -> None:
    (prepared,) = cli.facts("simulate", "--prepare")
    session = prepared["session_id"]
    assert cli("cancel", session).returncode == 0
    for command in ("pause", "resume"):
        done = cli(command, session)
        assert done.returncode == 1 and "being cancelled" in done.stderr


def test_an_ended_session_is_done_again_with_its_answers(cli: Cli) -> None:
    answers = '{"etapas": 2, "intervalo_s": 0, "fim": "erro"}'
    assert cli(*SIMULATED, answers, "--session", "mine").returncode == 1
    (told,) = cli.facts("retry", "mine", "--json")
    assert (told["retry_of"], told["status"]) == ("mine", "queued")
    with cli.running("run", **NO_SPARE):
        lines = cli.facts("tail", told["session_id"], "--json")
    assert lines[-1]["data"]["tipo"] == "calculo_sem_fim"
    assert phases(lines).count("entrou") == 2
    (shown,) = cli.facts("show", told["session_id"], "--json")
    assert shown["retry_of"] == "mine"
    (old,) = cli.facts("show", "mine", "--json")
    assert old["status"] == "failed"


def test_only_what_has_ended_and_can_be_opened_is_done_again(cli: Cli) -> None:
    (prepared,) = cli.facts("simulate", "--prepare")
    done = cli("retry", prepared["session_id"])
    assert done.returncode == 1 and "cancel it first" in done.stderr
    assert cli("retry", "nobody").returncode == 1
    answers = '{"etapas": 1, "intervalo_s": 0}'
    assert cli(*SIMULATED, answers, "--session", "mine").returncode == 0
    done = cli("retry", "mine", ANDAMENTO_DATA_DIR="elsewhere")
    assert done.returncode == 1 and "ANDAMENTO_DATA_DIR" in done.stderr
