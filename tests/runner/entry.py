"""The tests' own worker: what `andamento.worker` does, for automations that misbehave.

Its one argument is a way to misbehave as a spare: `brittle` dies while it gets ready, `faint` when
it is given its job.
"""

from __future__ import annotations

import os
import sys

import anyio

from db.sqlite import SqliteStore
from runner.job import Job, Warmup
from runner.lifeline import Lifeline
from runner.worker import page_opener, work
from tests.runner.flows import AUTOMATIONS


async def main(job: Job) -> None:
    """Do the one job."""
    async with SqliteStore(job.database.removeprefix("sqlite:///")) as store:
        await work(
            store=store,
            lease=job.lease,
            automation=AUTOMATIONS[job.automation],
            answers=job.answers,
            site=job.site,
            page=page_opener(job.chromium),
            lesson=job.lesson,
            percentual=job.percentual,
            ttl_s=job.ttl_s,
            lifeline=0,
        )


if __name__ == "__main__":
    lifeline = Lifeline()
    line = lifeline.line()
    if Warmup.from_line(line):
        if "brittle" in sys.argv:
            os._exit(9)
        # These automations need no browser: the process itself is all that can be ready.
        line = lifeline.line()
        if line and "faint" in sys.argv:
            os._exit(9)
    if line:
        anyio.run(main, Job.from_line(line))
