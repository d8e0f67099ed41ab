"""The supervisor: claims sessions, gives each to a worker process, and sees every one to its end.

1. It never loads Playwright, nor a flow: a browser's fate is not the parent's.
2. Looking for work costs next to nothing: a version number, many times a second; a real claim only
   when that changed, and now and then for the leases that run out in silence.
3. One session's trouble stays its own: each has a task, whose top catches what is left. Such a
   session's lease runs out, and the next claim ends it truthfully.
4. Who has to be told the end (a cancelled one, one whose runner died) needs no place: it is claimed
   though every place is taken.
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
from functools import partial
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup

from db.errors import StoreError
from db.events import EventType
from db.snapshot import Snapshot
from db.store import Lease, Runs, Session
from runner.attempt import Attempt
from runner.automation import Automation
from runner.ending import FINAL, LOST, conclude, history, waits
from runner.flow import Site
from runner.job import TTL_S, Job, Warmup
from runner.learner import Learner
from runner.process import Child
from runner.pulse import Limits
from runner.reception import beginning, refusal
from runner.reporter import PATIENCE_S, blame, insist
from runner.spare import Spares
from runner.teller import Teller
from runner.worker import PAUSE_S

# A visitor waits from the first moment: look 25 times a second, in a tenth of a millisecond each.
LOOK_S = 0.04
# A lease that runs out changes no version, so a claim is tried at this pace in any case.
CLAIM_S = 0.5
# Workers that may be starting at the same time: half a second of a core each. A hundred that begin
# together would keep everybody waiting, the service included.
STARTS = max(2, os.cpu_count() or 1)
# While the store is in trouble: soon at first, and never longer than a visitor would notice.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
# Running sessions get this long once the runner has to stop, unless told otherwise.
STOP_GRACE_S = 8.0
# A worker ends itself at its deadline; this much later it has lost the power to do so.
OVERTIME_S = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What every worker is told beside its session: database URL, site with account, browser.

    `environment` is a worker's whole environment, so that no secret of this process is inherited;
    None hands on this process's own.
    `memory` is how many resident bytes a worker may use with its browser; 0: any.
    """

    database: str
    site: Site = field(repr=False)
    chromium: str = ""
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    memory: int = 0


