"""The newest stretch of one session's history, encoded once for all of its readers.

1. Always dense: `start`, `start + 1`, … A frame that does not follow on starts the window anew, and
   readers further back take the log instead; a gap is never papered over.
2. `start` may be known while nothing is held: "the reader has everything before it". Only `None`
   means that the log must be asked.
3. Bounded in bytes, from the front. Whatever is dropped is still in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.events import Event, Status
from service import sse

# A whole quote is about 20 KB; this holds a burst of some 2,500 events for a thousand watchers, so
# that a reader that falls behind for a moment does not have to go to the log.
WINDOW_BYTES = 1024 * 1024
# What one write hands to the server for one reader: its share of memory while it does not read.
WRITE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event, encoded. `ending` is the status it brings if it is the terminal one."""

    seq: int
    at: str
    data: bytes
    ending: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Bytes for one write, the cursor after it, and the session's ending if that is in it.

    `count` events are in it; `at` is when the newest was committed, as the log writes it.
    """

    data: bytes
    cursor: int
    count: int
    at: str
    ending: Status | None


def encode(event: Event) -> Frame:
    """The one encoding of an event, live or replayed."""
    return Frame(seq=event.seq, at=event.at, data=sse.frame(event), ending=event.status)


def join(frames: Sequence[Frame]) -> Batch | None:
    """As many of `frames` as fit into one write (at least one), or None when there are none."""
    if not frames:
        return None
    taken, size = 1, len(frames[0].data)
    while taken < len(frames) and (size := size + len(frames[taken].data)) <= WRITE_BYTES:
        taken += 1
    last = frames[taken - 1]
    data = b"".join([frame.data for frame in frames[:taken]])
    return Batch(data=data, cursor=last.seq, count=taken, at=last.at, ending=last.ending)


class Window:
    """Frames `start` … `next - 1` of one session."""

    __slots__ = ("_frames", "_limit", "_memo", "_size", "start")

    def __init__(self, limit: int = WINDOW_BYTES) -> None:
        self.start: int | None = None
        self._frames: list[Frame] = []
        self._size = 0
        self._limit = limit
        # A thousand readers of one session stand at the same cursor: join for them once.
        self._memo: tuple[int, Batch | None] | None = None

    @property
    def next(self) -> int:
        """The seq that would follow on."""
        return (self.start or 1) + len(self._frames)

    def covers(self, cursor: int) -> bool:
        """True if a reader at `cursor` can be served from here without asking the log."""
        return self.start is not None and self.start <= cursor + 1

    def after(self, cursor: int) -> Batch | None:
        """What follows `cursor`, at most one write; None if nothing yet. Needs `covers(cursor)`."""
        if self._memo is None or self._memo[0] != cursor:
            self._memo = (cursor, join(self._frames[cursor + 1 - (self.start or 1) :]))
        return self._memo[1]

    def wants(self, seq: int) -> bool:
        """False for what is already here or before it."""
        return self.start is None or seq >= self.next

    def append(self, frame: Frame) -> None:
        """The next frame of the live log; one already held is ignored."""
        if not self.wants(frame.seq):
            return
        if self.start is None or frame.seq != self.next:
            self.clear()
            self.start = frame.seq
        self._frames.append(frame)
        self._size += len(frame.data)
        self._memo = None
        self._evict()

    def merge(self, cursor: int, page: Sequence[Frame], *, last: bool) -> None:
        """A page of the log read after `cursor` (dense, perhaps empty), where it adjoins.

        `last` says that the log ended with it: without that, a window that knows nothing may not
        take it, for it would promise that what follows is still to come.
        """
        if self.start is None:
            if not last:
                return
            self.start = cursor + 1
        first = self.start
        for frame in page:
            if frame.seq == self.next:
                self.append(frame)
        # Appending may have moved the start on, and then the older ones no longer adjoin.
        if page and page[-1].seq + 1 >= first == self.start:
            self._prepend([frame for frame in page if frame.seq < first])

    def forget(self, cursor: int) -> None:
        """Drop what the only reader has; the window then starts right behind it."""
        if self.start is None or self.start > cursor:
            return
        gone = self._frames[: cursor + 1 - self.start]
        self._size -= sum(len(frame.data) for frame in gone)
        del self._frames[: len(gone)]
        self.start = cursor + 1
        self._memo = None

    def clear(self) -> None:
        """Know nothing: the next reader asks the log."""
        self.start = None
        self._frames.clear()
        self._size = 0
        self._memo = None

    def _prepend(self, older: Sequence[Frame]) -> None:
        room = self._limit - self._size
        for taken in range(len(older), 0, -1):
            room -= len(older[taken - 1].data)
            if room < 0:
                older = older[taken:]
                break
        if older:
            self._frames[:0] = older
            self._size += sum(len(frame.data) for frame in older)
            self.start = older[0].seq
            self._memo = None

    def _evict(self) -> None:
        gone = 0
        while self._size > self._limit and gone < len(self._frames) - 1:
            self._size -= len(self._frames[gone].data)
            gone += 1
        if gone:
            del self._frames[:gone]
            self.start = (self.start or 1) + gone
