"""The tests' own worker: what `andamento.worker` does, for automations that misbehave."""

from __future__ import annotations

import sys

import anyio

from db.sqlite import SqliteStore
from runner.process import Job
from runner.worker import hold_lifeline, page_opener, work
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
            ttl_s=job.ttl_s,
            lifeline=0,
        )


if __name__ == "__main__":
    line = sys.stdin.buffer.readline()
    hold_lifeline()
    anyio.run(main, Job.from_line(line))
