"""The WebSocket half of the fake service: RFC 6455 by hand, the server's side of it and no more.

1. The server speaks and the page does not: of what comes in, only a close counts.
2. `say` and `breathe` are a voice (see fake.py), so that streams and sockets misbehave alike.
"""

from __future__ import annotations

import base64
import hashlib
import json
import select
import struct
from email.message import Message
from socket import socket

# RFC 6455, 1.3: what the server adds to the key to show that it understands.
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ANSWER_S = 5.0
_TEXT, _CLOSE, _PONG = 0x1, 0x8, 0xA


class Socket:
    """One accepted connection. Whatever it says raises ConnectionError once the page has left."""

    def __init__(self, connection: socket, headers: Message, *, retry_ms: int) -> None:
        self._connection = connection
        self._key = headers["Sec-WebSocket-Key"]
        # Like the stream's, it comes with the first block.
        self._retry_ms: int | None = retry_ms

    def open(self) -> None:
        """The answer to the handshake."""
        digest = hashlib.sha1(f"{self._key}{_GUID}".encode(), usedforsecurity=False).digest()
        lines = (
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
        )
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode())

    def say(self, name: str, data: str, seq: int | None = None) -> None:
        """One message as docs/websocket.md has it; `data` is JSON."""
        message = {"event": name, "id": seq, "data": json.loads(data), "retry": self._retry_ms}
        self._retry_ms = None
        given = {key: value for key, value in message.items() if value is not None}
        self._send(_TEXT, json.dumps(given).encode())

    def breathe(self) -> None:
        """A pong that nobody asked for: the page cannot hear it."""
        self._send(_PONG, b"")

    def close(self, code: int) -> None:
        """The close of RFC 6455, 5.5.1, and the page's own after it."""
        self._send(_CLOSE, struct.pack("!H", code))
        # Cut before the page has read it, the end would be a broken connection.
        self._connection.settimeout(ANSWER_S)
        while self._connection.recv(64):
            pass

    def _send(self, opcode: int, payload: bytes) -> None:
        while select.select([self._connection], [], [], 0)[0]:
            # Masked and shorter than 126 bytes: a close frame, or the end of the connection.
            head = self._connection.recv(2)
            if not head or head[0] & 0xF == _CLOSE:
                raise ConnectionError("the page has closed")
            self._connection.recv((head[1] & 0x7F) + 4)
        size = len(payload)
        length = bytes([size]) if size < 126 else b"\x7e" + struct.pack("!H", size)
        if size >= 1 << 16:
            length = b"\x7f" + struct.pack("!Q", size)
        self._connection.sendall(bytes([0x80 | opcode]) + length + payload)
