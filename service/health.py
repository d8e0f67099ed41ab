"""`/api/rpa/health`, `/livez`, `/readyz`: is everything there that a visitor needs.

1. `livez` asks nobody: a supervisor must not restart a process because its database is busy.
   `readyz` says whether requests make sense now. `health` looks at everything and names it.
2. Anyone may ask, so the answer is kept for a moment, and holds no path and no one's data.
3. No runner speaks to the service; what shows that one is there is a session in somebody's hands. A
   session that waits while others run is a full house; one that waits while none does is alone.
   Alone counts from when somebody last had or told it: given back by a runner that is started
   again, an old session is not yet a deserted one.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import psutil
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.errors import StoreError
from db.events import Status
from db.store import Session
from service.parts import Closing, Parts
from service.sessions import timestamp

# A runner claims within a second; half a minute is a runner that is not there.
UNCLAIMED_S = 30
# The store answers in a millisecond, or waits for a lock that somebody holds.
PATIENCE_S = 2.0
KEPT_S = 1.0
# More sessions than any machine runs; beyond it the count is "at least".
COUNTED = 500

Check = dict[str, Any]


class Health:
    """The full look, kept for a moment."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = anyio.Lock()
        self._kept: tuple[float, dict[str, Any]] | None = None

    async def __call__(self, request: Request) -> Response:
        """200 when all is well, 503 when something is missing."""
        async with self._lock:
            if self._kept is None or self._kept[0] < anyio.current_time():
                content = await self._look()
                self._kept = (anyio.current_time() + KEPT_S, content)
            content = self._kept[1]
        return JSONResponse(content, 200 if content["status"] == "healthy" else 503)

    async def _look(self) -> dict[str, Any]:
        database, queued, running = await self._database()
        checks: dict[str, Check] = {
            "database": database,
            "stream": _verdict(self._parts.tail.trouble),
            "runner": _runner(queued, running),
            "disk": await to_thread.run_sync(self._disk),
        }
        healthy = all(check["ok"] for check in checks.values())
        return {
            "status": "healthy" if healthy else "degraded",
            "timestamp": timestamp(),
            "version": self._parts.settings.version,
            "active_sessions": len(running),
            "queued_sessions": len(queued),
            "open_streams": self._parts.gate.streams,
            "system_load": _load(),
            "checks": checks,
        }

    async def _database(self) -> tuple[Check, list[Session], list[Session]]:
        store = self._parts.store
        try:
            with anyio.fail_after(PATIENCE_S):
                await store.probe()
                queued = await store.sessions(status=Status.QUEUED, limit=COUNTED)
                running = [
                    session
                    for status in (Status.RUNNING, Status.PAUSED)
                    for session in await store.sessions(status=status, limit=COUNTED)
                ]
        except StoreError as error:
            return _verdict(error.code), [], []
        except TimeoutError:
            return _verdict("tempo_esgotado"), [], []
        return _verdict(None), queued, running

    def _disk(self) -> Check:
        settings = self._parts.settings
        try:
            free = shutil.disk_usage(settings.disk_path).free
        except OSError:
            return _verdict("disco_ausente")
        verdict = _verdict(None if free >= settings.disk_free_bytes else "disco_quase_cheio")
        return {**verdict, "free_mb": free // 2**20}


async def live(request: Request) -> Response:
    """The process runs its loop."""
    return JSONResponse({"status": "alive"})


async def ready(request: Request, parts: Parts) -> Response:
    """The service takes requests and reaches its database; else 503."""
    if parts.broadcast.closed:
        raise Closing
    await parts.store.probe()
    return JSONResponse({"status": "ready"})


def _verdict(fault: str | None) -> Check:
    return {"ok": fault is None} if fault is None else {"ok": False, "code": fault}


def _runner(queued: list[Session], running: list[Session]) -> Check:
    now = datetime.now(UTC)
    held = any(_moment(session.lease_until) > now for session in (*running, *queued))
    waiting = [session for session in queued if session.lease_owner is None]
    oldest = max(((now - _moment(session.created_at)) for session in waiting), default=timedelta())
    quiet = max((now - _touched(session) for session in waiting), default=timedelta())
    alone = not held and quiet > timedelta(seconds=UNCLAIMED_S)
    verdict = _verdict("sessoes_sem_executor" if alone else None)
    return {**verdict, "oldest_queued_s": round(oldest.total_seconds(), 1)}


def _touched(session: Session) -> datetime:
    # Whoever gives a session back ends its lease at that moment.
    return max(_moment(session.updated_at), _moment(session.lease_until))


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _load() -> dict[str, float]:
    return {
        "load_1m": round(psutil.getloadavg()[0], 2),
        "cpu_percent": psutil.cpu_percent(interval=None),
        "memory_percent": psutil.virtual_memory().percent,
    }
