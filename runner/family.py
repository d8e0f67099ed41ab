"""A worker's family: all that it started, as long as there is anybody of it.

1. Descendants are noted while their parents live: Chromium leads a process group of its own, and an
   orphan cannot be told from a stranger.
2. A process is known by its id and its birth: a reused id is another process (`psutil.Process`).
3. Memory is counted proportionally (PSS): what a browser's processes share is not theirs each. It
   costs a walk through their page tables, so the plain sum, which is never less, is asked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil

HELD = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


class Family:
    """The process `pid` and its descendants."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._known: dict[int, psutil.Process] = {}

    def look(self) -> None:
        """Note who is there by now; some 5 ms."""
        with suppress(psutil.Error):
            for process in psutil.Process(self._pid).children(recursive=True):
                self._known[process.pid] = process

    @property
    def alive(self) -> bool:
        """Whether any descendant that was noted is still there."""
        return any(map(_alive, self._known.values()))

    @property
    def held(self) -> bool:
        """Whether the worker exists but is stopped (SIGSTOP, a debugger)."""
        try:
            return psutil.Process(self._pid).status() in HELD
        except psutil.Error:
            return False

    def kill(self) -> None:
        """KILL every descendant, and those that they started since they were noted."""
        for process in list(_with_descendants(self._known.values())):
            with suppress(psutil.Error):
                process.kill()

    def memory(self, limit: int) -> int:
        """Resident bytes of all of them, those that are shared in proportion; 0 up to `limit`."""
        with suppress(psutil.Error):
            members = [psutil.Process(self._pid), *filter(_alive, self._known.values())]
            if sum(map(_resident, members)) > limit:
                whole = sum(map(_proportional, members))
                return whole if whole > limit else 0
        return 0


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _with_descendants(family: Iterable[psutil.Process]) -> Iterator[psutil.Process]:
    # A browser's renderers come and go; what counts is who is there now.
    for process in list(family):
        with suppress(psutil.Error):
            yield from process.children(recursive=True)
        yield process


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _proportional(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        full = process.memory_full_info()
        # Where the system does not tell the proportional one (macOS), what is its own.
        return int(getattr(full, "pss", full.uss))
    return 0
