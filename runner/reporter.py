"""The reporter: a flow's words become durable events, under a lease.

1. One lock: an event of the flow and the ending that a watch writes never overtake each other, and
   `dados_enviados` is read at the moment of writing, not when somebody decided to write.
2. After an ending, or once one is on its way, the flow's late words are refused with `Ended`: a
   browser that takes long to close cannot speak behind the last event.
3. A database that is locked or full for a while loses nothing: nothing was written when an append
   raises, so it is simply said again, with growing pauses, while the lease lives.
4. `percentual` goes by the screens' weights (linear in screens where none are known), never falls,
   and stays below 100: only a result is 100.
5. `restante_s` is a range that only narrows while it holds (`runner/lesson.py`).
6. A run that is begun again says so: from then on its events carry `tentativa`.
7. A run pauses on entering a screen, the one moment at which nothing of it is half done; the time
   that it rests is no part of its own.
"""

from __future__ import annotations

import random
import re
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import anyio
import structlog

from db.errors import Ended, StoreBusy, StoreError, StoreFull
from db.events import EventType, Phase, Status
from db.store import Lease, Runs
from runner.failure import Failure
from runner.lesson import Forecast, Weights

# How long an event waits for a locked or full database: longer than a backup or a checkpoint takes,
# far shorter than a run.
PATIENCE_S = 30.0
# From almost at once (another writer's transaction) to once in a while (a full disk).
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
# Only a result is 100.
HIGHEST = 99.0
# The innermost frames tell where it broke; a deep recursion must not fill the event.
FRAMES_KEPT = 12
# Where a flow called what broke is told, not the inside of these.
LIBRARIES = frozenset({"playwright", "anyio", "asyncio"})

FIRST_SCREEN = "0"
PAUSING_MESSAGE = "A cotação vai fazer uma pausa no próximo passo."
PAUSED_MESSAGE = "A cotação está em pausa. Já continuamos daqui."
RESUMED_MESSAGE = "Voltamos! A cotação continua."
SUBMITTED = {"dados_enviados": True}

log = structlog.get_logger()

Answer = TypeVar("Answer")


