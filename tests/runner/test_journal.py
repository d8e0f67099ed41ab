"""What is logged about a session reaches its operator, and never costs an event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
import structlog
from structlog.testing import capture_logs

from db.errors import StoreBusy, StoreFull
from db.events import EventType
from db.store import LogLine
from runner import journal
from runner.journal import KEPT_LINES, Journal
from tests.runner.conftest import PACE_S, Bench, Failing

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def writing(kept: Journal) -> AsyncIterator[None]:
    async with anyio.create_task_group() as group:
        group.start_soon(kept.run)
        yield
        group.cancel_scope.cancel()


@asynccontextmanager
async def journal_of(store: Any) -> AsyncIterator[Journal]:
    """All that is logged goes into the journal, as a runner has it."""
    kept = Journal(store)

    def note(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        kept.note(line)
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.add_log_level, note])
    try:
        async with writing(kept):
            yield kept
    finally:
        structlog.configure(**before)


async def logged(bench: Bench, message: str, name: str = "a") -> LogLine:
    """The line with this message, once it is kept."""
    with anyio.fail_after(20):
        while True:
            for line in await bench.store.logs(name):
                if line.message == message:
                    return line
            await anyio.sleep(PACE_S)


async def test_a_workers_lines_are_kept_with_session_generation_screen_and_level(
    bench: Bench,
) -> None:
    async with journal_of(bench.store):
        bench.supervise()
        await bench.create("speaks")
        line = await logged(bench, "plate was refused")
        await bench.ending()
    assert (line.session_id, line.generation, line.screen, line.level) == ("a", 1, "2", "warning")
    assert line.fields == {"tries": 2}


async def test_the_runners_own_words_about_a_session_are_kept_as_well(bench: Bench) -> None:
    async with journal_of(bench.store):
        bench.supervise()
        await bench.create("leaves")
        await bench.ending()
        line = await logged(bench, "session ended for its worker")
        messages = [line.message for line in await bench.store.logs("a")]
    assert (line.level, line.screen, line.fields["saida"]) == ("warning", None, 0)
    assert messages.index("worker started") < messages.index("session ended for its worker")


async def test_what_is_said_at_the_very_end_is_kept_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FLUSH_S", 3600)
    await bench.create("waits")
    kept = Journal(bench.store)
    async with writing(kept):
        kept.note({"event": "farewell", "session": "a"})
    assert [line.message for line in await bench.store.logs("a")] == ["farewell"]


async def test_a_line_about_no_session_is_not_kept(bench: Bench) -> None:
    kept = Journal(bench.store)
    await bench.create("waits")
    async with writing(kept):
        kept.note({"event": "runner started"})
        kept.note({"event": "odd", "session": 3})
        kept.note({"event": "said", "session": "a"})
        await logged(bench, "said")
    assert len(await bench.store.logs("a")) == 1


async def test_a_line_takes_whatever_its_author_handed_in(bench: Bench) -> None:
    await bench.create("waits")
    kept = Journal(bench.store)
    async with writing(kept):
        kept.note(
            {
                "event": 7,
                "session": "a",
                "generation": "none",
                "screen": 5.5,
                "level": "critical",
                "thing": object,
                "number": float("nan"),
            }
        )
        line = await logged(bench, "7")
    assert (line.generation, line.screen, line.level) == (0, "5.5", "error")


async def test_a_store_in_trouble_costs_no_event_and_its_lines_come_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FLUSH_S", 0.01)
    failing = Failing(bench.store, "note")
    failing.error = StoreFull("x")
    async with journal_of(failing):
        bench.supervise()
        await bench.create("simulacao", etapas=2, intervalo_s=0)
        assert (await bench.ending()).type is EventType.RESULT
        await bench.until(lambda _: failing.asked >= 3)
        assert await bench.store.logs("a") == []
        failing.error = None
        assert (await logged(bench, "worker started")).level == "info"


async def test_trouble_with_the_logs_is_told_once_and_again_when_it_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FLUSH_S", 0.01)
    failing = Failing(bench.store, "note")
    failing.error = StoreFull("x")
    await bench.create("waits")
    kept = Journal(failing)
    kept.note({"event": "said", "session": "a"})
    with capture_logs() as logs:
        async with writing(kept):
            await bench.until(lambda _: failing.asked >= 3)
            failing.error = StoreBusy("x")
            asked = failing.asked
            await bench.until(lambda _: failing.asked >= asked + 3)
    told = [(line["event"], line["code"]) for line in logs]
    assert told == [
        ("logs cannot be kept, trying again", StoreFull.code),
        ("logs cannot be kept, trying again", StoreBusy.code),
        ("last logs were lost", StoreBusy.code),
    ]


async def test_of_too_many_lines_the_oldest_are_lost(bench: Bench) -> None:
    await bench.create("waits")
    kept = Journal(bench.store)
    for number in range(KEPT_LINES + 5):
        kept.note({"event": str(number), "session": "a"})
    async with writing(kept):
        await logged(bench, str(KEPT_LINES + 4))
    lines = await bench.store.logs("a", limit=2 * KEPT_LINES)
    assert (len(lines), lines[0].message) == (KEPT_LINES, "5")


async def test_lines_that_come_while_others_are_written_are_kept_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FLUSH_S", 0.01)
    await bench.create("waits")
    store = Slow(bench.store)
    kept = Journal(store)  # type: ignore[arg-type]
    kept.note({"event": "first", "session": "a"})
    async with writing(kept):
        with anyio.fail_after(20):
            await store.asked.wait()
        kept.note({"event": "second", "session": "a"})
        store.go_on.set()
        await logged(bench, "second")
    assert [line.message for line in await bench.store.logs("a")] == ["first", "second"]


class Slow:
    """A store that notes lines only when it is let."""

    def __init__(self, store: Any) -> None:
        self.asked, self.go_on = anyio.Event(), anyio.Event()
        self._store = store

    async def note(self, lines: list[LogLine]) -> None:
        self.asked.set()
        await self.go_on.wait()
        await self._store.note(lines)
