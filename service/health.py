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
from typing import Any

import anyio
import psutil
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.errors import StoreError
from db.store import Standing
from service.parts import Closing, Parts
from service.sessions import age_s, timestamp

# A runner claims within a second; half a minute is a runner that is not there.
UNCLAIMED_S = 30
# The store answers in a millisecond, or waits for a lock that somebody holds.
PATIENCE_S = 2.0
KEPT_S = 1.0
# What is said while the database does not answer.
NOBODY = Standing(
    queued=0, running=0, paused=0, held=0, oldest_queued_at=None, untouched_since=None
)

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
        database, standing = await self._database()
        checks: dict[str, Check] = {
            "database": database,
            "stream": _verdict(self._parts.tail.trouble),
            "runner": _runner(standing),
            "disk": await to_thread.run_sync(self._disk),
        }
        healthy = all(check["ok"] for check in checks.values())
        return {
            "status": "healthy" if healthy else "degraded",
            "timestamp": timestamp(),
            "version": self._parts.settings.version,
            "active_sessions": standing.running + standing.paused,
            "queued_sessions": standing.queued,
            "open_streams": self._parts.gate.streams,
            "system_load": _load(),
            "checks": checks,
        }

    async def _database(self) -> tuple[Check, Standing]:
        store = self._parts.store
        try:
            with anyio.fail_after(PATIENCE_S):
                await store.probe()
                return _verdict(None), await store.standing()
        except StoreError as error:
            return _verdict(error.code), NOBODY
        except TimeoutError:
            return _verdict("tempo_esgotado"), NOBODY

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


def _runner(standing: Standing) -> Check:
    alone = not standing.held and age_s(standing.untouched_since) > UNCLAIMED_S
    verdict = _verdict("sessoes_sem_executor" if alone else None)
    return {**verdict, "oldest_queued_s": round(age_s(standing.oldest_queued_at), 1)}


def _load() -> dict[str, float]:
    return {
        "load_1m": round(psutil.getloadavg()[0], 2),
        "cpu_percent": psutil.cpu_percent(interval=None),
        "memory_percent": psutil.virtual_memory().percent,
    }
