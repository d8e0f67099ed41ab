"""The load client: what it counts is what was sent, and what is wrong with a stream shows."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks import ceiling
from benchmarks.client import Crowd, Timer, Watcher
from benchmarks.peers.payload import event

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: here\n"
PATIENCE_S = 20


def frames(*seqs: int) -> bytes:
    """Blocks of these events, stamped now."""
    return b"".join(f"id: {seq}\ndata: {event('s', seq, 100)}\n\n".encode() for seq in seqs)


@contextmanager
def server(*pieces: bytes, head: bytes = HEAD) -> Iterator[str]:
    """Sends `head` and then the pieces to one client, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]

        def answer() -> None:
            client, _ = door.accept()
            with client:
                client.recv(65536)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for piece in (head, *pieces):
                    client.sendall(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            thread.join()


@pytest.mark.parametrize("kind", [Watcher, Timer])
def test_a_stamp_counts_once_wherever_the_bytes_are_cut(
    kind: Callable[[socket.socket, bytes], Watcher],
) -> None:
    data = frames(1, 2, 3)
    with socket.socket() as door:
        for size in range(1, 80):
            watcher = kind(door, b"")
            for start in range(0, len(data), size):
                piece = bytearray(data[start : start + size])
                # What lies behind the new bytes is an earlier read's.
                watcher.take(piece + bytearray(b'"t":"t":'), len(piece), time.time_ns())
            assert watcher.count == 3, size


def test_a_timing_watcher_knows_how_long_each_event_was_on_its_way() -> None:
    data = bytearray(frames(1, 2))
    with socket.socket() as door:
        timer = Timer(door, b"")
        timer.take(data, len(data), time.time_ns() + 5_000_000)
    delays_ms = [(came - stamp) / 1e6 for stamp, came in timer.arrivals]
    assert len(delays_ms) == 2
    assert all(5 <= delay < 1000 for delay in delays_ms)


@pytest.mark.parametrize(
    ("seqs", "lost", "repeated", "faults"),
    [((1, 2, 3), 0, 0, 0), ((1, 2), 1, 0, 0), ((1, 2, 3, 3), 0, 1, 1), ((1, 3, 2), 0, 0, 1)],
)
def test_what_is_lost_or_doubled_or_out_of_order_shows(
    seqs: tuple[int, ...], lost: int, repeated: int, faults: int
) -> None:
    with server(frames(*seqs)) as url, Crowd([url]) as crowd:
        crowd.open(patience_s=PATIENCE_S)
        take = crowd.gather(3, patience_s=PATIENCE_S)
    assert (take.lost, take.repeated, take.faults) == (lost, repeated, faults)
    assert take.whole is (seqs == (1, 2, 3))


def test_a_refused_stream_is_an_error_and_no_figure() -> None:
    with (
        server(head=b"HTTP/1.1 503 Busy\r\n\r\n: no\n") as url,
        Crowd([url]) as crowd,
        pytest.raises(RuntimeError, match="refused"),
    ):
        crowd.open(patience_s=PATIENCE_S)


def test_alone_the_client_gets_everything_that_is_blasted_at_it() -> None:
    figure = ceiling.measure(rounds=1, watchers=30, events=200, fastest=1.0)
    assert figure.reached
    assert figure.raw["deliveries_per_s"] > 10_000
