"""The command line: what it prints, how it fails, and the exit code that tells the truth."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from andamento.cli import app
from tests.cli.conftest import NO_SPARE, Cli, ready

COMMANDS = (
    *("up", "serve", "run", "quote", "simulate"),
    *("sessions", "show", "tail", "snapshot", "evidence", "check", "snippet"),
    *("cancel", "pause", "resume", "retry"),
)
PERSON = {
    "nome": "Ana Exemplo",
    "cpf": "11144477735",
    "placa": "BRA2E19",
    "cep": "01310100",
    "email": "ana@example.com",
    "celular": "11900000000",
    "data_nascimento": "01/02/1980",
    "sexo": "Feminino",
    "estado_civil": "Solteiro",
}
SIMULATED = ("quote", "--automation", "simulacao", "--data")


def simulated(cli: Cli, events: int = 3) -> str:
    """A session with this many events, written by `simulate`."""
    (told,) = cli.facts("simulate", "--events", str(events), "--rate", "0", "--json")
    session: str = told["sessions"][0]
    return session


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    # In this process: half a second each, and what is asked is what typer was told.
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Usage: " in done.stdout and command in done.stdout


def test_without_a_command_the_commands_are_listed(cli: Cli) -> None:
    listed = cli("--help").stdout
    assert [command for command in COMMANDS if command not in listed] == []


def test_a_wrong_use_is_exit_code_2(cli: Cli) -> None:
    assert cli("dance").returncode == 2
    assert cli("simulate", "--events", "0").returncode == 2
    assert cli("quote", "--data", "{}", "--data-file", "x").returncode == 2


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ANDAMENTO_PORT", "eighty", "integer"),
        ("ANDAMENTO_DB", "postgres://x", "sqlite:///"),
        ("ANDAMENTO_CORS_ORIGINS", "https://a.example/path", "without a path"),
        ("ANDAMENTO_CAPACITY", "0", "greater than or equal to 1"),
        ("ANDAMENTO_PUBLIC_URL", "robot.example", "pattern"),
        ("ANDAMENTO_LOG_LEVEL", "loud", "debug, info, warning or error"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_says_what_is_allowed(
    cli: Cli, name: str, value: str, says: str
) -> None:
    done = cli("up", **{"ANDAMENTO_PORT": "0", name: value})
    assert done.returncode == 2
    assert f"{name}={value}" in done.stderr and says in done.stderr


def test_settings_are_read_from_a_file_too(cli: Cli) -> None:
    (cli.folder / ".env").write_text("ANDAMENTO_CAPACITY=many\n")
    done = cli("run")
    assert done.returncode == 2 and "ANDAMENTO_CAPACITY=many" in done.stderr


@pytest.mark.parametrize("command", ["sessions", "show x", "tail x", "snapshot x", "cancel x"])
def test_a_missing_database_is_named_and_not_made(cli: Cli, command: str) -> None:
    done = cli(*command.split())
    assert done.returncode == 1
    assert "andamento.db" in done.stderr and "no database" in done.stderr
    assert not cli.database.exists()


@pytest.mark.parametrize("command", ["show", "tail", "snapshot", "cancel"])
def test_an_unknown_session_is_named(cli: Cli, command: str) -> None:
    simulated(cli)
    done = cli(command, "rpa_v5_nobody")
    assert done.returncode == 1 and "rpa_v5_nobody" in done.stderr


@pytest.mark.parametrize("command", ["up", "serve", "run", "sessions"])
def test_a_database_of_a_newer_version_is_left_alone(cli: Cli, command: str) -> None:
    simulated(cli)
    with closing(sqlite3.connect(cli.database)) as connection:
        connection.execute("PRAGMA user_version = 99")
    done = cli(command)
    assert done.returncode == 1 and "newer version" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_locked_database_is_named(cli: Cli) -> None:
    session = simulated(cli)
    with closing(sqlite3.connect(cli.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        done = cli("simulate", "--session", session)
    assert done.returncode == 1 and "locked" in done.stderr


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_port_in_use_is_named(cli: Cli, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = cli(command, "--port", port)
    assert done.returncode == 1
    assert port in done.stderr and "--port" in done.stderr
    assert "Traceback" not in done.stderr


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


def test_the_keys_are_made_once_and_readable_by_nobody_else(cli: Cli) -> None:
    cli.facts("simulate", "--prepare")
    keys = {path.name: path.read_bytes() for path in (cli.folder / ".andamento").iterdir()}
    assert "token.key" in keys and len(keys["token.key"]) >= 32
    for name in keys:
        assert stat.S_IMODE((cli.folder / ".andamento" / name).stat().st_mode) == 0o600
    cli.facts("simulate", "--prepare")
    assert keys["token.key"] == (cli.folder / ".andamento" / "token.key").read_bytes()


def test_a_data_folder_that_cannot_be_written_is_named(cli: Cli) -> None:
    (cli.folder / "taken").write_text("a file, not a folder")
    done = cli("simulate", "--prepare", ANDAMENTO_DATA_DIR="taken")
    assert done.returncode == 2 and "ANDAMENTO_DATA_DIR=taken" in done.stderr


def test_no_chromium_is_said_to_the_visitor_and_to_the_operator(cli: Cli, tmp_path: Path) -> None:
    done = cli(
        *("quote", "--data-file", "-", "--json"),
        given=json.dumps(PERSON),
        ANDAMENTO_CHROMIUM=str(tmp_path / "nothing"),
        ANDAMENTO_QUOTE_URL="http://127.0.0.1:9/corretor",
        ANDAMENTO_QUOTE_EMAIL="corretor@example.com",
        ANDAMENTO_QUOTE_PASSWORD="secret",
    )
    assert done.returncode == 1
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["type"], last["data"]["tipo"]) == ("error", "sem_navegador")
    (shown,) = cli.facts("show", last["session_id"], "--json")
    assert str(tmp_path / "nothing") in json.dumps(shown["events"][-1]["detail"])


def test_a_service_started_by_hand_serves_and_stops(cli: Cli) -> None:
    with cli.running("serve", "--port", "0") as process:
        url = ready(process)
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANDAMENTO_TRUSTED_PROXIES", "banana"),
        ("ANDAMENTO_CORS_ORIGINS", "https://*"),
        ("ANDAMENTO_CORS_ORIGINS", "https://a b"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "up"])
def test_what_only_the_service_can_judge_is_named_too(
    cli: Cli, command: str, name: str, value: str
) -> None:
    done = cli(command, "--port", "0", **{name: value})
    assert done.returncode == 2
    assert f"{name}={value}" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("key", ["token.key", "vault.key"])
def test_a_key_that_is_none_of_ours_is_named_and_left_alone(cli: Cli, key: str) -> None:
    (cli.folder / ".andamento").mkdir()
    (cli.folder / ".andamento" / key).write_text("short")
    done = cli("serve", "--port", "0")
    assert done.returncode == 2 and key in done.stderr
    assert (cli.folder / ".andamento" / key).read_text() == "short"


def test_files_in_the_working_folder_are_not_imported(cli: Cli) -> None:
    (cli.folder / "structlog.py").write_text("raise SystemExit('imported')")
    with cli.running("up", "--port", "0", PYTHONSAFEPATH="1", **NO_SPARE) as process:
        ready(process)


def test_a_session_id_that_cannot_be_one_is_named(cli: Cli) -> None:
    done = cli(*SIMULATED, "{}", "--session", "bad id!")
    assert done.returncode == 2 and "letters, digits" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_success(cli: Cli) -> None:
    # More than a pipe holds, in either form.
    session = simulated(cli, events=2000)
    for how in (["--json"], []):
        with cli.running("tail", session, *how) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.wait(30) == 1, how
            process.stdout = None
