"""The supervisor: claims sessions, gives each to a worker process, and sees every one to its end.

1. It never loads Playwright, nor a flow: a browser's fate is not the parent's.
2. Looking for work costs next to nothing: a version number, many times a second; a real claim only
   when that changed, and now and then for the leases that run out in silence.
3. One session's trouble stays its own: each has a task, whose top catches what is left. Such a
   session's lease runs out, and the next claim ends it truthfully.
4. A session of another runner that died is begun again only if nothing has happened in it yet, and
   not for ever: what kills its runner each time would kill this one too.
5. After a time in which nothing could be written (a locked database, a machine asleep) leases have
   run out through no fault. So the supervisor first prolongs those of its own workers and leaves
   the workers of other runners a moment to do the same; only then it claims again.
6. Only trouble that begins or ends is logged, never each of its moments.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup

from db.errors import StoreError
from db.events import EventType, Phase, Status
from db.store import Lease, Runs, Session, Wish
from runner.attempt import FINAL, LOST, Attempt, conclude
from runner.automation import Automation
from runner.flow import Site
from runner.learner import Learner
from runner.process import TTL_S, Job
from runner.reporter import FIRST_SCREEN, PATIENCE_S, blame, insist, progress

# A visitor waits from the first moment: look 25 times a second, in a tenth of a millisecond each.
LOOK_S = 0.04
# A lease that runs out changes no version, so a claim is tried at this pace in any case.
CLAIM_S = 0.5
# Of the sessions that wait while every place is taken; more would be turned away at the start.
WAITING_SEEN = 500
# While the store is in trouble: soon at first, and never longer than a visitor would notice.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
# Running sessions get this long once the runner has to stop; with the farewell of an attempt it
# stays below what `andamento up` and systemd wait.
STOP_GRACE_S = 8.0
# A session whose runner died this often before anything happened is not begun again.
ATTEMPTS = 3

BEGIN_MESSAGE = "Começamos! Estamos preparando tudo."
BEGIN_TITLE = "Preparação"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What every worker is told beside its session: database URL, site with account, browser.

    `environment` is a worker's whole environment, so that no secret of this process is inherited;
    None hands on this process's own.
    """

    database: str
    site: Site = field(repr=False)
    chromium: str = ""
    environment: Mapping[str, str] | None = field(default=None, repr=False)


