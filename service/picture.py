"""Where each session stands, kept up to date by folding only what is new.

1. A picture is `fold(events)`, always: the session's row says how far the log goes, and what is
   missing is folded on. With nothing new that row is the whole cost, however long the history.
2. The row is asked for whenever anybody has committed anything since: a session that was erased
   must be gone from here at once. Where nobody has, what was found then holds.
3. Bounded in memory: the least recently asked for leave first, and cost one fold from the start to
   come back.
4. That folding on is the same as folding all is not only believed: beside the requests, at most one
   picture a moment is compared with the whole fold of its log. One that differs is said, counted
   and forgotten, so that the next answer is the whole fold.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol
from zlib import crc32

import anyio
import structlog

from db.errors import StoreError, UnknownSession
from db.events import Event
from db.snapshot import Snapshot, render, step
from db.store import Session
from service.together import Together

# Some 1,400 pictures with estimate and result, or 8,000 without.
KEPT_BYTES = 32 * 1024 * 1024
# What a picture takes with the values that its text was made of: measured 6 bytes for one of text,
# at most.
WEIGHT, TEXT_WEIGHT = 1_000, 6
# Folding a page holds the event loop for about a millisecond.
FOLD_PAGE = 100
# A whole fold is compared with at most so often, and of so many events: 5 ms a second, in pieces of
# a millisecond. A quote has some 40.
CHECK_PAUSE_S = 1.0
CHECKED_EVENTS = 500

log = structlog.get_logger("service.picture")


class History(Protocol):
    """The log, as far as a picture needs it."""

    async def session(self, session_id: str) -> Session:
        """The session; raises UnknownSession."""
        ...

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        """The session's events with seq > `after`, in order, at most `limit`."""
        ...

    async def version(self) -> int:
        """A number that changes whenever somebody has committed; cheap to ask."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A snapshot with the JSON text and the entity tag of its answer."""

    snapshot: Snapshot
    body: bytes
    etag: str

    @property
    def weight(self) -> int:
        """The memory that it takes, as an estimate in bytes."""
        return WEIGHT + TEXT_WEIGHT * len(self.body)


class Gallery:
    """The pictures of the sessions that are asked for; `run` compares some of them."""

    def __init__(self, history: History, *, version: str, room: int = KEPT_BYTES) -> None:
        self._history = history
        self._version = version
        self._room = room
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._together = Together(self._look)
        # Which of the pictures were looked after since the log had this version.
        self._as_of: int | None = None
        self._sure: set[str] = set()
        # The next to be compared, only while `run` waits for one.
        self._due: tuple[str, Picture] | None = None
        self._wanted = anyio.Event()
        # What is kept, as an estimate in bytes, and what has been done so far.
        self.bytes = 0
        self.hits = 0
        self.folds = 0
        self.checks = 0
        self.failures = 0

    @property
    def kept(self) -> int:
        """How many pictures are kept."""
        return len(self._kept)

    async def picture(self, session_id: str) -> Picture:
        """The session as of now. Raises UnknownSession and what else the store raises."""
        version = await self._history.version()
        if version != self._as_of:
            self._as_of, self._sure = version, set()
        kept = self._kept.get(session_id) if session_id in self._sure else None
        if kept is not None:
            self.hits += 1
            self._kept.move_to_end(session_id)
            return kept
        picture = await self._together.ask(session_id)
        # Looked for after that version was asked; with another one nothing is sure any more.
        if version == self._as_of:
            self._sure.add(session_id)
        return picture

    async def run(self) -> None:
        """Compare pictures with their logs, until cancelled."""
        while True:
            self._due = None
            await self._wanted.wait()
            self._wanted = anyio.Event()
            if self._due is not None:
                await self._compare(*self._due)
            await anyio.sleep(CHECK_PAUSE_S)

    async def _look(self, session_id: str) -> Picture:
        try:
            session = await self._history.session(session_id)
        except UnknownSession:
            self._forget(session_id)
            raise
        failures, kept = self.failures, self._kept.get(session_id)
        # A log that is shorter than what was seen is another one (a backup was put back).
        if kept is None or kept.snapshot.cursor > session.last_seq:
            return self._keep(session_id, await self._fold_on(Snapshot(), session))
        if kept.snapshot.cursor == session.last_seq:
            self.hits += 1
            self._kept.move_to_end(session_id)
            return kept
        snapshot = await self._fold_on(kept.snapshot, session)
        if failures != self.failures:
            # What was folded on may have been the wrong one.
            return self._keep(session_id, await self._fold_on(Snapshot(), session))
        picture = self._keep(session_id, snapshot)
        self._offer(session_id, picture)
        return picture

    async def _fold_on(self, snapshot: Snapshot, session: Session) -> Snapshot:
        self.folds += 1
        while snapshot.cursor < session.last_seq:
            page = await self._history.events(session.id, after=snapshot.cursor, limit=FOLD_PAGE)
            if not page:
                break
            snapshot = reduce(step, page, snapshot)
        return snapshot

    def _keep(self, session_id: str, snapshot: Snapshot) -> Picture:
        text = json.dumps(answer(session_id, snapshot), separators=(",", ":"))
        body = text.encode("ascii")
        # The checksum: should a picture ever have been wrong, its tag must not stand for the right.
        etag = f'"{self._version}.{snapshot.cursor}.{crc32(body):08x}"'
        picture = Picture(snapshot=snapshot, body=body, etag=etag)
        self._forget(session_id)
        self._kept[session_id] = picture
        self.bytes += picture.weight
        while self.bytes > self._room and len(self._kept) > 1:
            self.bytes -= self._kept.popitem(last=False)[1].weight
        return picture

    def _forget(self, session_id: str) -> None:
        picture = self._kept.pop(session_id, None)
        if picture is not None:
            self.bytes -= picture.weight

    def _offer(self, session_id: str, picture: Picture) -> None:
        if self._due is None and picture.snapshot.cursor <= CHECKED_EVENTS:
            self._due = (session_id, picture)
            self._wanted.set()

    async def _compare(self, session_id: str, picture: Picture) -> None:
        cursor, whole = picture.snapshot.cursor, Snapshot()
        try:
            while whole.cursor < cursor:
                limit = min(FOLD_PAGE, cursor - whole.cursor)
                page = await self._history.events(session_id, after=whole.cursor, limit=limit)
                if not page:
                    # Erased meanwhile.
                    return
                whole = reduce(step, page, whole)
        except StoreError:
            # Whoever asks for the picture is told; there will be another one to compare.
            return
        self.checks += 1
        if whole != picture.snapshot:
            self.failures += 1
            self._forget(session_id)
            log.error("a kept picture was not the fold of its log", session=session_id, seq=cursor)


def answer(session_id: str, snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot's answer in the contract's shape."""
    return {"success": True, "session_id": session_id, **render(snapshot)}
