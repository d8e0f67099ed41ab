"""The worker: what the child process does for one session, and how it knows when to stop.

1. The flow runs beside its watches: one keeps the lease, one hears what is wished, one keeps the
   time. Whoever sees the end first cancels the flow and writes the ending at once; the flow's
   tidying up (a browser takes a while) is not waited for by the visitor.
2. A worker that lost its lease writes nothing more: the newer generation decides.
3. Whatever the flow raises becomes an ending. What is not a `Failure` is told by type and place
   only, for a message quotes the answers that were worked on.
4. What the site broke is tried once more from the start, with a fresh browser, while nothing of the
   visitor's was submitted; the visitor reads that it is.
5. When the supervisor is gone the worker goes too, with its browser. It says so in the log first,
   for the visitor should not wait until the lease runs out; where nothing has happened yet it gives
   the session back instead. `runner/lifeline.py` makes sure.
"""

from __future__ import annotations

import importlib
import os
import select
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import anyio
import structlog
from anyio.abc import TaskStatus

from db.errors import Ended, Fenced, StoreError, UnknownSession
from db.store import Lease, Runs, Wish
from runner.automation import Automation
from runner.failure import Failure
from runner.flow import Context, Site
from runner.job import TTL_S
from runner.lesson import NOTHING, Forecast, Lesson, weigh
from runner.lifeline import end_descendants
from runner.reporter import Reporter, blame
from runner.turn import Turns

# A paused run keeps its browser and its place; nobody should forget it for longer.
PAUSE_S = 30 * 60
# A fifth of the lease's life: four beats may fail before it runs out.
RENEW_S = 1.0
# Who cancels sees it at once; a look costs a tenth of a millisecond.
WISH_S = 0.15
# A site that failed twice in a row will fail the third time too; a person waits.
ATTEMPTS = 2
# Long enough for a site to come back from a hiccup.
AGAIN_S = 1.0
# The site's hiccups, and a browser that did not open. Not one that died in the middle: the visitor
# is told of that at once.
AGAIN = frozenset(
    {
        "navegador_nao_abriu",
        "tela_ausente",
        "erro_do_site",
        "site_fora_do_ar",
        "estimativa_incompleta",
    }
)
AGAIN_MESSAGE = "O site de cotação falhou. Estamos tentando mais uma vez, desde o começo."
BROWSER_AGAIN_MESSAGE = "Nosso navegador falhou. Estamos tentando mais uma vez, desde o começo."
TURN_MESSAGE = "Outra cotação está neste passo agora. A sua vem em seguida."
# This session is no longer ours to write.
LOST = (Fenced, Ended, UnknownSession)

log = structlog.get_logger()

Flow = Callable[[Context], Awaitable[None]]
PageOpener = Callable[[], AbstractAsyncContextManager[Any]]


async def work(
    *,
    store: Runs,
    lease: Lease,
    automation: Automation,
    answers: Mapping[str, Any],
    site: Site,
    page: PageOpener,
    lesson: Lesson = NOTHING,
    percentual: float = 0.0,
    ttl_s: float = TTL_S,
    lifeline: int | None = None,
) -> None:
    """Run one session to its ending, or until the lease is lost.

    `lesson` is what earlier runs have taught; `percentual` is where the visitor's bar stands.
    `lifeline` is the descriptor that becomes readable (closed) when the supervisor is gone.
    Raises StoreError (in a group) when the ending could not be written: then the supervisor does.
    """
    reporter = Reporter(store, lease, total=automation.screens(answers), percentual=percentual)
    attempt = _Run(store, lease, automation, reporter, ttl_s, lesson)
    turns = Turns(store, lease, lambda: reporter.notice(TURN_MESSAGE))
    context = Context(answers=answers, report=reporter, site=site, page=page, turn=turns.take)
    async with anyio.create_task_group() as group:
        # The first beat comes before the flow: a session cancelled meanwhile is not begun.
        await group.start(attempt.keep_lease)
        group.start_soon(attempt.keep_wishes)
        group.start_soon(attempt.keep_time)
        if lifeline is not None:
            # Before the flow as well: who starts without a supervisor does not begin.
            await group.start(attempt.keep_lifeline, lifeline)
        await attempt.run(context)
        group.cancel_scope.cancel()
    if attempt.orphaned:
        # Nobody is left to sweep up behind us.
        end_descendants()


