"""`python -m andamento.worker`: the child process of one session, started by the runner only.

The job, with answers and password, comes as one line on standard input and nowhere else: arguments
and environment can be read by every user of the machine.
"""

from __future__ import annotations

import os

import anyio

from andamento.automations import AUTOMATIONS
from db.sqlite import SqliteStore, file_of
from runner.process import Job
from runner.worker import hold_lifeline, page_opener, work


def main() -> None:
    """Read the job, hold the lifeline, work."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as stdin:
        job = Job.from_line(stdin.readline())
    hold_lifeline()
    anyio.run(_work, job)


async def _work(job: Job) -> None:
    async with SqliteStore(file_of(job.database)) as store:
        await work(
            store=store,
            lease=job.lease,
            automation=AUTOMATIONS[job.automation],
            answers=job.answers,
            site=job.site,
            page=page_opener(job.chromium),
            weights=job.weights,
            ttl_s=job.ttl_s,
            lifeline=0,
        )


if __name__ == "__main__":
    main()
