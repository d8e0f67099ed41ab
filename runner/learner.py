"""The learner: keeps what completed runs teach up to date, beside the work of a runner.

1. Durations change with the site, not with each run: a look once a minute is enough, and reading
   some runs costs about 50 ms.
2. What cannot be read teaches nothing and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import anyio
import structlog

from db.errors import StoreError
from db.events import Event, Status
from db.store import PAGE, EventLog
from runner.lesson import NOTHING, Lesson, learn
from runner.reporter import blame

LEARN_S, LEARN_RUNS = 60.0, 20

log = structlog.get_logger()


class Learner:
    """The lessons of the automations with these names; `run` keeps learning until cancelled."""

    def __init__(self, store: EventLog, automations: Iterable[str]) -> None:
        self._store = store
        self._automations = list(automations)
        self._lessons: dict[str, Lesson] = {}

    def lesson(self, automation: str) -> Lesson:
        """What is known by now; NOTHING at first."""
        return self._lessons.get(automation, NOTHING)

    async def run(self) -> None:
        """Look again and again at the newest completed runs."""
        while True:
            for name in self._automations:
                try:
                    self._lessons[name] = learn(await self._completed(name))
                except StoreError:
                    continue  # The next look will tell.
                except Exception as error:
                    # The top of this task: a bar that knows less is no reason to stop working.
                    log.error("earlier runs are unreadable", automation=name, **blame(error))
            await anyio.sleep(LEARN_S)

    async def _completed(self, automation: str) -> list[list[Event]]:
        runs = await self._store.sessions(
            status=Status.COMPLETED, automation=automation, limit=LEARN_RUNS
        )
        return [await self._store.events(run.id, limit=PAGE) for run in runs]
