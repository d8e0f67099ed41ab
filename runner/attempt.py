"""One attempt at a session: the worker's life seen from outside, and the ending it could not write.

1. A death is noticed by its exit, at once. A hang (a stopped process, a blocked loop) is noticed by
   a lease that nobody renews: changes of `lease_until` against this process's own steady clock, so
   that no jump of the wall clock kills a healthy run.
2. Nobody is called hung while the database may be the one to blame: before the verdict the
   supervisor renews the lease itself, which proves that writing is possible, and waits once more.
   Only a worker that is seen to be stopped needs no proof.
3. Of a dead worker nothing acts: its session is fenced and ended at once, and the leftovers are
   swept up afterwards. A hung one could wake up and go on clicking, so it is killed before its
   ending is told; and before it is fenced, since a worker that was stopped in the middle of a
   commit holds the very lock that the fence needs (seen in a test). A healthy one that has to go
   is fenced first and then asked to leave.
4. `dados_enviados` and the screen come from the log, the only thing that both processes share.
5. Until the worker's first renewal the supervisor keeps the lease: a start is slow, not hung, where
   twenty begin at the same time.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog

from db.errors import Ended, EventRefused, Fenced, StoreError, UnknownSession
from db.events import EventType
from db.snapshot import Snapshot, step
from db.store import PAGE, Lease, Runs, Session, Wish
from runner.failure import Failure
from runner.process import Child, Job
from runner.reporter import FIRST_SCREEN, PATIENCE_S, insist

# How often the lease is looked at; a tenth of its life.
BEATS_A_LIFE = 10
# Half a lease without renewal is a suspicion, another half after the proof is a verdict.
SUSPICION = 0.5
# Interpreter and imports of many workers on few cores; beyond this a start is a hang.
START_S = 20.0
# By then no flow waits any more for a database that stayed locked: its own worker may be the one
# that holds the lock.
GIVE_UP_S = 2 * PATIENCE_S
# A worker that wrote its ending closes a browser; then it has to go.
LEAVE_S = 10.0
# The tree of a run grows at its beginning, when the browser opens; looking costs some 5 ms.
FIRST_LOOK_S, LAST_LOOK_S = 1.0, 15.0
# What remains to be done when the runner itself is being stopped.
FAREWELL_S = 6.0
# An ending is never given up while its lease is ours.
FOR_EVER = float("inf")

LOST = (Fenced, Ended, UnknownSession)
FINAL = (*LOST, EventRefused)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Why a worker's time is over. `tipo` None: there is nothing to write."""

    tipo: str | None = None
    hung: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)


