"""The teller: says to everyone who waits where they are in the line, as it moves.

1. It writes to sessions that are in nobody's hands, so what it says counts only if nothing has
   happened to the session since it was read; of several runners the first one is heard.
2. It remembers nothing: what was told last is in the log. So a new runner goes on where another one
   stopped, two of them do not repeat each other, and the one that knows less keeps quiet.
3. A session that comes while a place is free is taken in a moment, and is not told to wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import anyio
import structlog

from db.errors import StoreError
from db.events import Event, Phase, Status
from db.store import Runs, Session, Wish
from runner.automation import Automation
from runner.lesson import Lesson
from runner.line import Place, places
from runner.reporter import FIRST_SCREEN, blame, progress

# A step of the line is seen at once; some milliseconds each time that anything was written.
TELL_S = 0.5
# A claim takes a tenth of it.
PATIENCE_S = 0.4
# A wait that was told is compared with what is true, though nothing may have happened.
CORRECT_S = 5.0
# More than a line that anybody would join.
SEEN = 500

log = structlog.get_logger()

Line = list[tuple[Session, Event | None]]


class Teller:
    """Tells the lines of `queues`; `lesson` gives what is known of an automation."""

    def __init__(
        self,
        store: Runs,
        queues: Sequence[str],
        lesson: Callable[[str], Lesson],
        automation: Callable[[str], Automation | None],
    ) -> None:
        self._store = store
        self._queues = frozenset(queues)
        self._lesson = lesson
        self._automation = automation

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        version, due = -1, 0.0
        while True:
            # First of all: a new runner takes those for whom it has places before it tells anybody.
            await anyio.sleep(TELL_S)
            try:
                now = anyio.current_time()
                seen = await self._store.version()
                if seen != version or now >= due:
                    version, due = seen, now + CORRECT_S
                    if await self._tell():
                        # Somebody is too new to be told: look again, whatever happens.
                        version = -1
            except StoreError:
                # The supervisor says so; here it is only tried again.
                version = -1
            except Exception as error:
                # The top of this task: who waits uninformed is still served.
                log.error("the line could not be told", **blame(error))

    async def _tell(self) -> bool:
        """Tell whom it concerns; True if somebody was left out for being too new."""
        line = [one for one in await self._store.unfinished(limit=SEEN) if self._ours(one[0])]
        now = time.time()
        running = [self._remains(*one, now) for one in line if _held(one[0], now)]
        waiting = [one for one in line if not _held(one[0], now)]
        found = places(running, [self._takes(session) for session, _ in waiting])
        early = False
        for (session, last), place in zip(waiting, found, strict=True):
            since = _moment(last.at if last else session.created_at)
            told = last.data.get("fila") if last else None
            if not told and now - since < PATIENCE_S:
                early = True
            elif not isinstance(told, dict) or place.differs(told, now - since):
                await self._store.tell(session, self._data(session, last, place))
        return early

    def _ours(self, session: Session) -> bool:
        return session.queue in self._queues and session.wish is not Wish.CANCEL

    def _remains(self, session: Session, last: Event | None, now: float) -> float | None:
        """Seconds until its place is free; None if unknown, or while it rests."""
        if session.status is Status.PAUSED:
            return None
        data, since = (last.data, last.at) if last else ({}, session.updated_at)
        lesson, etapa = self._lesson(session.automation), str(data.get("etapa", FIRST_SCREEN))
        if told := data.get("restante_s"):
            remains = sum(told) / 2
        elif etapa == FIRST_SCREEN:
            remains = lesson.duration
        elif data.get("fase") != Phase.NOTICE:
            remains = sum(lesson.remaining.get(etapa, ())) / 2
        else:
            # It takes longer than any before: nobody knows how long.
            remains = 0
        return max(0.0, float(remains) - (now - _moment(since))) if remains else None

    def _takes(self, session: Session) -> float | None:
        return self._lesson(session.automation).duration or None

    def _data(self, session: Session, last: Event | None, place: Place) -> dict[str, Any]:
        automation = self._automation(session.automation)
        before = last.data if last else {}
        told = progress(
            etapa=FIRST_SCREEN,
            total=before.get("total_etapas") or (automation.total if automation else 0),
            percentual=before.get("percentual", 0.0),
            fase=Phase.QUEUE,
            titulo="Na fila",
            mensagem=place.message(),
            status=Status.QUEUED,
        )
        return {**told, "fila": place.data()}


def _held(session: Session, now: float) -> bool:
    free = session.lease_owner is None or session.lease_until is None
    return not free and _moment(str(session.lease_until)) > now


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
