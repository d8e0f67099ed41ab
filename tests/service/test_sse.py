"""The bytes of a stream."""

from __future__ import annotations

import json

import pytest

from db.events import Event, EventType, Status
from service import sse


def event(type: EventType, body: str = "{}", seq: int = 7) -> Event:
    return Event(session_id="s", seq=seq, type=type, at="2026-01-01T00:00:00.000Z", body=body)


def test_an_event_is_one_block_with_id_name_and_one_line_of_data() -> None:
    block = sse.frame(event(EventType.PROGRESS, '{"mensagem":"\\u00e1"}'))
    assert block == (
        b'id: 7\nevent: progress\ndata: {"session_id":"s","seq":7,"type":"progress",'
        b'"at":"2026-01-01T00:00:00.000Z","data":{"mensagem":"\\u00e1"}}\n\n'
    )


def test_an_error_goes_out_as_failure_and_keeps_its_type_inside() -> None:
    lines = sse.frame(event(EventType.ERROR)).decode().splitlines()
    assert lines[1] == "event: failure"
    assert json.loads(lines[2].removeprefix("data: "))["type"] == "error"


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\x0b", "\x0c", "\n", "\r", "é"])
def test_whatever_a_value_holds_the_block_stays_ascii_on_three_lines(sign: str) -> None:
    body = json.dumps({"mensagem": f"a{sign}b"}, ensure_ascii=False)
    block = sse.frame(event(EventType.PROGRESS, body))
    assert block.isascii()
    assert len(block.decode().splitlines()) == 4
    assert json.loads(block.split(b"data: ")[1])["data"] == {"mensagem": f"a{sign}b"}


@pytest.mark.parametrize(
    "block", [sse.PING, sse.ping(retry_ms=3000), sse.reset("x"), sse.end(Status.FAILED)]
)
def test_every_block_has_data_and_no_id(block: bytes) -> None:
    assert b"\ndata: {" in block
    assert b"id:" not in block
    assert block.endswith(b"\n\n")
    assert block.count(b"\n\n") == 1


def test_the_opening_is_a_comment_at_once_and_not_a_block_of_its_own() -> None:
    assert sse.OPENING.startswith(b":")
    assert sse.OPENING.endswith(b"retry: 2000\n")
    assert b"\n\n" not in sse.OPENING


def test_a_refused_stream_is_a_ping_with_a_longer_retry() -> None:
    assert sse.passing(15000) == b": andamento\nevent: ping\ndata: {}\nretry: 15000\n\n"


def test_a_reset_says_why_and_where_from() -> None:
    assert sse.reset("cursor_ilegivel").splitlines() == [
        b"event: reset",
        b'data: {"motivo":"cursor_ilegivel","cursor":0}',
        b"",
    ]
