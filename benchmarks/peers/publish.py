"""Publishes events to a peer, from a process of its own, as `andamento simulate` writes them.

    python -m benchmarks.peers.publish redis|nchan PORT EVENTS RATE <channels

EVENTS to each channel named on standard input, round robin, RATE a second in all (0: as fast as
the peer takes them).
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from redis import Redis

from benchmarks.peers.payload import event

# Requests on their way to nchan at once, on one connection; more are no faster.
PIPELINE = 100


def main() -> int:
    """Publish all; 0 once the peer has accepted every one."""
    kind, port, events, rate = sys.argv[1:]
    publish: Callable[[int, Iterable[tuple[str, str]], bool], None] = {
        "redis": _redis,
        "nchan": _nchan,
    }[kind]
    channels = sys.stdin.read().split()
    publish(int(port), _paced(channels, int(events), float(rate)), not float(rate))
    return 0


def _paced(channels: Sequence[str], events: int, rate: float) -> Iterator[tuple[str, str]]:
    """Channel and event; each is stamped when it is asked for."""
    began, count = time.perf_counter(), 0
    for number in range(1, events + 1):
        for channel in channels:
            if rate:
                time.sleep(max(0, began + count / rate - time.perf_counter()))
            count += 1
            yield channel, event(channel, number, events)


def _redis(port: int, messages: Iterable[tuple[str, str]], fast: bool) -> None:
    with Redis(port=port) as redis:
        for channel, message in messages:
            redis.publish(channel, message)


def _nchan(port: int, messages: Iterable[tuple[str, str]], fast: bool) -> None:
    most, pending = PIPELINE if fast else 1, []
    with socket.create_connection(("127.0.0.1", port)) as door:
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for channel, message in messages:
            pending.append(_post(channel, message))
            if len(pending) == most:
                _send(door, pending)
                pending = []
        _send(door, pending)


def _post(channel: str, message: str) -> bytes:
    body = message.encode()
    head = f"POST /publish/{channel} HTTP/1.1\r\nHost: peer\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _send(door: socket.socket, requests: Sequence[bytes]) -> None:
    door.sendall(b"".join(requests))
    answer = b""
    # The rest of the last answer's body may come with the next ones: it is not counted.
    while (told := answer.count(b"HTTP/1.1 ")) < len(requests):
        data = door.recv(65536)
        if not data:
            raise ConnectionError(f"nchan closed after {told} of {len(requests)} answers")
        answer += data
    if answer.count(b"HTTP/1.1 20") < len(requests):
        raise ConnectionError(f"nchan refused: {answer[:200]!r}")


if __name__ == "__main__":
    sys.exit(main())
