"""`python -m andamento.worker`: the child process of one session, started by the runner only.

1. The job, with answers and password, comes on standard input and nowhere else: arguments and
   environment can be read by every user of the machine.
2. Before it there may be an order to get ready: then everything is loaded and a browser is open by
   the time that somebody asks for a quote. What fails there is tried again when it is needed.
3. Its log goes to standard output, a line of JSON each, already without anything of the person's.
   Nobody is waited for: where the reader does not read, a line is lost, not a moment.
4. The one argument, if any, is the folder where the evidence of failed screens goes.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import anyio
import structlog
from anyio import to_thread

from andamento.automations import AUTOMATIONS
from db.sqlite import SqliteStore, file_of
from db.store import Runs
from runner.automation import Automation
from runner.ending import history
from runner.evidence.mask import Mask, texts
from runner.evidence.shelf import Shelf
from runner.evidence.witness import Evidence
from runner.failure import Failure
from runner.job import Job, Warmup
from runner.lifeline import Lifeline
from runner.worker import page_opener, work

if TYPE_CHECKING:
    from runner.browser import Browser

# A spare may be given away while its browser opens: well before it would be taken for hung.
WARM_S = 8.0
# What may be said of one session; a flow that is caught in a loop must not fill the database. Its
# last words are heard all the same.
MAX_LINES, MAX_LINE, MAX_WARNINGS = 2000, 4000, 2200
# What a line of a log is made of, whatever anybody is called.
KEYS = frozenset({"event", "level", "screen"})

log = structlog.get_logger()


def main() -> None:
    """Read the orders, hold the lifeline, work."""
    voice = Voice()
    lifeline = Lifeline()
    line = lifeline.line()
    if order := Warmup.from_line(line):
        anyio.run(_wait_warm, order, lifeline, voice)
    elif line:
        anyio.run(_work, Job.from_line(line), voice)


async def _wait_warm(order: Warmup, lifeline: Lifeline, voice: Voice) -> None:
    began = time.monotonic()
    for flow in order.flows:
        try:
            importlib.import_module(flow.partition(":")[0])
        except (Exception, SystemExit) as error:
            # A foreign module may raise anything; the run itself will tell it in full.
            log.warning("flow did not load", flow=flow, error=type(error).__name__)
    browser = await _opened(order.chromium)
    log.info("spare is ready", seconds=round(time.monotonic() - began, 2))
    began = time.monotonic()
    try:
        if line := await to_thread.run_sync(lifeline.line, abandon_on_cancel=True):
            log.info("spare was taken", waited_s=round(time.monotonic() - began, 1))
            await _work(Job.from_line(line), voice, browser)
    finally:
        if browser is not None:
            await browser.close()


async def _opened(chromium: str) -> Browser | None:
    from runner.browser import Browser

    browser = Browser(executable=chromium or None)
    try:
        with anyio.fail_after(WARM_S):
            await browser.open()
            await browser.prepare()
    except Failure as failure:
        log.warning("no browser for a spare", tipo=failure.tipo, **failure.detail)
        return None
    except TimeoutError:
        log.warning("no browser for a spare in time", seconds=WARM_S)
        await browser.close()
        return None
    return browser


async def _work(job: Job, voice: Voice, browser: Browser | None = None) -> None:
    automation = AUTOMATIONS[job.automation]
    mask = voice.mask = _mask(job, automation)
    async with SqliteStore(file_of(job.database)) as store:
        witness = _witness(job, mask, store)
        await work(
            store=store,
            lease=job.lease,
            automation=automation,
            answers=job.answers,
            site=job.site,
            page=page_opener(job.chromium, witness, browser),
            lesson=job.lesson,
            percentual=job.percentual,
            ttl_s=job.ttl_s,
            lifeline=0,
        )


def _witness(job: Job, mask: Mask, store: Runs) -> Evidence | None:
    if len(sys.argv) < 2:
        return None

    async def screen() -> str | None:
        return (await history(store, job.session_id)).etapa

    return Evidence(Shelf(Path(sys.argv[1])), job.session_id, mask, screen)


def _mask(job: Job, automation: Automation) -> Mask:
    """Whatever was answered is private, but the words of closed questions: they are everybody's."""
    fields = automation.model.model_fields
    closed = {name for name, info in fields.items() if _closed(info.annotation)}
    private = [value for name, value in job.answers.items() if name not in closed]
    chosen = [value for name, value in job.answers.items() if name in closed]
    return Mask([*texts(private), job.site.email, job.site.password], texts(chosen))


def _closed(annotation: object) -> bool:
    """Whether these are words to choose from, perhaps none of them."""
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return get_origin(annotation) is Literal or (bool(parts) and all(map(_closed, parts)))


class Voice:
    """This process's log: everything that structlog is told, on standard output, masked."""

    def __init__(self) -> None:
        self.mask = Mask([])
        self._lines = 0
        os.set_blocking(1, False)
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                lambda *told: self._masked(told[-1]),
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=lambda *_: self,
            cache_logger_on_first_use=True,
        )

    def msg(self, line: str) -> None:
        """Say one line."""
        self._say(line, MAX_LINES)

    def warning(self, line: str) -> None:
        """Say one line that matters."""
        self._say(line, MAX_WARNINGS)

    error = critical = warning
    debug = info = msg

    def _say(self, line: str, most: int) -> None:
        self._lines += 1
        said = line.encode()
        if self._lines > most or len(said) > MAX_LINE:
            return
        try:
            os.write(1, said + b"\n")
        except OSError:
            return  # Nobody reads, or nobody is there any more.

    def _named(self, name: object) -> str:
        return str(name) if name in KEYS else self.mask.told(str(name))

    def _masked(self, value: Any) -> Any:
        """`value` as JSON may have it; what it is made of does not matter, what it says does."""
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, Mapping):
            return {self._named(name): self._masked(item) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._masked(item) for item in value]
        said = str(value)
        masked = self.mask.told(said)
        return value if isinstance(value, int) and masked == said else masked


if __name__ == "__main__":
    main()