class Reporter:
    """The `Report` of one session: `total` numbered screens, written to `store` under `lease`.

    `percentual` is where the visitor's bar stands already.

    Every verb raises Fenced or Ended when this lease may not write any more, and StoreBusy or
    StoreFull when the database was not to be had for `patience_s` seconds.
    """

    def __init__(
        self,
        store: Runs,
        lease: Lease,
        *,
        total: int,
        percentual: float = 0.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._store = store
        self._lease = lease
        self._total = total
        self._patience_s = patience_s
        self._lock = anyio.Lock()
        self._weights, self._forecast = Weights({}), Forecast({})
        self._etapa, self._titulo = FIRST_SCREEN, ""
        self._percent = percentual
        self._attempt = 1
        # Set as soon as the run may go on; None while nobody wants it to rest.
        self._go_on: anyio.Event | None = None
        self._resting_since: float | None = None
        self._rested_s = 0.0
        self._entered_at = anyio.current_time()
        self._submitted = self._spoken = self._closing = self._ended = False
        self._last_at = anyio.current_time()

    @property
    def ended(self) -> bool:
        """Whether a terminal event was written."""
        return self._ended

    @property
    def spoken(self) -> bool:
        """Whether any event was written."""
        return self._spoken

    @property
    def last_at(self) -> float:
        """When the last event was written, in `anyio.current_time()`; now, while it rests."""
        return self._last_at if self._resting_since is None else anyio.current_time()

    @property
    def rested_s(self) -> float:
        """How long the run has been resting in all."""
        since = self._resting_since
        return self._rested_s + (0.0 if since is None else anyio.current_time() - since)

    async def pause(self) -> None:
        """Rest on entering the next screen, until `resume`; say so now, once."""
        if self._go_on is not None:
            return
        self._go_on = anyio.Event()
        if self._etapa != FIRST_SCREEN:
            await self._progress(Phase.NOTICE, PAUSING_MESSAGE)

    def resume(self) -> None:
        """Go on; nothing happens where no pause was wished."""
        if self._go_on is not None:
            self._go_on.set()
            self._go_on = None

    @property
    def submitted(self) -> bool:
        """Whether anything irreversible was announced."""
        return self._submitted

    def learn(self, weights: Weights, forecast: Forecast) -> None:
        """From now on the percentage and the remaining time go by these."""
        self._weights, self._forecast = weights, forecast

    async def again(self, attempt: int, mensagem: str) -> None:
        """The run begins once more: its `attempt`-th time, from the first screen."""
        self._attempt = attempt
        self._forecast.forget()
        await self._progress(Phase.NOTICE, mensagem)

    async def entered(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The screen `etapa` is on view."""
        self._etapa, self._titulo = etapa, titulo
        self._entered_at = anyio.current_time()
        # From here on, what this flow has to log is about this screen.
        structlog.contextvars.bind_contextvars(screen=etapa)
        self._forecast.entered(etapa, self._entered_at)
        self._advance(seconds=0)
        await self._progress(Phase.ENTERED, mensagem)
        if self._go_on is not None:
            await self._rest(self._go_on)

    async def done(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The screen `etapa` was answered and left."""
        self._leave(etapa, titulo)
        log.info("screen done", seconds=round(anyio.current_time() - self._entered_at, 2))
        await self._progress(Phase.DONE, mensagem)

    async def skipped(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The optional screen `etapa` did not come."""
        self._leave(etapa, titulo)
        await self._progress(Phase.SKIPPED, mensagem)

    async def notice(self, mensagem: str, *, restante_s: tuple[int, int] | None = None) -> None:
        """Something worth saying within the current screen."""
        now = anyio.current_time()
        self._advance(seconds=now - self._entered_at)
        if restante_s is not None:
            self._forecast.hear(restante_s, now)
        await self._progress(Phase.NOTICE, mensagem)

    async def submitting(self, mensagem: str) -> None:
        """From the event that this writes on, `dados_enviados` is true."""
        await self._progress(Phase.NOTICE, mensagem, submitting=True)

    async def estimate(self, data: Mapping[str, Any]) -> None:
        """The first estimate; screen and time are added where `data` does not tell them."""
        own = {"etapa": self._etapa, "capturado_em": _now()}
        await self._say(EventType.ESTIMATE, lambda: {**own, **data})

    async def result(self, data: Mapping[str, Any]) -> None:
        """The ending that is not an error."""
        await self._say(EventType.RESULT, lambda: dict(data))

    async def hush(self) -> bool:
        """Nothing but an ending is written from now on; whether anything was written before.

        What is being written at this moment is waited for: it counts.
        """
        self._closing = True
        async with self._lock:
            return self._spoken

    async def fail(self, failure: Failure) -> None:
        """The ending that is an error; does nothing where an ending was already written."""
        self._closing = True
        async with self._lock:
            if self._ended:
                return
            data = failure.data(etapa=self._etapa, dados_enviados=self._submitted)
            await self._append(EventType.ERROR, data, failure.detail or None)

    async def _rest(self, go_on: anyio.Event) -> None:
        self._forecast.forget()
        await self._progress(Phase.PAUSE, PAUSED_MESSAGE, status=Status.PAUSED)
        self._resting_since = anyio.current_time()
        try:
            await go_on.wait()
        finally:
            self._rested_s, self._resting_since = self.rested_s, None
        now = self._entered_at = anyio.current_time()
        self._forecast.entered(self._etapa, now)
        await self._progress(Phase.NOTICE, RESUMED_MESSAGE)

    def _leave(self, etapa: str, titulo: str) -> None:
        self._etapa, self._titulo = etapa, titulo
        self._advance()

    def _advance(self, *, seconds: float | None = None) -> None:
        """What has passed of the run: with the current screen, or `seconds` of it."""
        share = self._weights.passed(self._etapa, seconds=seconds)
        if share is None:
            if seconds is not None or not self._total:
                return
            share = _number(self._etapa) / self._total
        self._percent = max(self._percent, min(HIGHEST, round(share * 100, 1)))

    async def _progress(
        self,
        fase: Phase,
        mensagem: str,
        *,
        status: Status = Status.RUNNING,
        submitting: bool = False,
    ) -> None:
        def data() -> dict[str, Any]:
            told = progress(
                etapa=self._etapa,
                total=self._total,
                percentual=self._percent,
                fase=fase,
                titulo=self._titulo,
                mensagem=mensagem,
                status=status,
                restante_s=self._forecast.remains(anyio.current_time()),
            )
            if self._attempt > 1:
                told["tentativa"] = self._attempt
            return {**told, **SUBMITTED} if submitting or self._submitted else told

        await self._say(EventType.PROGRESS, data, submitting=submitting)

    async def _say(
        self, type: EventType, data: Callable[[], dict[str, Any]], *, submitting: bool = False
    ) -> None:
        if self._closing:
            raise Ended(self._lease.session_id)
        async with self._lock:
            if self._closing or self._ended:
                raise Ended(self._lease.session_id)
            await self._append(type, data(), None)
            # No await in between: what the log says and what an error will say are one.
            self._submitted = self._submitted or submitting

    async def _append(
        self, type: EventType, data: Mapping[str, Any], detail: Mapping[str, Any] | None
    ) -> None:
        event = await insist(
            lambda: self._store.append(self._lease, type, data, detail=detail),
            patience_s=self._patience_s,
        )
        self._last_at, self._spoken = anyio.current_time(), True
        self._ended = event.status is not None


def progress(
    *,
    etapa: str,
    total: int,
    percentual: float,
    fase: Phase,
    titulo: str,
    mensagem: str,
    status: Status = Status.RUNNING,
    restante_s: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """The data of a claimed session's progress event, in the contract's shape."""
    return {
        "etapa": etapa,
        "etapa_atual": _number(etapa),
        "total_etapas": total,
        "percentual": percentual,
        "status": status,
        "fase": fase,
        "titulo": titulo,
        "mensagem": mensagem,
        "restante_s": list(restante_s) if restante_s else None,
    }


async def insist(
    call: Callable[[], Awaitable[Answer]],
    *,
    patience_s: float,
    against: tuple[type[StoreError], ...] = (StoreBusy, StoreFull),
    save: tuple[type[StoreError], ...] = (),
) -> Answer:
    """The answer of `call`, tried again after each of the errors `against` with growing pauses.

    Raises the last of them once `patience_s` seconds have passed; those of `save` and any other
    error at once.
    """
    deadline, pause = anyio.current_time() + patience_s, FIRST_PAUSE_S
    while True:
        try:
            return await call()
        except save:
            raise
        except against:
            if anyio.current_time() >= deadline:
                raise
        # Jitter: all sessions of a runner wait for the same lock.
        await anyio.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(pause * 2, LONGEST_PAUSE_S)


def blame(error: BaseException) -> dict[str, Any]:
    """What an operator may see of an exception: types and places in the code, never a message.

    A message quotes what was worked on ("could not convert 'Maria'"); so would local variables.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    chain = list(_chain(error))
    every = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in every if not LIBRARIES & set(Path(frame.filename).parts)]
    frames = (own or every)[-FRAMES_KEPT:]
    return {
        "erro": " < ".join(type(item).__name__ for item in chain),
        "onde": [f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
    }


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or hidden


def _place(filename: str) -> str:
    # The last parts name the module; the rest is somebody's home folder.
    return "/".join(Path(filename).parts[-3:])


def _number(etapa: str) -> int:
    found = re.match(r"\d+", etapa)
    return int(found[0]) if found else 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
