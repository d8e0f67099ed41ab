"""`GET /snippet/andamento.js`: the page's half of the product, compressed, with a name that lasts.

1. `andamento.<hash>.js` is that content for ever, so caches may keep it for ever; another hash is
   not found, since other content under it would defeat the name (and an integrity check).
2. Read again when the file has changed, so that a deployment needs no restart.
3. A site that names a version, with its integrity, has it in its pages until somebody changes them:
   an upgrade must not take their modal away. What was served is kept in a folder, and served from
   there under its own name. It is the name that counts: what has another hash is not served.
"""

from __future__ import annotations

import gzip
import re
import secrets
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256, sha384
from pathlib import Path

import structlog
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from service.errors import Refusal

# A site's page should have a correction within minutes.
FRESH_S = 300
YEAR_S = 31_536_000
HASH_DIGITS = 16
# Some 50 KB each, and some years of upgrades.
KEPT_VERSIONS = 20

_HASH = re.compile(rf"[0-9a-f]{{{HASH_DIGITS}}}")

log = structlog.get_logger("service.snippet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The file as read at one moment. `stamp` is its modification time and size."""

    stamp: tuple[int, int]
    plain: bytes
    packed: bytes
    hash: str

    @property
    def name(self) -> str:
        """What it is called for ever."""
        return f"andamento.{self.hash}.js"

    @property
    def integrity(self) -> str:
        """What a page writes beside the address, and a browser compares."""
        return f"sha384-{b64encode(sha384(self.plain).digest()).decode()}"


def read(path: Path, known: Content | None = None) -> Content:
    """The file's content, which is `known` if it has not changed; raises OSError."""
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


class Snippet:
    """The route; `path` is the file, `archive` a folder of our own for what was served.

    Without a file there is none; without a folder there are no former versions.
    """

    def __init__(self, path: Path | None, archive: Path | None = None) -> None:
        self._path = path
        self._archive = archive
        self._content: Content | None = None
        self._former: dict[str, Content] = {}

    async def __call__(self, request: Request) -> Response:
        """The file; 404 if it is missing or the hash unknown, 304 if the caller has it."""
        wanted = request.path_params.get("hash")
        content = await self.find(wanted)
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

    async def find(self, wanted: str | None) -> Content:
        """The version of this hash, None: the present one. Raises Refusal (404)."""
        try:
            return await to_thread.run_sync(self._find, wanted)
        except OSError:
            raise Refusal("nao_encontrado") from None

    def _find(self, wanted: str | None) -> Content:
        content = self._current()
        if wanted is None or wanted == content.hash:
            return content
        if self._archive is None or not _HASH.fullmatch(wanted):
            raise FileNotFoundError
        former = read(self._archive / f"{wanted}.js", self._former.get(wanted))
        if former.hash != wanted:
            raise FileNotFoundError
        self._former[wanted] = former
        return former

    def _current(self) -> Content:
        if self._path is None:
            raise FileNotFoundError
        content = read(self._path, self._content)
        if content is not self._content:
            self._content = content
            self._keep(content)
        return content

    def _keep(self, content: Content) -> None:
        if self._archive is None:
            return
        try:
            self._archive.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Aside and moved: of several processes each writes the same, and all read it whole.
            draft = self._archive / f".{content.hash}.{secrets.token_hex(4)}"
            draft.write_bytes(content.plain)
            draft.replace(self._archive / f"{content.hash}.js")
            self._forget()
        except OSError as error:
            log.warning("former versions of the snippet cannot be kept", reason=error.strerror)

    def _forget(self) -> None:
        assert self._archive is not None
        kept = sorted(self._archive.glob("*.js"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-KEPT_VERSIONS]:
            path.unlink(missing_ok=True)
            self._former.pop(path.stem, None)


def _accepts_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() in ("gzip", "*") and quality.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False
