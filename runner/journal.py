"""The journal: what is logged about a session is kept in the database as well, for its operator.

1. Nobody waits for it: a line is put aside in a moment and written a little later, many at once. A
   database in trouble costs lines, the oldest first, and never an event.
2. It says nothing itself about any session: it would be writing about its own writing.
3. What a worker says is free of personal data when it leaves the worker; what the supervisor says
   is made of constants, numbers and places in the code.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
import structlog

from db.errors import EventRefused, StoreError
from db.store import LogLine, Runs
from runner.reporter import blame

LEVELS = ("debug", "info", "warning", "error")
# An operator who is looking sees it at once; one transaction for all sessions of a runner.
FLUSH_S = 0.25
# Some minutes of a full house on a disk that is full.
KEPT_LINES = 5000
# What is still to be said when the runner leaves.
FAREWELL_S = 2.0

log = structlog.get_logger()


class Journal:
    """Lines on their way into `store`."""

    def __init__(self, store: Runs) -> None:
        self._store = store
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)

    def note(self, line: Mapping[str, Any]) -> None:
        """Put a line of the log aside, if it is about a session; from any thread.

        `line` is what structlog knows: `event`, `level`, `session`, and fields.
        """
        session = line.get("session")
        if not isinstance(session, str):
            return
        own = {"event", "level", "session", "generation", "screen", "timestamp"}
        screen, generation = line.get("screen"), line.get("generation")
        level = str(line.get("level", "info"))
        fields = {name: value for name, value in line.items() if name not in own}
        self._lines.append(
            LogLine(
                session_id=session,
                generation=generation if isinstance(generation, int) else 0,
                at=_now(),
                level=level if level in LEVELS else "error",
                screen=None if screen is None else str(screen),
                message=str(line.get("event", "")),
                # Whatever a flow's author hands in, the store takes.
                fields=json.loads(json.dumps(fields, default=str)),
            )
        )

    async def run(self) -> None:
        """Write until cancelled, and then what is left."""
        trouble: str | None = None
        try:
            while True:
                await anyio.sleep(FLUSH_S)
                try:
                    await self._flush()
                    trouble = None
                except EventRefused as error:
                    # It would be refused for ever, and stand in the way of all that follow.
                    log.error(
                        "lines of the log were refused", lines=len(self._lines), **blame(error)
                    )
                    self._lines.clear()
                except StoreError as error:
                    if trouble != error.code:
                        log.warning("logs cannot be kept, trying again", code=error.code)
                    trouble = error.code
        finally:
            with anyio.move_on_after(FAREWELL_S, shield=True):
                try:
                    await self._flush()
                except StoreError as error:
                    log.warning("last logs were lost", code=error.code, lines=len(self._lines))

    async def _flush(self) -> None:
        lines = list(self._lines)
        if lines:
            await self._store.note(lines)
            # Others may have come meanwhile, and pushed some of these out.
            for line in lines:
                if self._lines and self._lines[0] is line:
                    self._lines.popleft()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
