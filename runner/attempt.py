"""One attempt at a session: the worker's life seen from outside, and what follows from its end.

1. A death is noticed by its exit, at once; a hang, a lifetime or a memory that is used up by
   `runner/pulse.py`.
2. Of a dead worker nothing acts: its session is fenced and ended at once, and the leftovers are
   swept up afterwards. A hung one could wake up and go on clicking, so it is killed before its
   ending is told; and before it is fenced, since a worker that was stopped in the middle of a
   commit holds the very lock that the fence needs (seen in a test). A healthy one that has to go
   is fenced first and then asked to leave.
3. When the runner has to leave, what has submitted nothing goes back to the queue at once, unless
   it is about to end; the others get the runner's grace, and after it a truthful ending. Being
   fenced first decides it: a step that cannot be taken back is told before it is taken, or refused.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
import structlog

from db.errors import StoreError
from db.store import Runs
from runner.ending import conclude, fence, give_back, history
from runner.job import Job
from runner.process import Child, exit_of
from runner.pulse import Fate, Limits, Pulse

# The tree of a run grows at its beginning, when the browser opens; looking costs some 5 ms.
FIRST_LOOK_S, LAST_LOOK_S = 1.0, 10.0
# What remains to be done when the runner itself is being stopped.
FAREWELL_S = 6.0
STOPPED = {"causa": "the runner was stopped"}
# What a worker's line may be, and what only the supervisor says of it.
LEVELS = frozenset({"debug", "info", "warning", "error"})
OWN_FIELDS = frozenset({"self", "session", "generation", "timestamp"})

log = structlog.get_logger()


class Attempt:
    """The life of `child`, which works on `job`; `begun` is called once it does.

    Once `leaving` is set, the runner waits for no more than `grace_s` seconds. `gives_back`:
    whether there will be another runner for what was not begun in earnest.
    """

    def __init__(
        self,
        store: Runs,
        job: Job,
        child: Child,
        *,
        limits: Limits,
        begun: Callable[[], None],
        leaving: anyio.Event,
        grace_s: float,
        gives_back: bool = True,
    ) -> None:
        self._store = store
        self._job = job
        self._child = child
        self._limits = limits
        self._begun = begun
        self._leaving = leaving
        self._grace_s = grace_s
        self._gives_back = gives_back
        self._log = log.bind(session=job.session_id, generation=job.generation)

    async def run(self) -> None:
        """Run the worker; on return the session has ended, or belongs to somebody else.

        Cancelled, it puts the session in order first: back into the queue, or to its end.
        """
        try:
            async with self._child:
                await self._accompany()
        except OSError as error:
            detail = {"causa": "the worker did not start", "erro": type(error).__name__}
            await conclude(self._store, self._job.lease, "robo_interrompido", detail)

    async def _accompany(self) -> None:
        child, runner = self._child, self._job.owner
        self._log.info("worker started", pid=child.pid, runner=runner, warm=child.warmed)
        fate = self._stopped()
        try:
            await child.give(self._job, self._hear)
            fate = await self._watch()
        finally:
            # Whatever cancels this: the session is put in order first.
            with anyio.CancelScope(shield=True) as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._hurry, scope)
                    await self._end(fate)
                    group.cancel_scope.cancel()

    async def _hurry(self, scope: anyio.CancelScope) -> None:
        # A runner that stays waits for the database as long as it takes.
        await self._leaving.wait()
        await anyio.sleep(FAREWELL_S)
        scope.cancel()

    def _stopped(self) -> Fate:
        # A worker that is held may hold the database's lock as well: it is killed first.
        held = self._child.stopped
        return Fate(tipo="robo_interrompido", hung=held, again=self._gives_back, detail=STOPPED)

    async def _watch(self) -> Fate:
        child = self._child
        pulse = Pulse(
            self._store,
            self._job,
            self._limits,
            stopped=lambda: child.stopped,
            begun=self._begun,
        )
        async with anyio.create_task_group() as group:
            group.start_soon(pulse.watch, group.cancel_scope)
            group.start_soon(self._look, pulse, group.cancel_scope)
            group.start_soon(self._leave, pulse, group.cancel_scope)
            code = await child.wait()
            self._log.info("worker left", **exit_of(code))
            pulse.fate = Fate(tipo="robo_interrompido", detail=exit_of(code))
            group.cancel_scope.cancel()
        return pulse.fate

    async def _look(self, pulse: Pulse, scope: anyio.CancelScope) -> None:
        """Note the family, and what it has grown to."""
        pause, limit = FIRST_LOOK_S, self._limits.memory
        while True:
            await anyio.sleep(pause)
            await self._child.note_family()
            if limit and (bytes_ := await self._child.memory(limit)):
                # Killed first: on a database in trouble it would go on growing.
                detail = {"mb": bytes_ >> 20}
                pulse.fate = Fate(tipo="memoria_esgotada", hung=True, detail=detail)
                scope.cancel()
            pause = min(pause * 2, LAST_LOOK_S)

    async def _leave(self, pulse: Pulse, scope: anyio.CancelScope) -> None:
        await self._leaving.wait()
        try:
            picture = await history(self._store, self._job.session_id)
        except StoreError:
            return  # The end of the grace will decide.
        remains = picture.restante_s
        ending = picture.status.terminal or (bool(remains) and remains[1] <= self._grace_s)
        if self._gives_back and not picture.submitted and not ending:
            pulse.fate = self._stopped()
            scope.cancel()

    async def _end(self, fate: Fate) -> None:
        child = self._child
        if fate.hung:
            await child.end_worker()
        lease = await fence(self._store, self._job) if fate.tipo else None
        if lease is None or fate.tipo is None:
            await child.kill()
            return
        if child.running:
            await child.kill()
        if fate.again and await give_back(self._store, lease):
            self._log.info("session given back", **fate.detail)
            return
        self._log.warning("session ended for its worker", tipo=fate.tipo, **fate.detail)
        detail = {**fate.detail, "pid": child.pid, "stderr": await child.tail()}
        await conclude(self._store, lease, fate.tipo, detail)
        await child.kill()

    def _hear(self, line: dict[str, object]) -> None:
        """One line of the worker's log, in some thread."""
        level, said = str(line.pop("level", "")), str(line.pop("event", ""))
        fields = {name: value for name, value in line.items() if name not in OWN_FIELDS}
        speak = getattr(self._log.bind(**fields), level if level in LEVELS else "info")
        speak(said)
