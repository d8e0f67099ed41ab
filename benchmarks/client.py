"""The load client: thousands of open streams in one loop, on raw sockets, without parsing.

1. Every event carries `"t":<Unix time in ns>`, taken just before it was appended or published. The
   client counts these stamps in the raw bytes (a stamp may lie across two reads), or reads them
   when it is asked how long each event was on its way. It knows nothing else of a stream's format,
   so it costs the same whoever serves.
2. It must not be the limit of what it measures: `ceiling.py` measures it alone, and `Take.busy`
   says which share of a core it used.
3. Counting proves that nothing is missing in number; of a few watchers everything is kept, and the
   events' own numbers must then be 1, 2, 3 … (`faults`).
4. A stream is open when the first byte of its body has come.
"""

from __future__ import annotations

import errno
import re
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

MARK = b'"t":'
CUT = len(MARK) - 1
STAMP = re.compile(rb'"t":(\d{19})')
STAMP_BYTES = len(MARK) + 19
SEQ = re.compile(rb'"seq":(\d+)')

READ_BYTES = 256 * 1024
# Connections under way at once: a server's backlog must hold them.
WAVE = 200
# An address and port of the server can be reached from some 28,000 ports of one own address.
PER_ADDRESS = 20_000
KEPT = 10
# After the last event that was due: what is sent twice still comes.
LINGER_S = 0.2
# A loop that nobody feeds looks at its deadline this often.
LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What all watchers got between the first event's stamp and the last arrival, in `seconds`.

    `lost` and `repeated` count events over all watchers; `busy` is the share of one core that the
    client used meanwhile; `arrivals` is filled by a timing crowd only: for each delivery the
    event's stamp and when it came, both Unix time in nanoseconds.
    """

    deliveries: int
    seconds: float
    lost: int
    repeated: int
    faults: int
    busy: float
    arrivals: Sequence[tuple[int, int]] = ()

    @property
    def delays_ms(self) -> list[float]:
        """How long each delivery was on its way from its stamp."""
        return [(came - stamp) / 1e6 for stamp, came in self.arrivals]

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.deliveries / self.seconds if self.seconds else 0.0

    @property
    def whole(self) -> bool:
        """True if everybody got everything once and in order."""
        return not (self.lost or self.repeated or self.faults)


class Watcher:
    """One stream: its socket, and how many events have come on it."""

    __slots__ = ("count", "head", "kept", "request", "socket", "tail")

    def __init__(self, door: socket.socket, request: bytes, *, keep: bool = False) -> None:
        self.socket = door
        self.request = request
        self.count = 0
        self.tail = b""
        self.head: bytes | None = b""
        self.kept: list[bytes] | None = [] if keep else None

    def take(self, buffer: bytearray, size: int, now: int) -> int:
        """Count the stamps in `size` new bytes that came at `now` (ns); how many."""
        # Both parts of the edge are shorter than a mark: what is found in it lies across.
        edge = self.tail + buffer[: min(size, CUT)]
        new = buffer.count(MARK, 0, size) + edge.count(MARK)
        self.tail = bytes(buffer[size - CUT : size] if size >= CUT else edge[-CUT:])
        if self.kept is not None:
            self.kept.append(bytes(buffer[:size]))
        self.count += new
        return new

    @property
    def faulty(self) -> bool:
        """True if what was kept is not 1, 2, 3 …"""
        seqs = [int(seq) for seq in SEQ.findall(b"".join(self.kept or ()))]
        return seqs != list(range(1, len(seqs) + 1))


class Timer(Watcher):
    """Also keeps each event's stamp and when it came, in `arrivals`."""

    __slots__ = ("arrivals",)

    def __init__(self, door: socket.socket, request: bytes) -> None:
        super().__init__(door, request)
        self.arrivals: list[tuple[int, int]] = []

    def take(self, buffer: bytearray, size: int, now: int) -> int:
        """Read the stamps in `size` new bytes that came at `now` (ns); how many."""
        data = self.tail + bytes(buffer[:size])
        found = [*STAMP.finditer(data)]
        self.arrivals += [(int(stamp[1]), now) for stamp in found]
        # A stamp that is cut is read with the next piece.
        self.tail = data[max(found[-1].end() if found else 0, len(data) - STAMP_BYTES) :]
        self.count += len(found)
        return len(found)


