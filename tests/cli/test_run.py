"""The command line at work: simulated sessions, the operator's window, a run in the foreground."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.cli.conftest import PERSON, SIMULATED, Cli, simulated


def test_simulate_writes_what_was_asked_for_and_stamps_each_event(cli: Cli) -> None:
    before = time.time_ns()
    (told,) = cli.facts("simulate", "--sessions", "3", "--events", "4", "--rate", "0", "--json")
    assert (len(told["sessions"]), told["events"]) == (3, 12)
    for session in told["sessions"]:
        (shown,) = cli.facts("show", session, "--json")
        assert shown["status"] == "completed"
        assert [event["seq"] for event in shown["events"]] == [1, 2, 3, 4]
        assert all(before < event["data"]["t"] < time.time_ns() for event in shown["events"])


def test_sessions_are_prepared_once_and_written_later(cli: Cli) -> None:
    prepared = cli.facts("simulate", "--sessions", "2", "--prepare", "--base", "http://x.example")
    for session in prepared:
        assert session["events_url"].startswith(
            f"http://x.example/api/rpa/events/{session['session_id']}?token="
        )
    ids = [session["session_id"] for session in prepared]
    assert [told["events"] for told in cli.facts("sessions", "--json")] == [0, 0]
    cli.facts(
        "simulate", "--session", "-", "--events", "2", "--rate", "0", "--json", given="\n".join(ids)
    )
    assert [told["events"] for told in cli.facts("sessions", "--json")] == [2, 2]
    again = cli("simulate", "--session", ids[0])
    assert again.returncode == 1 and "already ended" in again.stderr


def test_the_operators_window_shows_the_same_facts_to_people_and_programs(cli: Cli) -> None:
    session = simulated(cli, events=5)
    (listed,) = cli.facts("sessions", "--json")
    assert (listed["session_id"], listed["events"], listed["percentual"]) == (session, 5, 100)
    table = cli("sessions").stdout
    assert session in table and "completed" in table
    people = cli("show", session).stdout
    assert "completed" in people and "result" in people
    followed = cli.facts("tail", session, "--json")
    assert [event["seq"] for event in followed] == [1, 2, 3, 4, 5]
    (snapshot,) = cli.facts("snapshot", session)
    assert (snapshot["cursor"], snapshot["progress"]["status"]) == (5, "completed")


def test_sessions_can_be_narrowed(cli: Cli) -> None:
    simulated(cli)
    assert cli.facts("sessions", "--json", "--status", "failed") == []
    assert len(cli.facts("sessions", "--json", "--automation", "simulacao")) == 1
    assert "No sessions" in cli("sessions", "--status", "failed").stdout


def test_an_ended_session_cannot_be_cancelled(cli: Cli) -> None:
    session = simulated(cli)
    done = cli("cancel", session)
    assert done.returncode == 1 and "already ended (completed)" in done.stderr


@pytest.mark.parametrize(
    ("ending", "code", "type", "status"),
    [
        ("cotacao", 0, "result", "completed"),
        ("cotacao_manual", 0, "result", "completed"),
        ("erro", 1, "error", "failed"),
        ("morte", 1, "error", "failed"),
    ],
)
def test_a_run_in_the_foreground_tells_the_truth_by_its_exit_code(
    cli: Cli, ending: str, code: int, type: str, status: str
) -> None:
    answers = json.dumps({"etapas": 2, "intervalo_s": 0, "fim": ending})
    done = cli(*SIMULATED, answers, "--session", "mine", "--json")
    assert done.returncode == code, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == type
    (shown,) = cli.facts("show", "mine", "--json")
    assert shown["status"] == status


def test_a_run_for_people_shows_its_steps_and_its_plans(cli: Cli) -> None:
    done = cli(*SIMULATED, '{"etapas": 6, "intervalo_s": 0}')
    assert done.returncode == 0, done.stderr
    assert "Plano recomendado" in done.stdout and "R$" in done.stdout


def test_a_session_id_is_not_used_twice(cli: Cli) -> None:
    session = simulated(cli)
    done = cli(*SIMULATED, "{}", "--session", session)
    assert done.returncode == 1 and "exists already" in done.stderr


def test_wrong_answers_are_all_named_before_anything_starts(cli: Cli) -> None:
    (cli.folder / "parametros.json").write_text('{"cpf": "1", "placa": "x"}')
    done = cli("quote")
    assert done.returncode == 2
    for name in ("cpf", "placa", "cep", "email", "celular", "nome"):
        assert f"{name}:" in done.stderr
    assert not cli.database.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "not JSON"), ("[]", "one JSON object"), (None, "cannot be read")],
)
def test_answers_that_cannot_be_read_are_named(cli: Cli, text: str | None, says: str) -> None:
    if text is not None:
        (cli.folder / "parametros.json").write_text(text)
    done = cli("quote")
    assert done.returncode == 2
    assert "parametros.json" in done.stderr and says in " ".join(done.stderr.split())


def test_a_dry_run_shows_the_answers_and_the_assumed_ones_and_starts_nothing(cli: Cli) -> None:
    answers = {**PERSON, "placa": "bra-2e19", "zero_km": "sim", "cor": "azul"}
    (cli.folder / "parametros.json").write_text(json.dumps(answers))
    (told,) = cli.facts("quote", "--dry-run", "--json")
    assert (told["answers"]["placa"], told["answers"]["zero_km"]) == ("BRA2E19", True)
    assert "combustivel" in told["assumed"] and "zero_km" not in told["assumed"]
    assert told["ignored"] == 1
    shown = cli("quote", "--dry-run").stdout
    assert "BRA2E19" in shown and "assumed" in shown and "1 unknown" in shown
    assert not cli.database.exists()


def test_ctrl_c_cancels_the_run_and_waits_for_its_ending(cli: Cli) -> None:
    answers = '{"etapas": 100, "intervalo_s": 30}'
    with cli.running(*SIMULATED, answers, "--session", "mine", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["seq"] == 1
        process.send_signal(signal.SIGINT)
        rest = [json.loads(line) for line in process.stdout]
        assert process.wait(30) == 1
    assert rest[-1]["data"]["tipo"] == "cancelado"


def test_a_run_whose_reader_leaves_is_ended_and_not_left_to_nobody(cli: Cli) -> None:
    answers = '{"etapas": 1000, "intervalo_s": 0.05}'
    with cli.running(*SIMULATED, answers, "--session", "mine", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 1
        process.stdout = None
    (facts,) = cli.facts("show", "mine", "--json")
    assert facts["status"] == "failed"
    assert facts["events"][-1]["data"]["tipo"] == "robo_interrompido"
