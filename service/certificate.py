"""A certificate that is renewed while the service runs: read again when its files have changed.

1. The context stays the same object, for the server has it for every connection to come. Those that
   are open keep what they have agreed on.
2. A renewal writes two files, and one may come before the other: what has changed is tried on a
   context that nobody uses, since half of a pair would leave the service with nothing to show. The
   former pair is shown until both fit.
3. The files are looked at now and then, and nobody has to say so: any program can renew them
   (certbot, a copy by hand), and need not know of this process.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import anyio
import structlog
from anyio import to_thread

# Nobody waits for it: a certificate is renewed weeks before its end.
LOOK_S = 60.0

log = structlog.get_logger("service.certificate")

Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """A certificate (with its chain) and its key, both PEM files; they must fit each other."""

    cert: Path
    key: Path

    def load(self, context: ssl.SSLContext) -> None:
        """Have the context show it; raises OSError (SSLError is one)."""
        # An empty password, or OpenSSL would ask the terminal for one.
        context.load_cert_chain(self.cert, self.key, "")

    def stamp(self) -> Stamp | None:
        """What changes when the files do; None while one is missing."""
        try:
            found = [path.stat() for path in (self.cert, self.key)]
        except OSError:
            return None
        return tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in found)


async def keep_fresh(context: ssl.SSLContext, tls: Tls) -> None:
    """Load the certificate into `context` whenever it was renewed, until cancelled."""
    known = tls.stamp()
    while True:
        await anyio.sleep(LOOK_S)
        stamp = await to_thread.run_sync(tls.stamp)
        if stamp != known:
            known = stamp
            _renew(context, tls)


def _renew(context: ssl.SSLContext, tls: Tls) -> None:
    # On the loop, a millisecond: no connection may begin with a context that is being changed.
    try:
        tls.load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        tls.load(context)
    except OSError as error:
        log.warning(
            "the certificate has changed and cannot be used: the former one still is",
            reason=getattr(error, "reason", None) or error.strerror,
        )
    else:
        log.info("the certificate was renewed")
