"""A service by the contract, over real HTTP, that misbehaves on request.

1. Its log is `events`, appended by `say`; streams, long polls and `wait_for` wake on every change.
2. `streams`, `sockets` and `starts` are queues of misbehaviour, one entry for each coming
   connection; when they are empty it behaves.
3. What it was asked is recorded: `requests`, `started`, `followed` and `joined` (the `after` of
   each stream and of each WebSocket).
4. `go_away` and `come_back` are a kill and a restart on the same port.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from select import select
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, urlsplit

from db.events import Event, EventType, encode, wire
from db.snapshot import fold, render
from tests.snippet.fake_socket import Socket
from tests.snippet.history import Fact

SNIPPET = Path(__file__).parents[2] / "frontend_snippet" / "andamento.js"
SESSION = "rpa_v5_20260102_120000_0123456789abcdef0123456789abcdef"
TOKEN = "token.of.a.test"
PING_S = 0.05  # often, so that a closed connection is noticed soon
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """How one coming stream, or WebSocket, goes wrong."""

    status: int = 200
    hang: bool = False  # no answer at all
    half_head: bool = False  # closed in the middle of the response head
    mute: bool = False  # open, and never a word
    cut_after: int | None = None  # closed after so many events
    code: int | None = None  # what a WebSocket is closed with when it is cut; without: nothing
    retry_ms: int = 50  # when to come back
    silent_after: int | None = None  # neither events nor pings after so many
    leave_out: int | None = None  # a seq that is skipped
    end_early: bool = False  # `end` without an ending
    reset: bool = False  # says `reset`, then everything from 1


@dataclass(slots=True)
class Service:
    """The fake; a context manager."""

    events: list[Event] = field(default_factory=list)
    streams: deque[Stream] = field(default_factory=deque)
    sockets: deque[Stream] = field(default_factory=deque)
    starts: deque[tuple[int, dict[str, str], dict[str, Any]]] = field(default_factory=deque)
    long_poll: bool = True
    page: str = ""
    requests: list[str] = field(default_factory=list)
    started: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    followed: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    open_streams: int = 0
    open_sockets: int = 0
    life: int = 0
    port: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def come_back(self) -> None:
        self.server = _Server(("127.0.0.1", self.port), self)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def go_away(self) -> None:
        if self.server is None:
            return
        server, self.server = self.server, None
        server.shutdown()
        server.server_close()
        with self.changed:
            self.life += 1
            self.changed.notify_all()

    def say(self, *facts: Fact) -> None:
        """Append to the log; every reader wakes."""
        with self.changed:
            for kind, data in facts:
                seq = len(self.events) + 1
                at = f"2026-01-02T12:{seq // 60:02d}:{seq % 60:02d}.000Z"
                event = Event(
                    session_id=SESSION, seq=seq, type=EventType(kind), at=at, body=encode(data)
                )
                self.events.append(event)
            self.changed.notify_all()

    def wait_for(self, claim: Callable[[], bool]) -> None:
        """Until the claim about what was recorded holds; fails after a deadline."""
        with self.changed:
            assert self.changed.wait_for(claim, PATIENCE_S), "the fake service waited in vain"

    def wait(self, cursor: int, life: int, patience_s: float) -> None:
        """Until there is something behind the cursor, or this life is over, or time is up."""
        with self.changed:
            self.changed.wait_for(
                lambda: len(self.events) > cursor or self.life != life, patience_s
            )

    def note(self, change: Callable[[], object]) -> None:
        """Record something and wake who waits for it."""
        with self.changed:
            change()
            self.changed.notify_all()

    def snapshot(self) -> dict[str, Any]:
        return {"success": True, "session_id": SESSION, **render(fold(self.events))}

    def asked(self, start: str) -> int:
        """How many requests began with this."""
        return sum(request.startswith(start) for request in self.requests)


class _Voice(Protocol):
    """A stream or a WebSocket, open."""

    def say(self, name: str, data: str, seq: int | None = None) -> None: ...

    def breathe(self) -> None:
        """Something on the wire that the page cannot hear, so that its leaving is noticed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        self.service = service
        self.life = service.life
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_OPTIONS(self) -> None:
        self._send(204, {}, b"")

    def do_GET(self) -> None:
        service, path = self.server.service, urlsplit(self.path).path
        service.note(lambda: service.requests.append(f"GET {path}"))
        if path == "/snippet/andamento.js":
            self._send(200, {"Content-Type": "text/javascript"}, SNIPPET.read_bytes())
        elif path == "/":
            self._send(200, {"Content-Type": "text/html; charset=utf-8"}, service.page.encode())
        elif path == "/favicon.ico":
            self._send(204, {}, b"")
        elif not path.endswith(SESSION) or self._query("token") != TOKEN:
            self._json(404, {"success": False, "code": "sessao_desconhecida"})
        elif path.startswith("/api/rpa/progress/"):
            self._progress()
        elif path.startswith("/api/rpa/ws/"):
            self._socket(service.sockets.popleft() if service.sockets else Stream())
        else:
            self._stream(service.streams.popleft() if service.streams else Stream())

    def do_POST(self) -> None:
        service = self.server.service
        answers = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers["Idempotency-Key"]
        service.note(lambda: service.started.append((key, answers)))
        if service.starts:
            status, headers, body = service.starts.popleft()
            return self._json(status, body, headers)
        return self._json(
            202,
            {
                "success": True,
                "session_id": SESSION,
                "token": TOKEN,
                "status": "queued",
                "events_url": f"{service.url}/api/rpa/events/{SESSION}?token={TOKEN}",
                "progress_url": f"{service.url}/api/rpa/progress/{SESSION}?token={TOKEN}",
                "snapshot": render(fold([])),
            },
        )

    def do_DELETE(self) -> None:
        service = self.server.service
        bearer = self.headers.get("Authorization", "")
        service.note(lambda: service.cancelled.append(bearer))
        self._json(202, {"success": True})

    def _progress(self) -> None:
        service = self.server.service
        after = int(self._query("after") or 0)
        if service.long_poll and self._query("wait"):
            service.wait(after, self.server.life, PATIENCE_S)
        self._json(200, service.snapshot())

    def _stream(self, how: Stream) -> None:
        service = self.server.service
        last = self.headers.get("Last-Event-ID", "0")
        cursor = max(int(self._query("after") or 0), int(last))
        service.note(lambda: service.followed.append(cursor))
        if how.status != 200:
            return self._json(how.status, {"success": False})
        self.close_connection = True
        if how.half_head:
            return self._write("HTTP/1.1 200 OK\r\nContent-Ty")
        with self._counted("open_streams"):
            if how.hang:
                return self._hang()
            headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
            self._head(200, headers)
            self._write(f": oi\n\nretry: {how.retry_ms}\n")
            return self._talk(cursor, how, self)

    def _socket(self, how: Stream) -> None:
        service = self.server.service
        cursor = int(self._query("after") or 0)
        service.note(lambda: service.joined.append(cursor))
        if how.status != 200:
            return self._json(how.status, {"success": False})
        self.close_connection = True
        with self._counted("open_sockets"):
            if how.hang:
                return self._hang()
            socket = Socket(self.connection, self.headers, retry_ms=how.retry_ms)
            socket.open()
            self._talk(cursor, how, socket)
            ended = service.events and service.events[-1].status
            if how.code or ended:
                socket.close(how.code or 1000)
        return None

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        service = self.server.service
        service.note(lambda: setattr(service, name, getattr(service, name) + 1))
        try:
            # The reader may go at any time.
            with suppress(OSError):
                yield
        finally:
            service.note(lambda: setattr(service, name, getattr(service, name) - 1))

    def _hang(self) -> None:
        # Nothing is sent, so only a look at the connection tells that the reader has gone.
        service, life = self.server.service, self.server.life
        while service.life == life and not select([self.connection], [], [], PING_S)[0]:
            pass

    def _talk(self, cursor: int, how: Stream, voice: _Voice) -> None:
        service, life, sent = self.server.service, self.server.life, 0
        if how.reset:
            voice.say("reset", '{"motivo":"cursor","cursor":0}')
            cursor = 0
        if how.end_early:
            return voice.say("end", '{"status":"running"}')
        while service.life == life and sent != how.cut_after:
            quiet = how.mute or (how.silent_after or 10**6) <= sent
            for event in service.events[cursor:] if not quiet else []:
                cursor = event.seq
                if cursor == how.leave_out:
                    continue
                name = "failure" if event.type is EventType.ERROR else event.type
                voice.say(name, wire(event), cursor)
                sent += 1
                if event.status:
                    return voice.say("end", f'{{"status":"{event.status}"}}')
                if sent in (how.cut_after, how.silent_after):
                    break
            if sent == how.cut_after:
                return None
            if quiet:
                voice.breathe()
            else:
                voice.say("ping", "{}")
            service.wait(cursor, life, PING_S)
        return None

    def say(self, name: str, data: str, seq: int | None = None) -> None:
        number = f"id: {seq}\n" if seq else ""
        self._write(f"{number}event: {name}\ndata: {data}\n\n")

    def breathe(self) -> None:
        self._write(": .\n\n")

    def _query(self, name: str) -> str:
        return parse_qs(urlsplit(self.path).query).get(name, [""])[0]

    def _write(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def _json(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        kind = {"Content-Type": "application/json", "Cache-Control": "private, no-cache"}
        self._send(status, {**kind, **(headers or {})}, json.dumps(body).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        # A page that is closed meanwhile wants no answer.
        with suppress(ConnectionError):
            self._head(status, {**headers, "Content-Length": str(len(body))})
            self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        cors = {
            "Access-Control-Allow-Origin": self.headers.get("Origin", "*"),
            "Access-Control-Allow-Methods": "GET, POST, DELETE",
            "Access-Control-Allow-Headers": "content-type, authorization, idempotency-key",
            "Access-Control-Expose-Headers": "retry-after",
            "Vary": "Origin",
        }
        self.send_response(status)
        for name, value in {**cors, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent."""