class Supervisor:
    """Runs the sessions of `queues`, at most `capacity` at the same time.

    `command` starts a worker (`runner.worker`), `unseal` opens a session's answers and may raise
    anything. With `orphans` it also ends sessions of other queues whose runner died (that of a
    `quote` in the foreground, say). `ttl_s` is the life of a lease, `grace_s` what running sessions
    get after `stop`.
    """

    def __init__(
        self,
        *,
        store: Runs,
        automations: Mapping[str, Automation],
        queues: Sequence[str],
        capacity: int,
        command: Sequence[str],
        workplace: Workplace,
        unseal: Callable[[Session], Mapping[str, Any]],
        orphans: bool = True,
        ttl_s: float = TTL_S,
        grace_s: float = STOP_GRACE_S,
    ) -> None:
        self.owner = f"runner-{os.getpid()}-{secrets.token_hex(4)}"
        self._store = store
        self._automations = automations
        self._queues = list(queues)
        self._capacity = capacity
        self._command = list(command)
        self._workplace = workplace
        self._unseal = unseal
        self._orphans = orphans
        self._ttl_s = ttl_s
        self._grace_s = grace_s
        # By lease, not by session: a session may come back while its last task is still tidying up.
        self._leases: set[Lease] = set()
        self._learner = Learner(store, automations)
        self._version: int | None = None
        self._next_claim = 0.0
        self._trouble: str | None = None
        self._pause = FIRST_PAUSE_S
        self._last_look = time.time()
        self._late = False
        self._hold_until = 0.0

    async def run(self, stop: anyio.Event) -> None:
        """Work until `stop` is set, then give what runs its grace, and end what is left."""
        log.info("runner started", owner=self.owner, queues=self._queues, capacity=self._capacity)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                async with anyio.create_task_group() as beside:
                    beside.start_soon(self._learner.run)
                    await self._claim_until(stop, group)
                    beside.cancel_scope.cancel()
                scope.deadline = anyio.current_time() + self._grace_s
                log.info("runner stopping", owner=self.owner, running=len(self._leases))
        log.info("runner stopped", owner=self.owner)

    async def _claim_until(self, stop: anyio.Event, group: TaskGroup) -> None:
        while not stop.is_set():
            pause = LOOK_S
            try:
                if await self._look(group):
                    continue
            except StoreError as error:
                pause = self._note_trouble(error)
            with anyio.move_on_after(pause):
                await stop.wait()

    async def _look(self, group: TaskGroup) -> bool:
        """One look for work; True if there was some, and perhaps more."""
        now, wall = anyio.current_time(), time.time()
        # The wall clock, since leases are told in it: it also jumps, and runs while we sleep.
        self._late = self._late or abs(wall - self._last_look) > self._ttl_s / 2
        self._last_look = wall
        if self._late:
            await self._prolong()
        if self._late or now < self._hold_until:
            return False
        if len(self._leases) >= self._capacity:
            return await self._end_cancelled(group, now)
        version = await self._store.version()
        if version == self._version and now < self._next_claim:
            return False
        if now >= self._next_claim:
            await self._store.probe()
            self._next_claim = now + CLAIM_S
        found = await self._claim(group)
        # Only now: a claim that failed has to be tried again, whatever the version.
        self._version = version
        self._note_health()
        return found

    async def _claim(self, group: TaskGroup) -> bool:
        # Shielded: a session that is claimed must find its task.
        with anyio.CancelScope(shield=True):
            found = await self._store.claim(
                self.owner, queues=self._queues, ttl_s=self._ttl_s, orphans=self._orphans
            )
        if found is None:
            return False
        session, lease = found
        self._leases.add(lease)
        group.start_soon(self._attend, session, lease)
        return True

    async def _end_cancelled(self, group: TaskGroup, now: float) -> bool:
        """While there is no place free: who cancels a waiting session need not wait for one."""
        if now < self._next_claim:
            return False
        self._next_claim = now + CLAIM_S
        for session in await self._store.sessions(status=Status.QUEUED, limit=WAITING_SEEN):
            if session.wish is Wish.CANCEL and session.queue in self._queues:
                with suppress(*LOST):
                    lease = await self._store.fence(session.id, self.owner, ttl_s=self._ttl_s)
                    group.start_soon(self._attend, session, lease)
        return False

    async def _prolong(self) -> None:
        moment = self._ttl_s / 4
        self._late = False
        for lease in list(self._leases):
            began = anyio.current_time()
            with suppress(*LOST):
                await self._store.renew(lease, ttl_s=self._ttl_s)
            # A lease counts from before the wait for the lock: this one has to be prolonged again.
            self._late = self._late or anyio.current_time() - began > moment
        self._hold_until = anyio.current_time() + moment

    def _note_trouble(self, error: StoreError) -> float:
        """Log what is new about it; the seconds to wait before the next try."""
        self._late = True
        if self._trouble != error.code:
            self._trouble = error.code
            log.error("store in trouble, trying again", code=error.code, error=str(error))
        pause = self._pause * random.uniform(0.5, 1.5)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        return pause

    def _note_health(self) -> None:
        if self._trouble is not None:
            log.info("store is well again", was=self._trouble)
            self._trouble, self._pause = None, FIRST_PAUSE_S

    async def _attend(self, session: Session, lease: Lease) -> None:
        """The top of one session's task."""
        try:
            await self._run(session, lease)
        except Exception as error:
            log.error("session's task failed", session=session.id, **blame(error))
        finally:
            self._leases.discard(lease)
            # A place is free: look at once, though no version may have changed.
            self._next_claim = 0.0

    async def _run(self, session: Session, lease: Lease) -> None:
        refusal = self._refusal(session)
        if refusal is not None:
            tipo, detail = refusal
            log.warning("session ended without a worker", session=session.id, tipo=tipo, **detail)
            await conclude(self._store, lease, tipo, detail)
            return
        try:
            answers = self._unseal(session)
            beginning = _beginning(self._automations[session.automation], session, answers)
        except Exception as error:
            log.error("session's answers are unreadable", session=session.id, **blame(error))
            detail = {"causa": "unreadable answers", **blame(error)}
            await conclude(self._store, lease, "interno", detail)
            return
        if await self._begin(session, lease, beginning):
            log.info("session started", session=session.id, generation=lease.generation)
            await self._attempt(session, lease, answers).run()
            log.info("session left", session=session.id, generation=lease.generation)

    def _refusal(self, session: Session) -> tuple[str, dict[str, Any]] | None:
        if session.wish is Wish.CANCEL:
            return "cancelado", {"causa": "cancelled while it waited"}
        if session.automation not in self._automations:
            return "interno", {"causa": "unknown automation", "automacao": session.automation}
        # One event is our own first word; a second one means that a worker has spoken.
        if session.last_seq > 1 or session.queue not in self._queues:
            return "robo_interrompido", {"causa": "its runner is gone"}
        if session.generation > ATTEMPTS:
            return "robo_interrompido", {"causa": "its runners died", "vezes": session.generation}
        return None

    async def _begin(self, session: Session, lease: Lease, data: Mapping[str, Any]) -> bool:
        """Tell the visitor that it begins, once; False if the session is not ours any more."""
        if session.last_seq:
            return True
        try:
            await insist(
                lambda: self._store.append(lease, EventType.PROGRESS, data), patience_s=PATIENCE_S
            )
        except FINAL:
            return False
        return True

    def _attempt(self, session: Session, lease: Lease, answers: Mapping[str, Any]) -> Attempt:
        job = Job(
            session_id=session.id,
            generation=lease.generation,
            owner=lease.owner,
            automation=session.automation,
            answers=answers,
            database=self._workplace.database,
            site=self._workplace.site,
            chromium=self._workplace.chromium,
            lesson=self._learner.lesson(session.automation),
            ttl_s=self._ttl_s,
        )
        environment = self._workplace.environment
        return Attempt(self._store, job, command=self._command, environment=environment)


def _beginning(
    automation: Automation, session: Session, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """The data of a session's first event, which tells what was assumed in the visitor's place."""
    data = progress(
        etapa=FIRST_SCREEN,
        total=automation.screens(answers),
        percentual=0.0,
        fase=Phase.NOTICE,
        titulo=BEGIN_TITLE,
        mensagem=BEGIN_MESSAGE,
    )
    if assumed := automation.assumptions(answers, session.assumed):
        data["assumidas"] = assumed
    return data