class Supervisor:
    """Runs the sessions of `queues`, at most `capacity` at the same time.

    `command` starts a worker (`andamento.worker`), `unseal` opens a session's answers and may raise
    anything. With `orphans` it also ends sessions of other queues whose runner died (that of a
    `quote` in the foreground, say). `spares` workers are kept ready, as far as places are free.
    `ttl_s` is the life of a lease, `grace_s` what running sessions get after `stop`.
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
        spares: int = 0,
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
        served = [one for one in automations.values() if one.queue in self._queues]
        self._limits = {one.name: one.limit for one in served if one.limit is not None}
        # By lease, not by session: a session may come back while its last task is still tidying up.
        self._leases: set[Lease] = set()
        # Those of them that have a place; who only has to be ended needs none.
        self._placed: set[Lease] = set()
        # Of these, whose process is not chosen yet.
        self._unmanned: set[Lease] = set()
        # Those whose worker has not begun yet.
        self._starting: set[Lease] = set()
        self._leaving = anyio.Event()
        self._learner = Learner(store, automations)
        self._teller = Teller(store, queues, self._learner.lesson, automations.get)
        flows = tuple(one.flow for one in served if one.browser)
        self._spares = self._crew(spares, flows)
        self._version: int | None = None
        self._next_claim = 0.0
        self._trouble: str | None = None
        self._pause = FIRST_PAUSE_S
        self._last_look = time.time()
        self._late = False
        self._hold_until = 0.0

    async def run(self, stop: anyio.Event) -> None:
        """Work until `stop` is set; then what runs gets its grace, goes back, or is ended."""
        log.info("runner started", owner=self.owner, queues=self._queues, capacity=self._capacity)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group, anyio.create_task_group() as beside:
                for companion in (self._learner, self._teller, self._spares):
                    beside.start_soon(companion.run)
                try:
                    await self._claim_until(stop, group)
                finally:
                    self._leaving.set()
                scope.deadline = anyio.current_time() + self._grace_s
                log.info("runner stopping", owner=self.owner, running=len(self._leases))
                beside.cancel_scope.cancel()
        log.info("runner stopped", owner=self.owner)

    def _crew(self, count: int, flows: tuple[str, ...]) -> Spares:
        return Spares(
            self._child,
            Warmup(chromium=self._workplace.chromium, flows=flows),
            count=count if flows else 0,
            free=lambda: self._free,
            coming=lambda: len(self._unmanned),
        )

    @property
    def _free(self) -> int:
        return self._capacity - len(self._placed)

    @property
    def _has_room(self) -> bool:
        return self._free > 0 and len(self._starting) < STARTS

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
        version = await self._store.version()
        # With every place taken, only what has to be ended is looked for.
        if now < self._next_claim and (version == self._version or not self._has_room):
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
        room = self._has_room
        # Shielded: a session that is claimed must find its task.
        with anyio.CancelScope(shield=True):
            found = await self._store.claim(
                self.owner,
                queues=self._queues,
                ttl_s=self._ttl_s,
                orphans=self._orphans,
                limits=self._limits,
                room=room,
            )
        if found is None:
            return False
        session, lease = found
        self._leases.add(lease)
        if room:
            self._placed.add(lease)
            self._unmanned.add(lease)
            self._starting.add(lease)
        group.start_soon(self._attend, session, lease)
        return True

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
            self._placed.discard(lease)
            self._unmanned.discard(lease)
            self._begun(lease)

    def _begun(self, lease: Lease) -> None:
        self._starting.discard(lease)
        # There may be room: look at once, though no version may have changed.
        self._next_claim = 0.0

    async def _run(self, session: Session, lease: Lease) -> None:
        known = log.bind(session=session.id, generation=lease.generation)
        picture = await self._picture(session)
        refused = refusal(
            session, picture, automations=self._automations.keys(), queues=self._queues
        )
        if refused is not None:
            tipo, detail = refused
            known.warning("session ended without a worker", tipo=tipo, **detail)
            await conclude(self._store, lease, tipo, detail)
            return
        if lease not in self._placed:
            # It may begin again, but not here and now.
            with suppress(*LOST):
                await insist(lambda: self._store.release(lease), patience_s=PATIENCE_S)
            return
        try:
            answers = self._unseal(session)
            automation = self._automations[session.automation]
            data = beginning(automation, session, answers, picture)
        except Exception as error:
            known.error("session's answers are unreadable", **blame(error))
            detail = {"causa": "unreadable answers", **blame(error)}
            await conclude(self._store, lease, "interno", detail)
            return
        if not waits(picture) or await self._begin(lease, data):
            await self._attempt(session, lease, answers, picture.percentual).run()
            known.info("session left")

    async def _picture(self, session: Session) -> Snapshot:
        if not session.last_seq:
            return Snapshot()
        return await insist(lambda: history(self._store, session.id), patience_s=PATIENCE_S)

    async def _begin(self, lease: Lease, data: Mapping[str, Any]) -> bool:
        """Tell the visitor that it begins; False if the session is not ours any more."""
        try:
            await insist(
                lambda: self._store.append(lease, EventType.PROGRESS, data), patience_s=PATIENCE_S
            )
        except FINAL:
            return False
        return True

    def _attempt(
        self, session: Session, lease: Lease, answers: Mapping[str, Any], percentual: float
    ) -> Attempt:
        automation = self._automations[session.automation]
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
            percentual=percentual,
            ttl_s=self._ttl_s,
        )
        ready = self._spares.take() if automation.browser else None
        self._unmanned.discard(lease)
        return Attempt(
            self._store,
            job,
            ready or self._child(),
            limits=Limits(
                life_s=automation.deadline_s + PAUSE_S + OVERTIME_S, memory=self._workplace.memory
            ),
            begun=partial(self._begun, lease),
            leaving=self._leaving,
            grace_s=self._grace_s,
            # Who serves one queue alone leaves nobody behind to serve it.
            gives_back=self._orphans,
        )

    def _child(self) -> Child:
        return Child(self._command, environment=self._workplace.environment)
