"""Who reads which session: a subscription is a cursor, and replay and live are one loop.

1. The law: take the wake-up handle **before** reading; serve from the window if it starts at or
   before cursor + 1, else read a page of the log. What is committed while a reader reads has set
   the handle that it holds, so it looks again.
2. A page that was read enters the window (a thousand watchers arriving together cost one read), but
   only if no `heal` came in between: a heal says that the tail has jumped over commits which nobody
   will publish, and a page from before it may lack just those.
3. `publish` never waits for a reader: a reader is a cursor, and a slow one holds nothing up.
4. Readers that are far behind in step share the last page's bytes; a page that holds something is
   true whatever came in between, only "nothing more" can be outdated.
5. A session is forgotten when its last reader leaves; a lone reader's frames once it has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import anyio
from anyio.lowlevel import checkpoint

from db.events import Event
from service.window import WINDOW_BYTES, WRITE_BYTES, Batch, Frame, Window, encode, join

# A page of history for one reader: encoding it holds the event loop for about a millisecond. Where
# events are long a page has fewer of them, for what does not fit into the write is read again.
REPLAY_PAGE = 200
PAGE_BYTES = 2 * WRITE_BYTES


class Pages(Protocol):
    """The log, as far as a subscription needs it."""

    async def events(self, session_id: str, *, after: int, limit: int) -> list[Event]:
        """The session's events with seq > `after`, in order; fewer than `limit` only at the end."""
        ...


class Channel:
    """One session that somebody reads."""

    __slots__ = ("epoch", "lock", "page", "readers", "replay", "session_id", "wake", "window")

    def __init__(self, session_id: str, window_bytes: int) -> None:
        self.session_id = session_id
        self.window = Window(window_bytes)
        self.wake = anyio.Event()
        self.lock = anyio.Lock()
        self.readers = 0
        self.epoch = 0
        self.page = REPLAY_PAGE
        self.replay: tuple[int, Batch] | None = None

    def rouse(self) -> None:
        """Set the handle that every waiting reader holds; later ones take a new one."""
        wake, self.wake = self.wake, anyio.Event()
        wake.set()

    def fit(self, frames: Sequence[Frame]) -> None:
        """So many events as came to this size: the next page has as many as fit."""
        size = sum(len(frame.data) for frame in frames)
        if size > PAGE_BYTES:
            self.page = max(1, len(frames) * PAGE_BYTES // size)
        elif size < PAGE_BYTES // 2:
            self.page = min(self.page * 2, REPLAY_PAGE)


class Subscription:
    """One reader's place in one session."""

    __slots__ = ("_broadcast", "_channel", "cursor")

    def __init__(self, broadcast: Broadcast, channel: Channel, cursor: int) -> None:
        self._broadcast = broadcast
        self._channel = channel
        self.cursor = cursor

    async def next(self) -> Batch | None:
        """Wait for what follows the cursor and move on to its end; None when all must leave.

        Cancelling loses nothing: the cursor moves with the return. Raises StoreError.
        """
        channel, suspended = self._channel, False
        while not self._broadcast.closed:
            wake = channel.wake
            if channel.window.covers(self.cursor):
                batch = channel.window.after(self.cursor)
            else:
                batch, suspended = await self._page(), True
            if batch is None:
                await wake.wait()
                suspended = True
                continue
            # One checkpoint a batch: a reader that is never short of news must not keep the loop.
            if not suspended:
                await checkpoint()
            self.cursor = batch.cursor
            if channel.readers == 1:
                channel.window.forget(batch.cursor)
            return batch
        return None

    async def _page(self) -> Batch | None:
        channel, cursor = self._channel, self.cursor
        async with channel.lock:
            if channel.window.covers(cursor):
                return channel.window.after(cursor)
            if channel.replay is not None and channel.replay[0] == cursor:
                return channel.replay[1]
            epoch, limit = channel.epoch, channel.page
            page = await self._broadcast.pages.events(channel.session_id, after=cursor, limit=limit)
            frames = [encode(event) for event in page]
            channel.fit(frames)
            if epoch == channel.epoch:
                channel.window.merge(cursor, frames, last=len(page) < limit)
            batch = join(frames)
            channel.replay = (cursor, batch) if batch and channel.readers > 1 else None
            return batch


class Broadcast:
    """All sessions that somebody reads right now."""

    def __init__(self, pages: Pages, *, window_bytes: int = WINDOW_BYTES) -> None:
        self.pages = pages
        self.closed = False
        self._window_bytes = window_bytes
        self._channels: dict[str, Channel] = {}
        self._wanted = anyio.Event()

    @contextmanager
    def subscribe(self, session_id: str, after: int) -> Iterator[Subscription]:
        """A reader of this session that has seen everything up to and including `after`."""
        channel = self._channels.get(session_id)
        if channel is None:
            channel = self._channels[session_id] = Channel(session_id, self._window_bytes)
            self._wanted.set()
        channel.readers += 1
        try:
            yield Subscription(self, channel, after)
        finally:
            channel.readers -= 1
            if channel.readers == 0:
                del self._channels[session_id]

    @property
    def listening(self) -> bool:
        """True while anybody reads anything."""
        return bool(self._channels)

    async def wanted(self) -> None:
        """Return once somebody listens."""
        if not self._channels:
            self._wanted = anyio.Event()
            await self._wanted.wait()

    def publish(self, events: Iterable[Event]) -> None:
        """Hand on what was committed, in the order of the log."""
        touched: dict[str, Channel] = {}
        for event in events:
            channel = self._channels.get(event.session_id)
            if channel is None:
                continue
            touched[event.session_id] = channel
            if channel.window.wants(event.seq):
                channel.window.append(encode(event))
        for channel in touched.values():
            channel.rouse()

    def heal(self) -> None:
        """Events may have been passed over: every reader looks into the log again."""
        for channel in self._channels.values():
            channel.epoch += 1
            channel.window.clear()
            channel.rouse()

    def close(self) -> None:
        """Every reader is told to leave, now and from now on."""
        self.closed = True
        for channel in self._channels.values():
            channel.rouse()
