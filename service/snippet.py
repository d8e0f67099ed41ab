"""`GET /snippet/andamento.js`: the page's half of the product, compressed, with a name that lasts.

1. `andamento.<hash>.js` is that content for ever, so caches may keep it for ever; another hash is
   not found, since other content under it would defeat the name (and an integrity check).
2. Read again when the file has changed, so that a deployment needs no restart.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from service.errors import Refusal

# A site's page should have a correction within minutes.
FRESH_S = 300
YEAR_S = 31_536_000
HASH_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The file as read at one moment. `stamp` is its modification time and size."""

    stamp: tuple[int, int]
    plain: bytes
    packed: bytes
    hash: str


class Snippet:
    """The route; `path` is the file, None if this installation has none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._content: Content | None = None

    async def __call__(self, request: Request) -> Response:
        """The file; 404 if it is missing or has another hash, 304 if the caller has it."""
        content = await self._current()
        wanted = request.path_params.get("hash")
        if wanted is not None and wanted != content.hash:
            raise Refusal("nao_encontrado")
        packed = _accepts_gzip(request.headers.get("accept-encoding", ""))
        etag = f'"{content.hash}{"-gzip" if packed else ""}"'
        fresh = f"max-age={YEAR_S}, immutable" if wanted else f"max-age={FRESH_S}"
        headers = {"ETag": etag, "Cache-Control": f"public, {fresh}", "Vary": "Accept-Encoding"}
        given = request.headers.get("if-none-match", "")
        if etag in [tag.strip().removeprefix("W/") for tag in given.split(",")]:
            return Response(status_code=304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        body = content.packed if packed else content.plain
        return Response(body, headers=headers, media_type="text/javascript")

    async def _current(self) -> Content:
        if self._path is None:
            raise Refusal("nao_encontrado")
        try:
            self._content = await to_thread.run_sync(_read, self._path, self._content)
        except OSError:
            raise Refusal("nao_encontrado") from None
        return self._content


def _read(path: Path, known: Content | None) -> Content:
    stat = path.stat()
    stamp = (stat.st_mtime_ns, stat.st_size)
    if known is not None and known.stamp == stamp:
        return known
    plain = path.read_bytes()
    return Content(
        stamp=stamp,
        plain=plain,
        packed=gzip.compress(plain, mtime=0),
        hash=sha256(plain).hexdigest()[:HASH_DIGITS],
    )


def _accepts_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() in ("gzip", "*") and quality.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False
