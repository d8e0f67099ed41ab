"""Who lives in the product's world, and which of them has what to do.

1. Every process that descends from the product carries a mark in its environment, wherever it was
   reparented to; what overwrote its environment (Chromium's helpers do) is known by its session,
   whose leader carried the mark.
2. A worker is known by its command. Which one holds a session is known by the pid in that session's
   row: of the others the newest are spares, as many as there may be, and any more are strays.
3. A spare that was just handed its session is in no row yet. So nobody counts as waiting while some
   open session has no pid.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil

MARK = "CHAOS_WORLD"
OPEN = "SELECT id, pid FROM sessions WHERE ended_at IS NULL ORDER BY created_at"


class Census:
    """The living processes that carry `mark`, and the sessions in `database`.

    `spares` is how many workers may wait for a session.
    """

    def __init__(self, mark: str, database: Path, *, spares: int) -> None:
        self._mark = mark
        self._database = database
        self._spares = spares
        self._groups: set[int] = set()

    def family(self) -> list[psutil.Process]:
        """Every living process of this world."""
        return list(self._family())

    def child(self, command: str) -> psutil.Process | None:
        """The `serve` or `run` of now, if there is one."""
        return next(self._matching(lambda words: "-m" in words and command in words[3:6]), None)

    def sessions(self) -> list[str]:
        """The sessions that have not ended, oldest first."""
        return [session_id for session_id, _ in self._open()]

    def workers(self) -> list[psutil.Process]:
        """The workers that are no spares, oldest first."""
        spares = set(self.spares())
        return [worker for worker in self._workers() if worker not in spares]

    def holders(self) -> list[psutil.Process]:
        """The workers that certainly hold a session, oldest first."""
        pids = self._pids()
        return [worker for worker in self._workers() if worker.pid in pids]

    def spares(self) -> list[psutil.Process]:
        """The workers that may be spares, oldest first."""
        if not self._spares:
            return []
        # First the processes: whoever is given a session meanwhile is no spare any more.
        workers, pids = self._workers(), self._pids()
        return [worker for worker in workers if worker.pid not in pids][-self._spares :]

    def waiting(self) -> list[psutil.Process]:
        """The spares that have an open browser, and certainly no session."""
        browsers = set(self._browsers())
        found = [spare for spare in self.spares() if browsers & self.tree(spare)]
        return [] if None in self._pids() else found

    def spare_browsers(self) -> list[psutil.Process]:
        """The browsers of those that wait."""
        below = self.tree(*self.waiting())
        return [browser for browser in self._browsers() if browser in below]

    def browsers(self) -> list[psutil.Process]:
        """The sessions' browsers, without their helpers, oldest first."""
        return self._without_spares(self._browsers())

    def drivers(self) -> list[psutil.Process]:
        """The sessions' drivers of Playwright's, oldest first."""
        return self._without_spares(self._matching(lambda words: "run-driver" in words))

    def strays(self, parent: psutil.Process | None) -> list[psutil.Process]:
        """Those that an idle product with this parent does not have."""
        known = self.tree(*self.spares())
        if parent is not None:
            known |= {parent, *filter(None, map(self.child, ("serve", "run")))}
        return [process for process in self._family() if process not in known]

    def tree(self, *workers: psutil.Process) -> set[psutil.Process]:
        """The workers, and all that they started, also what no longer descends from them.

        A worker has a temporary folder of its own. Chromium's crash handlers leave their parents
        and their session, but not that.
        """
        folders = set(map(_folder, workers)) - {""}
        known = {one for worker in workers for one in (worker, *_below(worker))}
        return known | {one for one in self._family() if _folder(one) in folders}

    def folders(self) -> set[str]:
        """The names of the temporary folders that the spares have."""
        return {Path(folder).name for folder in map(_folder, self.spares())}

    def _without_spares(self, found: Iterable[psutil.Process]) -> list[psutil.Process]:
        spares = self.tree(*self.spares())
        return sorted((process for process in found if process not in spares), key=_age)

    def _workers(self) -> list[psutil.Process]:
        return sorted(self._matching(lambda words: "andamento.worker" in words), key=_age)

    def _browsers(self) -> list[psutil.Process]:
        def leads(words: list[str]) -> bool:
            return "--remote-debugging-pipe" in words and not any(
                word.startswith("--type=") for word in words
            )

        return sorted(self._matching(leads), key=_age)

    def _matching(self, fits: Callable[[list[str]], bool]) -> Iterator[psutil.Process]:
        for process in self._family():
            with suppress(psutil.Error):
                if fits(process.cmdline()):
                    yield process

    def _family(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                group = os.getsid(process.pid)
                known = group in self._groups
                if not known and process.environ().get(MARK) == self._mark:
                    self._groups.add(group)
                    known = True
                if known and process.status() != psutil.STATUS_ZOMBIE:
                    yield process
            except (psutil.Error, OSError):
                continue

    def _pids(self) -> set[int | None]:
        return {pid for _, pid in self._open()}

    def _open(self) -> list[tuple[str, int | None]]:
        address = f"file:{self._database}?mode=ro"
        # A reader cannot open it where nobody else has it open: then no session has a worker.
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(address, uri=True)) as log:
            return log.execute(OPEN).fetchall()
        return []


def _below(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def _folder(process: psutil.Process) -> str:
    # Empty for one that has ended.
    with suppress(psutil.Error):
        return process.environ().get("TMPDIR", "")
    return ""


def _age(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return process.create_time()
    return float("inf")