class Crowd:
    """Watchers of `urls`, one stream each; a context manager that closes them all.

    `timed`: also keep when each event came.
    """

    def __init__(self, urls: Sequence[str], *, timed: bool = False) -> None:
        self._urls = urls
        self._timed = timed
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray(READ_BYTES)
        self._watchers: list[Watcher] = []
        self._total = self._began_ns = self._last_ns = 0
        self._busy_from = self._busy_to = 0.0
        self.opened = self.closed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for watcher in self._watchers:
            watcher.socket.close()
        self._selector.close()

    @property
    def served(self) -> int:
        """How many have got at least one event."""
        return sum(watcher.count > 0 for watcher in self._watchers)

    def open(self, *, patience_s: float) -> None:
        """Open all streams.

        Raises RuntimeError for a refusal, TimeoutError when they are not open in time.
        """
        deadline, waiting = time.monotonic() + patience_s, iter(enumerate(self._urls))
        while self.opened < len(self._urls):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.opened} of {len(self._urls)} streams opened in time")
            self._connect(waiting)
            self._turn()

    def gather(self, events: int, *, patience_s: float) -> Take:
        """Read until each has got `events` or is closed, or until `patience_s` are over."""
        deadline, due = time.monotonic() + patience_s, events * len(self._watchers)
        while self._total < due and self.closed < len(self._watchers):
            if time.monotonic() > deadline:
                break
            self._turn()
        linger = time.monotonic() + LINGER_S
        while time.monotonic() < linger:
            self._turn()
        return self._taken(events)

    def _connect(self, waiting: Iterator[tuple[int, str]]) -> None:
        keep_each = max(1, len(self._urls) // KEPT)
        while len(self._watchers) - self.opened < WAVE and (one := next(waiting, None)):
            number, url = one
            host, port, request = _address(url)
            door = _socket(host, number)
            if (code := door.connect_ex((host, port))) not in (0, errno.EINPROGRESS):
                door.close()
                raise OSError(code, "a stream could not be connected")
            keep = number % keep_each == 0
            watcher = Timer(door, request) if self._timed else Watcher(door, request, keep=keep)
            self._watchers.append(watcher)
            self._selector.register(door, selectors.EVENT_WRITE, watcher)

    def _turn(self) -> None:
        for key, mask in self._selector.select(LOOK_S):
            if mask & selectors.EVENT_WRITE:
                self._ask(key.data)
            else:
                self._read(key.data)

    def _ask(self, watcher: Watcher) -> None:
        # A head is smaller than any socket's buffer: it goes in one piece.
        watcher.socket.send(watcher.request)
        self._selector.modify(watcher.socket, selectors.EVENT_READ, watcher)

    def _read(self, watcher: Watcher) -> None:
        try:
            size = watcher.socket.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        now = time.time_ns()
        if not size:
            self._selector.unregister(watcher.socket)
            watcher.socket.close()
            self.closed += 1
            return
        if watcher.head is not None:
            self._begin(watcher, bytes(self._buffer[:size]))
        if new := watcher.take(self._buffer, size, now):
            self._count(new, size, now)

    def _begin(self, watcher: Watcher, data: bytes) -> None:
        watcher.head = (watcher.head or b"") + data
        head, separator, body = watcher.head.partition(b"\r\n\r\n")
        if not separator:
            return
        if b" 200" not in head[:16]:
            raise RuntimeError(f"a stream was refused: {head[:60]!r}")
        if body:
            watcher.head = None
            self.opened += 1

    def _count(self, new: int, size: int, now: int) -> None:
        self._total += new
        self._last_ns, self._busy_to = now, time.thread_time()
        if not self._began_ns:
            first = STAMP.search(self._buffer, 0, size)
            self._began_ns = int(first[1]) if first else now
            self._busy_from = self._busy_to

    def _taken(self, events: int) -> Take:
        seconds = (self._last_ns - self._began_ns) / 1e9
        counts = [watcher.count for watcher in self._watchers]
        return Take(
            deliveries=self._total,
            seconds=seconds,
            lost=sum(max(0, events - count) for count in counts),
            repeated=sum(max(0, count - events) for count in counts),
            faults=sum(watcher.faulty for watcher in self._watchers),
            busy=(self._busy_to - self._busy_from) / seconds if seconds else 0.0,
            arrivals=[
                pair for one in self._watchers if isinstance(one, Timer) for pair in one.arrivals
            ],
        )


def _address(url: str) -> tuple[str, int, bytes]:
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n\r\n"
    return parts.hostname or "", parts.port or 80, head.encode()


def _socket(host: str, number: int) -> socket.socket:
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setblocking(False)
    if number >= PER_ADDRESS and host.startswith("127.") and sys.platform == "linux":
        # All of 127.0.0.0/8 is this machine; macOS knows 127.0.0.1 only.
        with suppress(OSError):
            door.bind((f"127.0.0.{1 + number // PER_ADDRESS}", 0))
    return door
