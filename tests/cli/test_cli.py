"""The command line: how it explains itself, what it refuses, and exit codes that tell the truth."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from andamento.cli import app
from tests.cli.conftest import NO_SPARE, PERSON, SIMULATED, Cli, ready, simulated

COMMANDS = (
    *("up", "serve", "run", "quote", "simulate"),
    *("sessions", "show", "tail", "snapshot", "evidence", "check", "snippet"),
    *("cancel", "pause", "resume", "retry"),
)


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
