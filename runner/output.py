"""What a worker says: its log on standard output, its last words on standard error.

1. A line of JSON with `event` and `level` on standard output is one line of the session's log, and
   without anything personal (`andamento/worker.py`). All other lines of both count as last words,
   of which only the end is kept: a flow that prints its answers as JSON must not be believed.
2. Each pipe has a thread that always reads: a worker must never wait for its listener. They are
   daemons, since a stray that keeps a pipe open must not keep this process from leaving.
3. What is said before anybody listens (a spare has no session yet) is kept for who comes, up to a
   limit.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO, Any

from runner.redaction import redact

# A traceback's end, within an event's size even if every character needs an escape.
TAIL_LINES, TAIL_WIDTH = 20, 160
# Longer lines are cut while reading, so that a line without end cannot fill the memory.
MAX_LINE = 4096
# What every line of a log has.
SPOKEN = {"event", "level"}
# What a spare has to say of its beginning.
EARLY_LINES = 20
# After the exit, the reader may still have the last lines before it.
DRAIN_S = 0.2

Hear = Callable[[dict[str, Any]], None]


class Output:
    """The two pipes of one worker, being read."""

    def __init__(self, stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self._lines: deque[str] = deque(maxlen=TAIL_LINES)
        self._early: deque[dict[str, Any]] = deque(maxlen=EARLY_LINES)
        self._hear: Hear | None = None
        self._lock = threading.Lock()
        self._drained = threading.Event()
        for name, pipe in (("stdout", stdout), ("stderr", stderr)):
            threading.Thread(
                target=self._read, args=(pipe, name == "stderr"), name=name, daemon=True
            ).start()

    def listen(self, hear: Hear) -> None:
        """From now on `hear` gets every line of the log, in some thread; the earlier ones now."""
        with self._lock:
            self._hear = hear
            early = list(self._early)
        for line in early:
            hear(line)

    def tail(self, words: Sequence[str]) -> list[str]:
        """The last words without `words`, once the process has ended; waits a moment for them."""
        self._drained.wait(DRAIN_S)
        return [redact(line, words)[-TAIL_WIDTH:] for line in list(self._lines)]

    def _read(self, pipe: IO[bytes], last: bool) -> None:
        whole = True
        with pipe:
            while line := pipe.readline(MAX_LINE):
                if whole and line.strip():
                    self._note(line, spoken=not last)
                whole = line.endswith(b"\n")
        if last:
            self._drained.set()

    def _note(self, line: bytes, *, spoken: bool) -> None:
        told = _told(line) if spoken else None
        if told is None:
            self._lines.append(line.decode(errors="replace").rstrip())
            return
        with self._lock:
            hear = self._hear
            if hear is None:
                self._early.append(told)
        if hear is not None:
            hear(told)


def _told(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and told.keys() >= SPOKEN else None
