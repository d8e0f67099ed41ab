"""The tests' own worker: what `andamento.worker` does, for automations that misbehave."""

from __future__ import annotations

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
        # These automations need no browser: the process itself is all that can be ready.
        line = lifeline.line()
    if line:
        anyio.run(main, Job.from_line(line))
