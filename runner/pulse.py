"""Signs of life: what a worker's lease, its age and its memory say of it, seen from outside.

1. A hang (a stopped process, a blocked loop) is noticed by a lease that nobody renews: changes of
   `lease_until` against this process's own steady clock, so that no jump of the wall clock kills a
   healthy run.
2. Nobody is called hung while the database may be the one to blame: before the verdict the
   supervisor renews the lease itself, which proves that writing is possible, and waits once more.
   Only a worker that is seen to be stopped needs no proof.
3. Until the worker's first renewal the supervisor keeps the lease: a start is slow, not hung, where
   twenty begin at the same time.
4. A cancelled worker that goes on is ended, so that a visitor's word counts whatever hangs.
5. A worker ends itself at its deadline. The limit here is for one whose own watch no longer works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from db.errors import StoreError
from db.store import Runs, Session, Wish
from runner.ending import LOST
from runner.job import Job
from runner.reporter import PATIENCE_S

# How often the lease is looked at; a tenth of its life.
BEATS_A_LIFE = 10
# Half a lease without renewal is a suspicion, another half after the proof is a verdict.
SUSPICION = 0.5
# Interpreter and imports of many workers on few cores; beyond this a start is a hang.
START_S = 20.0
START_LOOK_S = 0.05
# By then no flow waits any more for a database that stayed locked: its own worker may be the one
# that holds the lock.
GIVE_UP_S = 2 * PATIENCE_S
# A worker that wrote its ending closes a browser; then it has to go.
LEAVE_S = 10.0
# A worker hears a wish to cancel in a fifth of a second, and writes one event.
CANCEL_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Why a worker's time is over. `tipo` None: there is nothing to write.

    `hung`: it may still act, so it is killed first. `again`: the session may be begun again by the
    next runner, as long as nothing of the visitor's was submitted.
    """

    tipo: str | None = None
    hung: bool = False
    again: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may use: seconds from its job on, resident bytes in all; 0: any."""

    life_s: float = 0
    memory: int = 0


class Pulse:
    """The lease as a sign of life; `fate` is the verdict once `watch` has cancelled its scope.

    `stopped` tells whether the worker is held, `begun` is called at its first renewal.
    """

    def __init__(
        self,
        store: Runs,
        job: Job,
        limits: Limits,
        *,
        stopped: Callable[[], bool],
        begun: Callable[[], None],
    ) -> None:
        self.fate = Fate()
        self._begun: Callable[[], None] | None = begun
        self._store = store
        self._limits = limits
        self._stopped = stopped
        self._lease = job.lease
        self._ttl_s = job.ttl_s
        self._born = self._began = self._since = self._beat = anyio.current_time()
        self._seen: str | None = None
        self._suspected = False
        self._left_at: float | None = None
        self._asked_at: float | None = None

    async def watch(self, scope: anyio.CancelScope) -> None:
        """Look until there is a verdict, then cancel `scope`."""
        while True:
            beat = self._ttl_s / BEATS_A_LIFE
            # Others wait for their turn to start: its beginning should be seen at once.
            await anyio.sleep(min(START_LOOK_S, beat) if self._begun else beat)
            try:
                fate = await self._look()
            except LOST:
                fate = Fate()
            except StoreError:
                fate = self._blind()
            if fate is not None:
                self.fate = fate
                scope.cancel()
                return

    async def _look(self) -> Fate | None:
        session = await self._store.session(self._lease.session_id)
        if session.status.terminal:
            return self._leaving()
        if session.generation != self._lease.generation:
            return Fate()
        age, life = anyio.current_time() - self._born, self._limits.life_s
        if life and age > life:
            return _hung("the worker outlived its deadline", age, tipo="tempo_esgotado")
        if session.wish is Wish.CANCEL:
            return self._cancelling()
        if session.pid is None:
            return await self._starting()
        if self._begun is not None:
            self._begun()
            self._begun = None
        return await self._beating(session)

    def _leaving(self) -> Fate | None:
        now = anyio.current_time()
        self._left_at = self._left_at or now
        return Fate() if now - self._left_at > LEAVE_S else None

    def _cancelling(self) -> Fate | None:
        now = anyio.current_time()
        self._asked_at = self._asked_at or now
        passed = now - self._asked_at
        if passed <= CANCEL_S:
            return None
        # What is stopped may hold the database's lock: then it is killed first.
        detail = {"causa": "the worker did not obey", "segundos": round(passed, 1)}
        return Fate(tipo="cancelado", hung=self._stopped(), detail=detail)

    def _blind(self) -> Fate | None:
        # Nobody can renew now, nor begin, so that it is not done is no sign of death.
        now = anyio.current_time()
        self._since, self._began, self._suspected = now, now, False
        passed = now - self._beat
        return _hung("the database was not to be had", passed) if passed > GIVE_UP_S else None

    async def _starting(self) -> Fate | None:
        passed = anyio.current_time() - self._began
        held = passed > self._ttl_s * SUSPICION and self._stopped()
        if anyio.current_time() - self._since < self._ttl_s / BEATS_A_LIFE:
            return None
        if not held:
            # Before the verdict: on a full disk a worker cannot begin, either.
            await self._store.renew(self._lease, ttl_s=self._ttl_s)
        if held or passed > START_S:
            return _hung("the worker never began", passed)
        self._since = anyio.current_time()
        return None

    async def _beating(self, session: Session) -> Fate | None:
        now = anyio.current_time()
        if session.lease_until != self._seen:
            self._seen, self._since, self._suspected = session.lease_until, now, False
            self._beat = now
            return None
        if now - self._since < self._ttl_s * SUSPICION:
            return None
        if self._stopped():
            return _hung("the worker is stopped", now - self._beat)
        if self._suspected:
            return _hung("the worker renews its lease no more", now - self._beat)
        await self._store.renew(self._lease, ttl_s=self._ttl_s)
        self._seen = (await self._store.session(self._lease.session_id)).lease_until
        self._since, self._suspected = anyio.current_time(), True
        return None


def _hung(cause: str, seconds: float, *, tipo: str = "robo_parado") -> Fate:
    detail = {"causa": cause, "segundos": round(seconds, 1)}
    return Fate(tipo=tipo, hung=True, detail=detail)
