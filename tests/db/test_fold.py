"""The fold: golden vectors (the JavaScript twin passes the same file) and its laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.events import Event, EventType, encode, wire
from db.snapshot import Snapshot, fold, render, step

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "fold.json").read_text(encoding="utf-8")
)


def event(raw: dict[str, Any]) -> Event:
    return Event(
        session_id=raw["session_id"],
        seq=raw["seq"],
        type=EventType(raw["type"]),
        at=raw["at"],
        body=encode(raw["data"]),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_fold_gives_the_golden_snapshot(vector: dict[str, Any]) -> None:
    assert render(fold(event(raw) for raw in vector["events"])) == vector["snapshot"]


progress = st.fixed_dictionaries(
    {},
    optional={
        "etapa": st.sampled_from(["1", "5", "5.5", "15"]),
        "etapa_atual": st.integers(0, 15),
        "total_etapas": st.just(15),
        "percentual": st.floats(0, 99, allow_nan=False),
        "status": st.sampled_from(["queued", "running", "paused"]),
        "fase": st.sampled_from(["entrou", "concluiu", "pulou", "aviso", "pausa", "fila"]),
        "titulo": st.text(max_size=5),
        "mensagem": st.text(max_size=5),
        "restante_s": st.none() | st.just([1, 2]),
        "assumidas": st.none() | st.just([]) | st.just([{"campo": "x"}]),
    },
)
kinds = st.one_of(
    st.tuples(st.just("progress"), progress),
    st.tuples(st.just("estimate"), st.just({"etapa": "5"})),
    st.tuples(st.just("error"), st.just({"tipo": "x", "final": False})),
)
endings = st.sampled_from(
    [("result", {"desfecho": "cotacao"}), ("error", {"tipo": "cancelado", "final": True})]
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    rows = draw(st.lists(kinds, max_size=30)) + draw(st.lists(endings, max_size=1))
    return [
        event(
            {
                "session_id": "s",
                "seq": seq,
                "type": type,
                "at": f"2026-01-02T12:00:{seq:02d}.000Z",
                "data": data,
            }
        )
        for seq, (type, data) in enumerate(rows, 1)
    ]


@given(histories(), st.integers(0, 30))
def test_folding_the_rest_onto_a_snapshot_equals_folding_all(
    history: list[Event], cut: int
) -> None:
    snapshot = fold(history[:cut])
    for item in history[cut:]:
        snapshot = step(snapshot, item)
    assert snapshot == fold(history)


@given(histories())
def test_the_percentage_never_falls_and_is_100_only_with_a_result(history: list[Event]) -> None:
    snapshot, before = Snapshot(), 0.0
    for item in history:
        snapshot = step(snapshot, item)
        assert snapshot.percentual >= before
        assert (snapshot.percentual == 100) == (snapshot.result is not None)
        before = snapshot.percentual


@given(histories())
def test_an_event_seen_twice_changes_nothing(history: list[Event]) -> None:
    twice = [item for item in history for _ in range(2)]
    assert fold(twice) == fold(history)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_an_event_on_the_wire_is_one_ascii_line_that_parses_back(data: dict[str, Any]) -> None:
    item = event(
        {
            "session_id": "s",
            "seq": 1,
            "type": "progress",
            "at": "2026-01-02T12:00:00.000Z",
            "data": data,
        }
    )
    line = wire(item)
    assert line.isascii() and len(line.splitlines()) == 1
    assert json.loads(line)["data"] == data


def test_a_row_written_by_hand_goes_out_escaped_and_on_one_line() -> None:
    item = Event(
        session_id="s",
        seq=1,
        type=EventType.PROGRESS,
        at="2026-01-02T12:00:00.000Z",
        body='{"mensagem":\n "Ação\u2028"}',
    )
    assert wire(item).endswith('"data":{"mensagem":"A\\u00e7\\u00e3o\\u2028"}}')
