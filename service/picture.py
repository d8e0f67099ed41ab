"""Where each session stands, kept up to date by folding only what is new.

1. A picture is `fold(events)`, always: the session's row says how far the log goes, and what is
   missing is folded on. With nothing new that row is the whole cost, however long the history.
2. The row is asked for every time: a session that was erased must be gone from here at once.
3. Bounded: the least recently asked for leave first, and cost one fold from the start to come back.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

from db.errors import UnknownSession
from db.events import Event
from db.snapshot import Snapshot, render, step
from db.store import Session
from service.together import Together

# A picture with its estimate and result is some 10 KB: 20 MB.
PICTURES = 2_000
# Folding a page holds the event loop for about a millisecond.
FOLD_PAGE = 100


class History(Protocol):
    """The log, as far as a picture needs it."""

    async def session(self, session_id: str) -> Session:
        """The session; raises UnknownSession."""
        ...

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        """The session's events with seq > `after`, in order, at most `limit`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A snapshot with the JSON text and the entity tag of its answer."""

    snapshot: Snapshot
    body: bytes
    etag: str


class Gallery:
    """The pictures of the sessions that are asked for."""

    def __init__(self, history: History, *, version: str, size: int = PICTURES) -> None:
        self._history = history
        self._version = version
        self._size = size
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._together = Together(self._look)

    async def picture(self, session_id: str) -> Picture:
        """The session as of now. Raises UnknownSession and what else the store raises."""
        return await self._together.ask(session_id)

    async def _look(self, session_id: str) -> Picture:
        try:
            session = await self._history.session(session_id)
        except UnknownSession:
            self._kept.pop(session_id, None)
            raise
        kept = self._kept.get(session_id)
        # A log that is shorter than what was seen is another one (a backup was put back).
        if kept is None or kept.snapshot.cursor > session.last_seq:
            snapshot = Snapshot()
        elif kept.snapshot.cursor == session.last_seq:
            self._kept.move_to_end(session_id)
            return kept
        else:
            snapshot = kept.snapshot
        snapshot = await self._fold_on(snapshot, session)
        return self._keep(session_id, snapshot)

    async def _fold_on(self, snapshot: Snapshot, session: Session) -> Snapshot:
        while snapshot.cursor < session.last_seq:
            page = await self._history.events(session.id, after=snapshot.cursor, limit=FOLD_PAGE)
            if not page:
                break
            for event in page:
                snapshot = step(snapshot, event)
        return snapshot

    def _keep(self, session_id: str, snapshot: Snapshot) -> Picture:
        text = json.dumps(answer(session_id, snapshot), separators=(",", ":"))
        picture = Picture(
            snapshot=snapshot,
            body=text.encode("ascii"),
            etag=f'"{self._version}.{snapshot.cursor}"',
        )
        self._kept[session_id] = picture
        self._kept.move_to_end(session_id)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return picture


def answer(session_id: str, snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot's answer in the contract's shape."""
    return {"success": True, "session_id": session_id, **render(snapshot)}
