"""From the form to the result, whatever dies in between."""

from __future__ import annotations

import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import psutil
import pytest
from httpx_sse import connect_sse

from demo.visitor import EVENTS
from demo.world import World
from tests.journey.conftest import Visitor, child

PERSONS: list[dict[str, Any]] = [
    {
        "nome": f"{name} Exemplo",
        "cpf": cpf,
        "placa": plate,
        "cep": cep,
        "email": f"{name.lower()}@example.com",
        "celular": f"1190000000{number}",
        "data_nascimento": f"0{number + 1}/02/198{number}",
        "sexo": "Feminino",
        "estado_civil": "Solteiro",
    }
    for number, (name, cpf, plate, cep) in enumerate(
        [
            ("Alba", "11144477735", "BRA2E19", "01310100"),
            ("Bento", "52998224725", "RIO2A18", "20040002"),
            ("Caio", "12345678909", "POA1B23", "90010000"),
        ]
    )
]


def start(world: World, answers: dict[str, Any]) -> dict[str, Any]:
    response = httpx.post(f"{world.api}/api/rpa/start", json=answers)
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    return body


def read(url: str) -> list[dict[str, Any]]:
    """The stream to its end, by a client that nobody here wrote."""
    with httpx.Client(timeout=60) as client, connect_sse(client, "GET", url) as source:
        return [message.json() for message in source.iter_sse() if message.event in EVENTS]


def test_a_visitor_sees_every_step_the_estimate_and_the_result(visitor: Visitor) -> None:
    visitor.ask()
    assert visitor.wait_for_ending() == "done"
    assert [event["seq"] for event in visitor.events] == list(range(1, len(visitor.events) + 1))
    types = [event["type"] for event in visitor.events]
    assert types.count("estimate") == 1 and types[-1] == "result"
    entered = [
        event["data"]["etapa"] for event in visitor.events if event["data"].get("fase") == "entrou"
    ]
    assert entered == [*"12345", "5.5", *"6789", "10", "11", "12", "13", "15"]
    result = visitor.events[-1]["data"]
    for plan in ("plano_recomendado", "plano_alternativo"):
        # The modal sets "R$" apart from its number.
        assert result[plan]["valor"].removeprefix("R$").strip() in visitor.text()
    assert "Compreensiva" in visitor.text()


def test_what_the_site_breaks_is_tried_once_more_and_the_visitor_gets_the_result(
    visitor: Visitor, world: World
) -> None:
    visitor.ask(PLACA="INS6A00")
    assert visitor.wait_for_ending() == "done"
    data = [event["data"] for event in visitor.events]
    (begun,) = [item for item in data if item.get("tentativa") and item["fase"] == "aviso"][:1]
    assert begun["tentativa"] == 2
    firsts = [item for item in data if (item.get("fase"), item.get("etapa")) == ("entrou", "1")]
    assert len(firsts) == 2
    shares = [item["percentual"] for item in data if "percentual" in item]
    assert shares == sorted(shares)
    # The first try's failure is kept for the operator, though the session has ended well.
    (session,) = {event["session_id"] for event in visitor.events}
    kept = world.folder / "keys" / "evidence" / session / "1"
    assert {"screenshot.png", "evidence.json"} <= {path.name for path in kept.iterdir()}


def test_three_quotes_at_once_all_finish_each_with_its_own_data(world: World) -> None:
    sessions = [start(world, person) for person in PERSONS]
    with ThreadPoolExecutor() as pool:
        histories = list(pool.map(read, [session["events_url"] for session in sessions]))
    records = {record["answers"].get("cpf"): record for record in world.replica.records()}
    for person, history in zip(PERSONS, histories, strict=True):
        assert history[-1]["type"] == "result", history[-1]
        record = records[person["cpf"]]
        for name, value in person.items():
            assert record["answers"][name] == value
        plan = history[-1]["data"]["plano_recomendado"]
        assert plan["valor_centavos"] == _centavos(record["result"])


def _centavos(result: Any) -> int:
    value = result["plano_recomendado"]["valor"]
    return int("".join(filter(str.isdigit, value)))


