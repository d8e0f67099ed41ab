"""`python -m andamento.worker`: the child process of one session, started by the runner only.

1. The job, with answers and password, comes as one line on standard input and nowhere else:
   arguments and environment can be read by every user of the machine.
2. The one argument, if any, is the folder where the evidence of failed screens goes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import NoneType
from typing import Literal, get_args, get_origin

import anyio

from andamento.automations import AUTOMATIONS
from db.sqlite import SqliteStore, file_of
from db.store import Runs
from runner.attempt import history
from runner.automation import Automation
from runner.evidence.mask import Mask, texts
from runner.evidence.shelf import Shelf
from runner.evidence.witness import Evidence
from runner.process import Job
from runner.worker import hold_lifeline, page_opener, work


def main() -> None:
    """Read the job, hold the lifeline, work."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as stdin:
        job = Job.from_line(stdin.readline())
    hold_lifeline()
    anyio.run(_work, job, sys.argv[1] if len(sys.argv) > 1 else None)


async def _work(job: Job, folder: str | None) -> None:
    automation = AUTOMATIONS[job.automation]
    async with SqliteStore(file_of(job.database)) as store:
        await work(
            store=store,
            lease=job.lease,
            automation=automation,
            answers=job.answers,
            site=job.site,
            page=page_opener(job.chromium, _witness(job, automation, store, folder)),
            lesson=job.lesson,
            ttl_s=job.ttl_s,
            lifeline=0,
        )


def _witness(job: Job, automation: Automation, store: Runs, folder: str | None) -> Evidence | None:
    if folder is None:
        return None

    async def screen() -> str | None:
        return (await history(store, job.session_id)).etapa

    return Evidence(Shelf(Path(folder)), job.session_id, _mask(job, automation), screen)


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


if __name__ == "__main__":
    main()
