"""Writes prepared bytes into sockets, as fast as they take them: what remains is the client.

    python -m benchmarks.peers.blaster WATCHERS EVENTS

Waits for WATCHERS requests, then for a line on standard input, then sends EVENTS frames to each.
"""

from __future__ import annotations

import selectors
import socket
import sys

from benchmarks.peers.payload import event

# What one turn hands to one socket: several events of several streams are always under way.
WRITE_BYTES = 64 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: ready\n"


def main() -> int:
    """Serve once; 0 when all has been taken."""
    watchers, events = map(int, sys.argv[1:])
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as door:
        host, port = door.getsockname()
        print(f"ready http://{host}:{port}", flush=True)
        clients = []
        for _ in range(watchers):
            client, _ = door.accept()
            client.recv(65536)
            client.sendall(HEAD)
            clients.append(client)
    sys.stdin.readline()
    _blast(clients, _frames(events))
    return 0


def _frames(events: int) -> bytes:
    frames = (
        f"id: {number}\nevent: progress\ndata: {event('session', number, events)}\n\n"
        for number in range(1, events + 1)
    )
    return "".join(frames).encode()


def _blast(clients: list[socket.socket], data: bytes) -> None:
    view, sent = memoryview(data), dict.fromkeys(clients, 0)
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.setblocking(False)
            selector.register(client, selectors.EVENT_WRITE, client)
        while selector.get_map():
            for key, _ in selector.select():
                client = key.data
                sent[client] += client.send(view[sent[client] : sent[client] + WRITE_BYTES])
                if sent[client] == len(data):
                    selector.unregister(client)
                    client.close()


if __name__ == "__main__":
    sys.exit(main())