def test_the_service_killed_in_the_middle_is_back_and_the_page_goes_on_without_a_reload(
    visitor: Visitor, world: World
) -> None:
    visitor.ask(PLACA="SRV-1A23")
    visitor.wait_for_screen(2)
    service = child(world, "serve")
    service.send_signal(signal.SIGKILL)
    assert visitor.wait_for_ending() == "done"
    assert child(world, "serve").pid != service.pid
    # What came meanwhile was in the first look at the snapshot, which has the last ten screens, and
    # the stream went on behind it.
    told = [event["seq"] for event in visitor.events]
    assert told == sorted(set(told))
    assert visitor.page.locator("andamento-modal .trail li").count() >= 10


def test_the_worker_killed_in_the_middle_is_said_on_the_page(
    visitor: Visitor, world: World
) -> None:
    visitor.ask(PLACA="WRK-1A23")
    visitor.wait_for_screen(2)
    worker = child(world, "andamento.worker")
    below = worker.children(recursive=True)
    worker.send_signal(signal.SIGKILL)
    assert visitor.wait_for_ending() == "failed"
    ending = visitor.events[-1]
    assert (ending["type"], ending["data"]["tipo"]) == ("error", "robo_interrompido")
    assert ending["data"]["mensagem"] in visitor.text()
    assert ending["data"]["sugestao"] in visitor.text()
    _, alive = psutil.wait_procs(below, timeout=10)
    assert not alive, "the browser stayed behind"


def test_the_runner_killed_in_the_middle_is_said_on_the_page(
    visitor: Visitor, world: World
) -> None:
    visitor.ask(PLACA="RUN-1A23")
    visitor.wait_for_screen(2)
    runner = child(world, "run")
    below = runner.children(recursive=True)
    runner.send_signal(signal.SIGKILL)
    assert visitor.wait_for_ending() == "failed"
    _, alive = psutil.wait_procs(below, timeout=10)
    assert not alive, "a worker or browser stayed behind"


def test_a_visitor_who_cancels_sees_it_end(visitor: Visitor) -> None:
    visitor.ask(PLACA="CAN-1A23")
    visitor.wait_for_screen(1)
    visitor.page.get_by_role("button", name="Cancelar cotação").click()
    visitor.page.get_by_role("button", name="Sim, cancelar").click()
    assert visitor.wait_for_ending() == "cancelled"


@pytest.mark.parametrize(
    ("answers", "field", "says"),
    [
        ({"CPF": "111.111.111-11"}, "cpf", "CPF inválido"),
        ({"PLACA": "123"}, "placa", "Placa inválida"),
        ({"CEP": "1"}, "cep", "CEP inválido"),
        ({"email": "ana@exemplo"}, "email", "E-mail inválido"),
    ],
)
def test_a_wrong_answer_is_named_in_portuguese_and_starts_nothing(
    visitor: Visitor, world: World, answers: dict[str, str], field: str, says: str
) -> None:
    before = _sessions(world)
    visitor.ask(**answers)
    visitor.page.locator(f"andamento-modal dialog [name={field}]").wait_for()
    assert says in visitor.text()
    assert _sessions(world) == before


def test_no_personal_datum_is_in_the_log_of_events(world: World) -> None:
    with closing(sqlite3.connect(world.database)) as connection:
        rows = connection.execute("SELECT data || coalesce(detail, '') FROM events").fetchall()
        answers = connection.execute("SELECT answers FROM sessions").fetchall()
    assert rows and answers
    for person in PERSONS:
        for name in ("nome", "cpf", "placa", "email", "celular", "data_nascimento"):
            assert not [row for (row,) in rows if person[name] in row], name
            assert not [blob for (blob,) in answers if person[name].encode() in blob], name


def test_every_session_has_exactly_one_ending_and_a_dense_log(world: World) -> None:
    with closing(sqlite3.connect(world.database)) as connection:
        rows = connection.execute(
            """
            SELECT s.id, s.status, count(*), max(e.seq),
                sum(e.type = 'result' OR (e.type = 'error' AND e.data ->> '$.final'))
            FROM sessions AS s JOIN events AS e ON e.session_id = s.id GROUP BY s.id
            """
        ).fetchall()
    assert rows
    for session, status, count, last, endings in rows:
        assert (count, endings) == (last, 1), session
        assert status in ("completed", "failed", "cancelled")


def _sessions(world: World) -> int:
    with closing(sqlite3.connect(world.database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
    return int(count)
