"""Logs: one JSON line each, or coloured lines where a person is looking.

1. The service logs on standard error: its standard output says where it serves. A runner's work is
   what it says, so its log is standard output, and each session's part of it goes into the
   database as well (`runner/journal.py`).
2. Nobody waits for who does not read: lines are handed to a thread, and the newest are lost when
   too many are waiting. The thread writes past Python's buffer, whose lock it would hold while
   nobody reads: the interpreter needs that lock to leave, and aborts without it.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

import structlog

# Some seconds of a busy runner.
WAITING_LINES = 10_000
# At the end, who reads slowly still gets the last words.
FAREWELL_S = 1.0

Note = Callable[[Mapping[str, Any]], None]


def configure(level: str, *, stream: IO[str] | None = None, note: Note | None = None) -> None:
    """Set up structlog and the libraries' standard logging. `level` as in the settings.

    `note` gets every line from "info" on, whatever the level, before it is written to `stream`
    (None: standard error).
    """
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer()
    )
    least = min(number, logging.INFO) if note else number
    structlog.configure(
        processors=[*shared, _noted(note, number), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        # No more than `write` and `flush` are asked for; one `write` a line, so that no two mix.
        logger_factory=structlog.WriteLoggerFactory(_Unhurried(stream)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def _noted(note: Note | None, number: int) -> structlog.typing.Processor:
    levels = logging.getLevelNamesMapping()

    def process(
        logger: Any, method: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        if note is not None:
            note(line)
        if levels.get(str(line.get("level", "info")).upper(), number) < number:
            raise structlog.DropEvent
        return line

    return process


class _Unhurried:
    """A text stream: a thread writes to the real one."""

    def __init__(self, stream: IO[str]) -> None:
        self._write = _unbuffered(stream)
        self._lines: queue.Queue[str] = queue.Queue(WAITING_LINES)
        threading.Thread(target=self._work, name="log", daemon=True).start()
        atexit.register(self._leave)

    def write(self, text: str) -> int:
        with suppress(queue.Full):
            self._lines.put_nowait(text)
        return len(text)

    def flush(self) -> None:
        return

    def _work(self) -> None:
        while True:
            text = self._lines.get()
            # Nobody reads any more: the work goes on.
            with suppress(OSError, ValueError):
                self._write(text)
            self._lines.task_done()

    def _leave(self) -> None:
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(
                lambda: not self._lines.unfinished_tasks, FAREWELL_S
            )


def _unbuffered(stream: IO[str]) -> Callable[[str], object]:
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError):
        # Not a file: captured by a test.
        return stream.write

    def write(text: str) -> None:
        rest = text.encode()
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    return write
