"""The logs, for every engine: what is noted, what is cut, what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from db.errors import EventRefused
from db.events import EventType
from db.store import MAX_LINE_BYTES, LogLine, NewSession, Store

pytestmark = pytest.mark.anyio

NOTHING: Mapping[str, Any] = {}


def line(message: str = "screen entered", session_id: str = "a", **more: Any) -> LogLine:
    given: dict[str, Any] = {
        "session_id": session_id,
        "generation": 1,
        "at": "2026-01-02T12:00:00.000Z",
        "level": "info",
        "screen": "5.5",
        "message": message,
        "fields": NOTHING,
    }
    return LogLine(**{**given, **more})


@pytest.fixture
async def noted(store: Store) -> Store:
    """A store with two sessions, a and b."""
    for name in ("a", "b"):
        await store.create(NewSession(id=name, automation="simulacao", queue=name))
    return store


async def test_lines_are_read_back_as_they_were_noted_and_in_order(noted: Store) -> None:
    lines = [
        line("ação \u2028 ✓", fields={"n": 1.5, "list": ["é", None, True], "deep": {"x": '"'}}),
        line("second", level="error", screen=None, generation=3),
        # Older than the one before it: the order is that of noting.
        line("third", at="2026-01-02T11:00:00.000Z", level="debug"),
    ]
    await noted.note([lines[0], line("of another", "b"), lines[1]])
    await noted.note(lines[2:])
    assert await noted.logs("a") == lines
    assert [one.message for one in await noted.logs("b")] == ["of another"]


async def test_the_last_lines_are_given_when_there_are_too_many(noted: Store) -> None:
    await noted.note([line(str(number)) for number in range(300)])
    assert [one.message for one in await noted.logs("a", limit=3)] == ["297", "298", "299"]
    assert len(await noted.logs("a")) == 200


async def test_no_lines_are_nothing_to_do(noted: Store) -> None:
    before = await noted.version()
    await noted.note([])
    assert await noted.version() == before
    assert await noted.logs("a") == await noted.logs("nobody") == []


async def test_lines_about_a_session_that_is_gone_are_left_out(noted: Store) -> None:
    await noted.note([line("first"), line("lost", "gone"), line("second")])
    assert [one.message for one in await noted.logs("a")] == ["first", "second"]
    assert await noted.logs("gone") == []


async def test_lines_may_follow_the_end_and_come_from_an_earlier_generation(noted: Store) -> None:
    lease = await noted.fence("a", "me", ttl_s=5)
    lease = await noted.fence("a", "another", ttl_s=5)
    await noted.append(lease, EventType.RESULT, {"desfecho": "cotacao_manual"})
    await noted.note([line("late", generation=1)])
    assert [one.generation for one in await noted.logs("a")] == [1]


async def test_a_line_that_is_too_long_loses_its_fields_and_then_its_end(noted: Store) -> None:
    fits = line("m" * (MAX_LINE_BYTES - 100), fields={"x": "y" * 80})
    await noted.note(
        [fits, line("long fields", fields={"x": "y" * MAX_LINE_BYTES}), line("é" * 5000)]
    )
    whole, fields, message = await noted.logs("a")
    assert whole == fits
    assert (fields.message, fields.fields) == ("long fields", {"cut": True})
    assert (message.message, message.fields) == ("é" * (MAX_LINE_BYTES // 2), {"cut": True})


@pytest.mark.parametrize("value", [float("nan"), object()], ids=["nan", "no JSON"])
async def test_fields_that_are_no_json_are_cut_and_cost_no_other_line(
    noted: Store, value: object
) -> None:
    await noted.note([line("odd", fields={"x": value}), line("even", fields={"x": 2})])
    found = [(one.message, one.fields) for one in await noted.logs("a")]
    assert found == [("odd", {"cut": True}), ("even", {"x": 2})]


async def test_a_message_that_is_no_unicode_is_noted_readably(noted: Store) -> None:
    await noted.note([line("half \ud83d of a pair", fields={"x": "\ud83d"})])
    (found,) = await noted.logs("a")
    assert found == replace(line("half ? of a pair"), fields={"x": "\ud83d"})


@pytest.mark.parametrize("wrong", [{"level": "gossip"}, {"at": "noon"}])
async def test_a_line_of_another_form_is_refused_with_all_that_came_with_it(
    noted: Store, wrong: dict[str, Any]
) -> None:
    with pytest.raises(EventRefused):
        await noted.note([line("right"), line("wrong", **wrong)])
    assert await noted.logs("a") == []
