"""A supervisor alone in a process, to be killed; told its database URL and number of spares."""

from __future__ import annotations

import sys

import anyio

from db.sqlite import SqliteStore
from runner.supervisor import Supervisor, Workplace
from tests.runner.conftest import COMMAND, SITE
from tests.runner.flows import AUTOMATIONS


async def main(url: str, spares: int) -> None:
    """Work until killed."""
    async with SqliteStore(url.removeprefix("sqlite:///")) as store:
        supervisor = Supervisor(
            store=store,
            automations=AUTOMATIONS,
            queues=["q"],
            capacity=3,
            command=COMMAND,
            workplace=Workplace(database=url, site=SITE),
            unseal=lambda session: {},
            spares=spares,
            ttl_s=1,
        )
        await supervisor.run(anyio.Event())


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 0)