def page_opener(chromium: str, witness: Any = None, warm: Any = None) -> PageOpener:
    """Opens a page of the browser `chromium` (empty: one that is found), loading it only then.

    `witness` (a `runner.browser.Witness`) is told of each page. The first page is one of `warm` (a
    `runner.browser.Browser` that is open) where there is one.
    """
    ready = [warm] if warm is not None else []

    def opened() -> AbstractAsyncContextManager[Any]:
        from runner.browser import open_page

        # Each at most once: what is tried again gets a fresh browser.
        browser = ready.pop() if ready else None
        return open_page(browser, executable=chromium or None, witness=witness)

    return opened


class _Run:
    def __init__(
        self,
        store: Runs,
        lease: Lease,
        automation: Automation,
        reporter: Reporter,
        ttl_s: float,
        lesson: Lesson,
    ) -> None:
        self._lesson = lesson
        self._store = store
        self._lease = lease
        self._automation = automation
        self._reporter = reporter
        self._ttl_s = ttl_s
        self.orphaned = False
        self._wish: Wish | None = None
        self._began = anyio.current_time()
        self._flow = anyio.CancelScope()

    async def run(self, context: Context) -> None:
        """The flow, to its end or until a watch stops it."""
        if self._flow.cancel_called:
            return
        ending: Failure | None = None
        with self._flow:
            ending = await self._try(context)
        # A watch has the word: what the flow says while being stopped is no cause.
        if ending is not None and not self._flow.cancel_called:
            await self._write(ending)

    async def _try(self, context: Context) -> Failure | None:
        """What the flow ended with, at its last attempt; None if the session is not ours."""
        for attempt in range(1, ATTEMPTS + 1):
            ending = await self._attempt(context)
            if self._reporter.ended:
                break
            if ending is not None:
                log.warning("flow failed", tipo=ending.tipo, attempt=attempt, **ending.detail)
            if ending is None or attempt == ATTEMPTS or not self._may_try_again(ending):
                break
            try:
                await self._reporter.again(attempt + 1, _again(ending))
            except Exception as error:
                return _ending(error)
            await anyio.sleep(AGAIN_S)
        return ending

    def _may_try_again(self, ending: Failure) -> bool:
        # A browser that was dead on arrival has done nothing yet: that is as if it had not opened.
        stillborn = ending.tipo == "navegador_caiu" and not self._reporter.spoken
        return not self._reporter.submitted and (stillborn or ending.tipo in AGAIN)

    async def _attempt(self, context: Context) -> Failure | None:
        try:
            flow = _load(self._automation.flow)
            weights = weigh(getattr(flow, "weights", {}), self._lesson.weights)
            self._reporter.learn(weights, Forecast(self._lesson.remaining))
            await flow(context)
        except Exception as error:
            return _ending(error)
        return Failure("robo_interrompido", detail={"causa": "the flow gave no result"})

    async def keep_lease(self, *, task_status: TaskStatus[None]) -> None:
        """Renew until the lease is lost or the flow has to stop."""
        begun = False
        interval = min(RENEW_S, self._ttl_s / 5)
        while not self._flow.cancel_called:
            began = anyio.current_time()
            await self._renew()
            # Here as well, for the first beat decides whether the flow begins at all.
            await self._heed()
            if not begun:
                task_status.started()
                begun = True
            # A renewal that waited for a lock counts from before the wait: the next comes at once.
            waited = anyio.current_time() - began
            await anyio.sleep(interval if waited < interval else 0)

    async def keep_wishes(self) -> None:
        """Hear what is wished, almost at once."""
        version = None
        while not self._flow.cancel_called:
            await anyio.sleep(WISH_S)
            with suppress(StoreError):
                seen = await self._store.version()
                if seen == version:
                    continue
                version = seen
                self._wish = (await self._store.session(self._lease.session_id)).wish
            await self._heed()

    async def keep_time(self) -> None:
        """Stop the flow at its deadline, or after too long a silence or a pause."""
        limits, report = self._automation, self._reporter
        while True:
            ends = {
                "deadline_s": self._began + limits.deadline_s + report.rested_s,
                "silence_s": report.last_at + limits.silence_s,
                "pause_s": anyio.current_time() + PAUSE_S - report.rested_s,
            }
            name = min(ends, key=lambda end: ends[end])
            left = ends[name] - anyio.current_time()
            if left <= 0:
                break
            await anyio.sleep(left)
        seconds = PAUSE_S if name == "pause_s" else getattr(limits, name)
        await self._stop(Failure("tempo_esgotado", detail={"limite": name, "segundos": seconds}))

    async def keep_lifeline(self, fd: int, *, task_status: TaskStatus[None]) -> None:
        """Stop when the supervisor is gone, leaving the session in good order."""
        gone = bool(select.select([fd], [], [], 0)[0])
        if not gone:
            task_status.started()
            await anyio.wait_readable(fd)
        self.orphaned = True
        self._flow.cancel()
        # An event that is on its way decides, too: a session with events is not begun again.
        with anyio.CancelScope(shield=True), suppress(StoreError):
            if await self._reporter.hush():
                cause = {"causa": "the runner is gone"}
                await self._reporter.fail(Failure("robo_interrompido", detail=cause))
            else:
                await self._store.release(self._lease)
        if gone:
            task_status.started()

    async def _heed(self) -> None:
        if self._flow.cancel_called:
            return
        if self._wish is Wish.CANCEL:
            await self._stop(Failure("cancelado"))
        elif self._wish is Wish.PAUSE:
            # It rests whether or not that could be announced.
            with suppress(StoreError):
                await self._reporter.pause()
        else:
            self._reporter.resume()

    async def _renew(self) -> None:
        try:
            self._wish = await self._store.renew(self._lease, ttl_s=self._ttl_s, pid=os.getpid())
        except LOST as error:
            # With the ending that this worker wrote, its lease is over as well.
            if not self._reporter.ended:
                log.warning("lease lost", code=error.code)
            self._flow.cancel()
        except StoreError as error:
            # Locked or full: the next beat tries again, and being fenced would be told.
            log.warning("lease not renewed, trying again", code=error.code)

    async def _stop(self, failure: Failure) -> None:
        log.info("flow stopped", tipo=failure.tipo, **failure.detail)
        # The reason travels with the cancellation: a witness of the page tells by it what to keep.
        self._flow.cancel(failure.tipo)
        await self._write(failure)

    async def _write(self, failure: Failure) -> None:
        # Shielded: the flow may be gone before, and its end is the end of the watches.
        with anyio.CancelScope(shield=True), suppress(*LOST):
            await self._reporter.fail(failure)


def _load(name: str) -> Flow:
    module, _, function = name.partition(":")
    flow: Flow = getattr(importlib.import_module(module), function)
    return flow


def _again(ending: Failure) -> str:
    return BROWSER_AGAIN_MESSAGE if ending.tipo.startswith("navegador") else AGAIN_MESSAGE


def _ending(error: Exception) -> Failure | None:
    """The ending that the flow's error means; None if the session is not ours any more."""
    causes = list(_leaves(error))
    if any(isinstance(cause, LOST) for cause in causes):
        return None
    for cause in causes:
        if isinstance(cause, Failure):
            return cause
        if isinstance(cause, StoreError):
            # It stayed locked or full for longer than the reporter waits.
            return Failure("sistema_ocupado", detail={"causa": cause.code})
    return Failure("interno", detail=blame(error))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error
