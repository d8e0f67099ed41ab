"""The broker's page of the demo: what a Webflow site looks like from the snippet's side.

1. The outside world: it imports none of the product and knows only the service's address, which it
   puts into the page's one script tag.
2. It takes the site's own leads (`POST /lead`), counts them and throws them away: what people type
   while trying the demo is kept nowhere. `GET /lead` gives the count alone.
3. `with Landing(api=url) as page:` serves on a free port; `page.url`, `page.leads`, and
   `page.refuse_leads = True` for a lead service that is down.
"""

from __future__ import annotations

import html
import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

HERE = Path(__file__).parent
API_MARK = "{{API}}"
MAX_LEAD_BYTES = 64 * 1024  # a form of ten fields, with room for any tracking the site hides in it
READ_TIMEOUT_S = 15  # a half-sent request may not hold a thread for ever
FILES = {
    "/": ("site/index.html", "text/html; charset=utf-8"),
    "/site.css": ("site/site.css", "text/css; charset=utf-8"),
    "/webflow.js": ("site/webflow.js", "text/javascript; charset=utf-8"),
    "/exemplo.js": ("site/exemplo.js", "text/javascript; charset=utf-8"),
    "/playground.html": ("site/playground.html", "text/html; charset=utf-8"),
    "/playground.css": ("site/playground.css", "text/css; charset=utf-8"),
    "/playground.js": ("site/playground.js", "text/javascript; charset=utf-8"),
    "/playground-history.js": ("site/playground-history.js", "text/javascript; charset=utf-8"),
    "/playground-service.js": ("site/playground-service.js", "text/javascript; charset=utf-8"),
    "/jquery.js": ("vendor/jquery-3.7.1.min.js", "text/javascript; charset=utf-8"),
}
# The strictest policy that a site can have with the snippet: the playground proves that it works.
POLICIES = {
    "/playground.html": "default-src 'none'; script-src 'self' {{API}}; style-src 'self';"
    " connect-src 'self' {{API}}",
}


class Landing:
    """The page on its own port, from `start` to `close`; a context manager does both."""

    def __init__(self, *, api: str, host: str = "127.0.0.1", port: int = 0) -> None:
        """`api` is the service's origin; port 0 takes a free one. Raises OSError if it is taken."""
        self.api = api.rstrip("/")
        self.refuse_leads = False
        self._leads = 0
        self._lock = threading.Lock()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._serve, name="landing", daemon=True)

    @property
    def url(self) -> str:
        """The page's address, without a slash at the end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def leads(self) -> int:
        """How many leads the site's own form has delivered."""
        with self._lock:
            return self._leads

    def start(self) -> None:
        """Serve in a thread; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take_lead(self) -> bool:
        """Count one lead; False if the lead service plays dead."""
        with self._lock:
            if self.refuse_leads:
                return False
            self._leads += 1
            return True

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A browser keeps idle connections open; waiting for their threads would hold up the exit.
    block_on_close = False

    def __init__(self, address: tuple[str, int], landing: Landing) -> None:
        self.landing = landing
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = READ_TIMEOUT_S
    server: _Server

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/lead":
            return self._json(HTTPStatus.OK, {"leads": self.server.landing.leads})
        if path not in FILES:
            return self._json(HTTPStatus.NOT_FOUND, {"error": "not found"})
        name, kind = FILES[path]
        body = (HERE / name).read_bytes()
        if kind.startswith("text/html"):
            api = html.escape(self.server.landing.api, quote=True)
            body = body.replace(API_MARK.encode(), api.encode())
        policy = POLICIES.get(path, "").replace(API_MARK, self.server.landing.api)
        return self._send(HTTPStatus.OK, kind, body, policy)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_LEAD_BYTES:
            self.close_connection = True
            return self._json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "too large"})
        self.rfile.read(int(length))  # and forgotten: see 2.
        if urlsplit(self.path).path != "/lead":
            return self._json(HTTPStatus.NOT_FOUND, {"error": "not found"})
        if not self.server.landing.take_lead():
            return self._json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "lead refused"})
        return self._json(HTTPStatus.OK, {"msg": "ok", "code": 200})

    def _json(self, status: HTTPStatus, content: dict[str, object]) -> None:
        self._send(status, "application/json", json.dumps(content).encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes, policy: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent: a request line may carry what a visitor typed."""
