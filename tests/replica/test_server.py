"""The replica as a process and as a server: starting, stopping, pages, the record file."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD, TABLE, Replica, Scenario
from demo.replica.pace import Pace
from demo.replica.scenario import SCREENS

from .visitor import PERSON, PlainVisitor

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "demo.replica"]


def get(origin: str, path: str) -> tuple[int, str]:
    """Status and text of one page."""
    address = urlsplit(origin)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_when_it_serves_and_stops_cleanly(
    number: signal.Signals, tmp_path: Path
) -> None:
    record = tmp_path / "record.jsonl"
    with subprocess.Popen(
        [*COMMAND, "--record", str(record)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        word, origin = child.stdout.readline().split()
        assert word == "ready"
        PlainVisitor.by_http(origin).walk(until="3")
        child.send_signal(number)
        assert child.wait(timeout=5) == 0
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["answers"]["placa"] for line in lines] == [PERSON["placa"]]


def test_a_taken_port_is_one_clear_line_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert port in done.stderr


def test_stopping_wakes_an_answer_that_is_held_back() -> None:
    seen: list[object] = []

    def wait_long(origin: str) -> None:
        try:
            PlainVisitor.by_http(origin)
        except (OSError, ValueError) as error:
            seen.append(error)

    with Replica(pace="real") as site:
        visitor = threading.Thread(target=wait_long, args=(site.origin,))
        visitor.start()
        while not site.records():  # the call has arrived and is now held for seconds
            visitor.join(timeout=0.01)
    visitor.join(timeout=2)
    assert not visitor.is_alive()


def test_a_whole_quote_over_http_is_recorded_and_its_line_written(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    with Replica(seed=7, record=record) as site:
        visitor = PlainVisitor.by_http(site.origin)
        visitor.walk()
        while visitor.call("calculo")["fim"] is None:
            pass
        prices = visitor.call("entrar", email=DEFAULT_EMAIL, senha=DEFAULT_PASSWORD)["precos"]
        status, text = get(site.origin, "/registro")
        assert status == 200
        assert json.loads(text) == site.records()
    (line,) = [json.loads(line) for line in record.read_text().splitlines()]
    assert line["ending"] == "resultado"
    assert f"R$ {prices[0]['valor']}" == line["result"]["plano_recomendado"]["valor"]


def test_the_first_page_lists_every_scenario_with_its_plates(replica: Replica) -> None:
    status, text = get(replica.origin, "/")
    assert status == 200
    for row in TABLE:
        assert f"cenario={row.scenario}&amp;" in text
        assert row.about.replace("&", "&amp;") in text
        assert all(plate in text for plate in row.plates)


def test_a_mistyped_address_is_a_page_that_says_what_is_allowed(replica: Replica) -> None:
    status, text = get(replica.origin, "/corretor/andamento?cenario=manua<b>")
    assert status == 400
    assert "cenario=manua&lt;b&gt; não existe; use usual, sem_5_5, " in text
    for path in ("/static/../server.py", "/nada"):
        status, text = get(replica.origin, path)
        assert status == 404
        assert "Página não encontrada" in text


def test_the_real_pace_keeps_to_the_seen_durations_without_the_waste() -> None:
    pace = Pace(name="real", seed=1)
    plates = [f"ABC1D{number}" for number in range(10, 60)]
    for plate in plates:
        assert 40 <= pace.wait_s("calculo", plate) <= 75
        way = sum(pace.wait_s(screen, plate) for screen in SCREENS[:-2])
        assert way + pace.wait_s("inicio", plate) + pace.wait_s("estimativa", plate) <= 14


def test_the_fast_pace_takes_tens_of_milliseconds_and_slow_takes_several_times_as_long() -> None:
    fast = Pace(name="fast", seed=1)
    slow = Pace(name="fast", seed=1, scenario=Scenario.LENTO)
    assert 0.01 <= fast.wait_s("9", "XYZ1D23") <= 0.05
    assert slow.wait_s("9", "XYZ1D23") == pytest.approx(3 * fast.wait_s("9", "XYZ1D23"))
    assert slow.page_ms()["rastreio"] == fast.page_ms()["rastreio"] < 500