class Attempt:
    """One worker process for one session, held under `lease`."""

    def __init__(
        self,
        store: Runs,
        job: Job,
        *,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._job = job
        self._command = command
        self._environment = environment

    async def run(self) -> None:
        """Run the worker; on return the session has ended, or belongs to somebody else.

        Cancelled, it ends the session with `robo_interrompido` first.
        """
        lease = self._job.lease
        try:
            async with Child(self._command, self._job, environment=self._environment) as child:
                await self._accompany(child)
        except OSError as error:
            detail = {"causa": "the worker did not start", "erro": type(error).__name__}
            await conclude(self._store, lease, "robo_interrompido", detail)

    async def _accompany(self, child: Child) -> None:
        try:
            fate = await self._watch(child)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(FAREWELL_S, shield=True):
                cause = {"causa": "the runner was stopped"}
                await self._end(child, Fate(tipo="robo_interrompido", detail=cause))
            raise
        await self._end(child, fate)

    async def _watch(self, child: Child) -> Fate:
        pulse = Pulse(self._store, self._job, lambda: child.stopped)
        async with anyio.create_task_group() as group:
            group.start_soon(pulse.watch, group.cancel_scope)
            group.start_soon(_note_family, child)
            code = await child.wait()
            pulse.fate = Fate(tipo="robo_interrompido", detail=_exit(code))
            group.cancel_scope.cancel()
        return pulse.fate

    async def _end(self, child: Child, fate: Fate) -> None:
        if fate.hung:
            await child.end_worker()
        lease = await _fence(self._store, self._job) if fate.tipo else None
        if lease is None or fate.tipo is None:
            await child.kill()
            return
        if child.running:
            await child.kill()
        session_id = self._job.session_id
        log.warning("worker ended for it", session=session_id, tipo=fate.tipo, **fate.detail)
        detail = {**fate.detail, "pid": child.pid, "stderr": await child.tail()}
        await conclude(self._store, lease, fate.tipo, detail)
        await child.kill()


class Pulse:
    """The lease as a sign of life; `fate` is the verdict once `watch` has cancelled its scope."""

    def __init__(self, store: Runs, job: Job, stopped: Callable[[], bool]) -> None:
        self.fate = Fate()
        self._store = store
        self._stopped = stopped
        self._lease = job.lease
        self._ttl_s = job.ttl_s
        self._began = self._since = self._beat = anyio.current_time()
        self._seen: str | None = None
        self._suspected = False
        self._left_at: float | None = None

    async def watch(self, scope: anyio.CancelScope) -> None:
        """Look until there is a verdict, then cancel `scope`."""
        while True:
            await anyio.sleep(self._ttl_s / BEATS_A_LIFE)
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
        if session.pid is None:
            return await self._starting()
        return await self._beating(session)

    def _leaving(self) -> Fate | None:
        now = anyio.current_time()
        self._left_at = self._left_at or now
        return Fate() if now - self._left_at > LEAVE_S else None

    def _blind(self) -> Fate | None:
        # Nobody can renew now, nor begin, so that it is not done is no sign of death.
        now = anyio.current_time()
        self._since, self._began, self._suspected = now, now, False
        passed = now - self._beat
        return _hung("the database was not to be had", passed) if passed > GIVE_UP_S else None

    async def _starting(self) -> Fate | None:
        passed = anyio.current_time() - self._began
        held = passed > self._ttl_s * SUSPICION and self._stopped()
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


async def conclude(
    store: Runs, lease: Lease, tipo: str, detail: Mapping[str, Any] | None = None
) -> None:
    """End the session with the failure `tipo`, as true as the log allows.

    It keeps trying while the lease is ours; who asked to cancel is told that it was cancelled.
    """

    async def write() -> None:
        session = await store.session(lease.session_id)
        picture = await history(store, lease.session_id)
        wished = session.wish is Wish.CANCEL
        failure = Failure("cancelado" if wished else tipo, detail=detail)
        data = failure.data(picture.etapa or FIRST_SCREEN, picture.submitted)
        await store.append(lease, EventType.ERROR, data, detail=failure.detail or None)

    await _insist_while_ours(write)


async def history(store: Runs, session_id: str) -> Snapshot:
    """The fold of everything that the session's log holds."""
    picture = Snapshot()
    while events := await store.events(session_id, after=picture.cursor, limit=PAGE):
        for event in events:
            picture = step(picture, event)
    return picture


async def _fence(store: Runs, job: Job) -> Lease | None:
    """The next generation, or None if the session ended or somebody else took it."""
    fenced: list[Lease] = []

    async def fence() -> None:
        lease = await store.fence(
            job.session_id, job.owner, ttl_s=job.ttl_s, generation=job.generation
        )
        fenced.append(lease)

    await _insist_while_ours(fence)
    return fenced[-1] if fenced else None


async def _insist_while_ours(write: Callable[[], Awaitable[None]]) -> None:
    # A refused event would be refused again; every other trouble passes, or the lease is lost.
    with suppress(*FINAL):
        await insist(write, patience_s=FOR_EVER, against=(StoreError,), save=FINAL)


async def _note_family(child: Child) -> None:
    pause = FIRST_LOOK_S
    while True:
        await anyio.sleep(pause)
        await child.note_family()
        pause = min(pause * 2, LAST_LOOK_S)


def _hung(cause: str, seconds: float) -> Fate:
    detail = {"causa": cause, "segundos": round(seconds, 1)}
    return Fate(tipo="robo_parado", hung=True, detail=detail)


def _exit(code: int) -> dict[str, Any]:
    if code >= 0:
        return {"saida": code}
    try:
        return {"sinal": signal.Signals(-code).name}
    except ValueError:
        return {"sinal": str(-code)}
