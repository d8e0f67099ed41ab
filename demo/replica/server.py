"""The replica's HTTP server, and `Replica`, which runs it beside a test.

1. Standard library only: the replica is the outside world and must not share a line, a library
   or a bug with the product that drives it.
2. A held answer waits on the stopping event, not on the clock, so that the end comes at once.
3. Static files are read once at the start; nothing of a request ever becomes a path on the disk.
4. Headers and body leave in one write, without Nagle: the replica's own delays must be the ones
   of its table.
"""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from .guide import guide_page, trouble_page
from .reply import Reply
from .site import Site
from .wish import PACES, read_wish

STATIC = Path(__file__).parent / "static"
LANDING = "/corretor/andamento"
DEFAULT_EMAIL = "corretor@exemplo.com.br"
DEFAULT_PASSWORD = "demo-senha"
MAX_BODY = 64 * 1024  # the largest screen sends less than 1 KB
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # ten browsers open six connections each at the same moment

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        super().__init__(address, _Handler)
        self.site = site
        self.stopping = threading.Event()
        self.files = _read_static()
        self.open_sockets: set[socket.socket] = set()
        self.sockets_lock = threading.Lock()

    def hang_up(self) -> None:
        """Wake every held answer and every idle keep-alive connection."""
        self.stopping.set()
        with self.sockets_lock:
            for connection in self.open_sockets:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # already gone

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes in the middle is everyday life, not an error to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.sockets_lock:
            self.server.open_sockets.add(self.connection)

    def finish(self) -> None:
        with self.server.sockets_lock:
            self.server.open_sockets.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a request line may hold what a visitor typed."""

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        if path == "/":
            self._send(200, TYPES[".html"], guide_page().encode())
        elif path == "/registro":
            self._send_json(200, self.server.site.records())
        elif path == "/rastreio":
            self._send(204, "text/plain", b"")
        elif path.startswith(("/corretor/", "/cotacao/")):
            self._send_app(query)
        elif path in self.server.files:
            self._send(200, *self.server.files[path])
        else:
            self._send_trouble(404, "Página não encontrada", "Este endereço não existe aqui.")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY:
            self.close_connection = True
            self._send_json(413, {"erro": "grande demais"})
            return
        try:
            data = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            data = None
        path = urlsplit(self.path).path
        if path == "/rastreio":
            self._send(204, "text/plain", b"")
        elif not isinstance(data, dict) or not path.startswith("/api/"):
            self._send_json(400, {"erro": "pedido inválido"})
        else:
            self._answer(self.server.site.answer(path.removeprefix("/api/"), data))

    def _answer(self, reply: Reply) -> None:
        if reply.wait_s:
            self.server.stopping.wait(reply.wait_s)
        self.server.site.settle(reply)
        self._send_json(reply.status, reply.body)

    def _send_app(self, query: str) -> None:
        try:
            read_wish(query)
        except ValueError as error:
            self._send_trouble(400, "Este endereço não vale", str(error))
        else:
            self._send(200, *self.server.files["/index.html"])

    def _send_trouble(self, status: int, title: str, sentence: str) -> None:
        self._send(status, TYPES[".html"], trouble_page(title, sentence).encode())

    def _send_json(self, status: int, body: object) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        self._send(status, "application/json; charset=utf-8", content)

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.end_headers()
        self.wfile.write(content)


def _read_static() -> dict[str, tuple[str, bytes]]:
    files = {
        f"/{file.name}": (TYPES[file.suffix], file.read_bytes())
        for file in sorted(STATIC.iterdir())
        if file.suffix in TYPES
    }
    kind, page = files["/index.html"]
    # All modules in one round of requests instead of one round for each depth of their imports.
    links = "".join(
        f'<link rel="modulepreload" href="{path}">\n' for path in files if ".js" in path
    )
    files["/index.html"] = (kind, page.replace(b"</head>", links.encode() + b"</head>"))
    return files


class Replica:
    """A replica that serves from entering to leaving the `with` block.

    `pace` is `fast` or `real`; `port` 0 takes a free one; `record` is a file that gets one JSON
    line when a run reaches an ending, and at the close for runs that reached none. Raises OSError
    when the port is taken.
    """

    def __init__(
        self,
        *,
        pace: str = "fast",
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        email: str = DEFAULT_EMAIL,
        password: str = DEFAULT_PASSWORD,
        record: Path | None = None,
    ) -> None:
        if pace not in PACES:
            raise ValueError(f"pace={pace} is neither fast nor real")
        self.email, self.password = email, password
        self._record, self._record_lock = record, threading.Lock()
        #: The site behind the server, for a test that needs no HTTP and none of the waits.
        self.business = Site(
            pace=pace, seed=seed, email=email, password=password, on_ending=self._append
        )
        self._host, self._port = host, port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bind the port and serve on a background thread."""
        self._server = _Server((self._host, self._port), self.business)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="replica",
            daemon=True,  # a test that fails before stop() must not hang the suite
        )
        self._thread.start()

    def stop(self) -> None:
        """Wake every waiting answer, stop serving and write the unfinished runs."""
        if self._server is None or self._thread is None:
            return
        self._server.hang_up()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None
        self.business.close()

    @property
    def origin(self) -> str:
        """`http://host:port`, without a path."""
        if self._server is None:
            raise RuntimeError("the replica does not serve yet")
        return f"http://{self._host}:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The start address of a quote: the broker's landing page."""
        return self.origin + LANDING

    def start_url(self, scenario: str, **query: str) -> str:
        """The start address with `?cenario=` (and `tela`, `pace`) set."""
        rest = "".join(f"&{name}={value}" for name, value in query.items())
        return f"{self.url}?cenario={scenario}{rest}"

    def records(self) -> list[dict[str, Any]]:
        """What was received and shown, one dict a run, oldest first."""
        return self.business.records()

    def _append(self, record: dict[str, Any]) -> None:
        if self._record is None:
            return
        with self._record_lock, self._record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
