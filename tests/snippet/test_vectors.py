"""The snippet's fold: bound to `db/snapshot.py` by golden vectors and by random histories."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Page

from db.events import Event, EventType, encode, wire
from db.snapshot import fold, render
from tests.snippet.fake import SNIPPET, Service

VECTORS: list[dict[str, Any]] = [
    vector
    for path in sorted((Path(__file__).parents[1] / "vectors").glob("*.json"))
    for vector in json.loads(path.read_text(encoding="utf-8"))
    if "events" in vector
]
# Each history twice: from the beginning, and every event on what the snapshot before it tells.
BOTH_WAYS = """(histories) => histories.map((events) => {
  const whole = fold.render(events.reduce(fold.step, fold.empty()));
  const again = (snapshot) => fold.resume(JSON.parse(JSON.stringify(snapshot)));
  const grown = events.reduce(
    (snapshot, event) => fold.render(fold.step(again(snapshot), event)),
    fold.render(fold.empty()),
  );
  return [whole, grown, fold.render(again(whole))];
})"""
IN_BROWSER = f"""(histories) => {{
  const {{ fold }} = customElements.get("andamento-modal");
  return ({BOTH_WAYS})(histories);
}}"""
IN_NODE = f"""
const {{ fold }} = require(process.argv[1]);
const answer = (line) => console.log(JSON.stringify(({BOTH_WAYS})(JSON.parse(line))));
require("node:readline").createInterface({{ input: process.stdin }}).on("line", answer);
"""

Snapshots = list[list[dict[str, Any]]]
Fold = Callable[[list[list[dict[str, Any]]]], Snapshots]


def expect_golden(answers: Snapshots) -> None:
    """Each vector's snapshot, whichever way it was come by; named where it differs."""
    assert len(answers) == len(VECTORS) > 0
    for vector, snapshots in zip(VECTORS, answers, strict=True):
        assert snapshots == [vector["snapshot"]] * 3, vector["name"]


@pytest.fixture(scope="module")
def in_node() -> Iterator[Fold]:
    """The snippet's fold in one process, of the Node that Playwright brings along."""
    node, _ = compute_driver_executable()
    command = [node, "-e", IN_NODE, str(SNIPPET)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:

        def ask(histories: list[list[dict[str, Any]]]) -> Snapshots:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(histories) + "\n")
            process.stdin.flush()
            answers: Snapshots = json.loads(process.stdout.readline())
            return answers

        yield ask


def test_the_browser_folds_every_vector(page: Page, service: Service) -> None:
    service.page = (
        "<form id=f></form><script src=/snippet/andamento.js data-form='#f' defer></script>"
    )
    page.goto(service.url)
    expect_golden(page.evaluate(IN_BROWSER, [vector["events"] for vector in VECTORS]))


def test_node_folds_every_vector(in_node: Fold) -> None:
    expect_golden(in_node([vector["events"] for vector in VECTORS]))


# ── random histories ──


def some(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the keys may be missing, as in the log of another version."""
    return st.fixed_dictionaries({}, optional=values)


TEXT = st.text(max_size=12)
# Few, so that screens are entered, left and entered again.
SCREEN = st.sampled_from(["1", "2", "3", "5.5", "15"])
COUNT = st.integers(0, 20)
PERCENT = st.integers(0, 1000).map(lambda tenths: tenths / 10)
PROGRESS = some(
    etapa=SCREEN,
    etapa_atual=COUNT,
    total_etapas=COUNT,
    percentual=PERCENT,
    status=st.sampled_from(["queued", "running", "paused", "another"]),
    fase=st.sampled_from(["entrou", "concluiu", "pulou", "fila", "pausa", "aviso"]),
    titulo=TEXT,
    mensagem=TEXT,
    restante_s=st.none() | st.lists(COUNT, min_size=2, max_size=2),
    fila=some(posicao=COUNT, espera_s=st.none() | COUNT),
    assumidas=st.none() | st.lists(some(campo=TEXT, titulo=TEXT, valor=TEXT), max_size=2),
)
ESTIMATE = some(etapa=SCREEN, mensagem=TEXT, coberturas_detalhadas=st.lists(some(nome=TEXT)))
RESULT = some(desfecho=TEXT, mensagem=TEXT, plano_recomendado=st.none() | some(valor=TEXT))
ERROR = some(
    tipo=st.sampled_from(["tela_ausente", "cancelado"]),
    mensagem=TEXT,
    sugestao=TEXT,
    final=st.booleans(),
    dados_enviados=st.booleans(),
)
FACT = st.one_of(
    *[st.tuples(st.just("progress"), PROGRESS)] * 4,
    st.tuples(st.just("estimate"), ESTIMATE),
    st.tuples(st.just("result"), RESULT),
    st.tuples(st.just("error"), ERROR),
)
MOMENT = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3)).map(
    lambda moment: moment.isoformat(timespec="milliseconds") + "Z"
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """More than the lists of a snapshot keep; even clocks that go back are folded alike."""
    facts = draw(st.lists(st.tuples(FACT, MOMENT), max_size=30))
    return [
        Event(session_id="rpa_v5_x", seq=seq, type=EventType(kind), at=at, body=encode(data))
        for seq, ((kind, data), at) in enumerate(facts, 1)
    ]


@settings(deadline=None, max_examples=300)
@given(histories())
def test_random_histories_fold_alike_in_python_and_in_the_snippet(
    in_node: Fold, events: list[Event]
) -> None:
    (snapshots,) = in_node([[json.loads(wire(event)) for event in events]])
    assert snapshots == [json.loads(json.dumps(render(fold(events))))] * 3
