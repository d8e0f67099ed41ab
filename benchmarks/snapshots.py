"""The snapshot of a short and of a long history, against a bare route that answers the same JSON.

1. Requests a second over a few keep-alive connections, each with one request under way: the server
   is always busy, and the client is not (`client_busy`, of one core).
2. All take turns in short slices, so that whatever else the machine does meets all of them.
3. The bare route answers the product's own two bodies, encoded anew each time, from a process and a
   Hypercorn of its own.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from benchmarks import peer
from benchmarks.figure import Figure, rates
from benchmarks.served import Served, folder_of_its_own, serve

CONNECTIONS = 8
EVENTS: Mapping[str, int] = {"short": 10, "long": 10_000}
LEAST = 0.6
# What two measurements of the same thing differ by on a machine that does other things.
SAME = 1.1
# Each of the four is asked this often; a slice is `seconds / SLICES` long.
SLICES = 8
READ_BYTES = 64 * 1024

Advance = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Answers a second in one slice, and the share of a core that the client used."""

    rate: float
    busy: float


def measure(
    *, seconds: float, events: Mapping[str, int] = EVENTS, advance: Advance
) -> list[Figure]:
    """Each for `seconds`; `advance` is called `SLICES` times."""
    with folder_of_its_own() as folder, serve(folder) as service:
        urls = {name: _written(service, count) for name, count in events.items()}
        for name, url in urls.items():
            with urllib.request.urlopen(url) as answer:
                (folder / f"{name}.json").write_bytes(answer.read())
        with peer.application("bare_json", str(folder)) as base:
            urls |= {f"bare_{name}": f"{base}/{name}" for name in events}
            slices: dict[str, list[Slice]] = {name: [] for name in urls}
            for _ in range(SLICES):
                for name, url in urls.items():
                    slices[name].append(ask(url, seconds=seconds / SLICES))
                advance()
        sizes = {name: (folder / f"{name}.json").stat().st_size for name in events}
    return figures(slices, sizes, events)


def ask(url: str, *, seconds: float, connections: int = CONNECTIONS) -> Slice:
    """GET `url` again and again for `seconds`. Raises ConnectionError for any answer but 200."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    doors = [
        socket.create_connection((parts.hostname or "", parts.port or 80))
        for _ in range(connections)
    ]
    try:
        # The first answer fills caches, on both sides, and says how long all others are.
        sizes = {len(_first(door, request)) for door in doors}
        return _asked(doors, request, max(sizes), seconds)
    finally:
        for door in doors:
            door.close()


def figures(
    slices: Mapping[str, list[Slice]], sizes: Mapping[str, int], events: Mapping[str, int]
) -> list[Figure]:
    """Short and long against the bare route, and long against short."""
    rate = {name: median(one.rate for one in taken) for name, taken in slices.items()}
    raw = {
        name: {
            **rates([one.rate for one in taken]),
            "client_busy": median(one.busy for one in taken),
            "body_bytes": sizes[name.removeprefix("bare_")],
        }
        for name, taken in slices.items()
    }
    ratio = {name: _ratio(slices[name], slices[f"bare_{name}"]) for name in events}
    rows = [
        Figure(
            key=f"snapshot_{name}",
            name=f"snapshot of a {count:,}-event session",
            value=f"{rate[name]:,.0f}/s",
            peer=f"bare Starlette JSON route {rate[f'bare_{name}']:,.0f}/s",
            ratio=ratio[name],
            asked=f"≥ {LEAST:g} ×",
            reached=ratio[name] >= LEAST,
            raw={"ours": raw[name], "bare": raw[f"bare_{name}"]},
        )
        for name, count in events.items()
    ]
    cost = _ratio(slices["short"], slices["long"])
    same = Figure(
        key="snapshot_cost",
        name="a long history's snapshot costs the same",
        value=f"{1e6 / rate['long']:,.0f} µs",
        peer=f"of {events['short']} events {1e6 / rate['short']:,.0f} µs",
        ratio=cost,
        asked=f"≤ {SAME:g} ×",
        reached=cost <= SAME,
        raw={"long_us": 1e6 / rate["long"], "short_us": 1e6 / rate["short"]},
    )
    return [*rows, same]


def _ratio(ones: list[Slice], others: list[Slice]) -> float:
    # Within the turns: what slows one of a pair down slows the other down, too.
    return median(one.rate / other.rate for one, other in zip(ones, others, strict=True))


def _written(service: Served, events: int) -> str:
    session = service.prepare(1)[0]
    service.write([session["session_id"]], events=events, rate=0)
    return session["progress_url"]


def _first(door: socket.socket, request: bytes) -> bytes:
    door.sendall(request)
    answer = b""
    while True:
        head, separator, body = answer.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head):
            break
        if not (data := door.recv(READ_BYTES)):
            break
        answer += data
    if not answer.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(f"refused: {answer[:60]!r}")
    # Anything that is not JSON was not what is measured.
    json.loads(answer.partition(b"\r\n\r\n")[2])
    return answer


def _length(head: bytes) -> int:
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next(int(value) for name, _, value in fields if name == b"content-length")


def _asked(doors: list[socket.socket], request: bytes, size: int, seconds: float) -> Slice:
    buffer, answers = bytearray(READ_BYTES), 0
    due = dict.fromkeys(doors, size)
    with selectors.DefaultSelector() as selector:
        for door in doors:
            selector.register(door, selectors.EVENT_READ, door)
            door.sendall(request)
        began, busy, now = time.perf_counter(), time.thread_time(), 0.0
        # However short the time and busy the machine: one at least.
        while (now := time.perf_counter()) < began + seconds or not answers:
            for key, _ in selector.select(seconds):
                door = key.data
                if not (taken := door.recv_into(buffer)):
                    raise ConnectionError("the server closed a connection that was kept alive")
                if due[door] == size and not buffer.startswith(b"HTTP/1.1 200"):
                    raise ConnectionError(f"refused: {bytes(buffer[:60])!r}")
                due[door] -= taken
                if due[door] <= 0:
                    answers += 1
                    due[door] = size
                    door.sendall(request)
    return Slice(rate=answers / (now - began), busy=(time.thread_time() - busy) / (now - began))
