"""`andamento serve --workers N`: several service processes on one socket, behind one small parent.

1. The parent binds the socket and accepts nobody; every child inherits it and takes connections as
   it has time for them (server.py). One that dies or hangs holds no share of the visitors.
2. Children share nothing but the socket and the database's file: each has its own tail, and whoever
   reads from one sees what the others see.
3. The parent is ready when all of them serve. When it is told to stop it closes its socket before
   it stops them: else visitors would go on joining a queue that nobody serves.
4. Settings and database are looked at once here, so that a wrong one is one clear error and not N.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
from anyio.abc import Process

from andamento.child import keep, ready_line
from andamento.place import open_store
from andamento.serving import check
from andamento.settings import Settings
from andamento.terminal import Failed
from service.server import CannotListen, bind


async def serve(
    settings: Settings,
    arguments: Sequence[str],
    stop: anyio.Event,
    ready: Callable[[str], None],
) -> None:
    """Run `settings.workers` times `andamento serve <arguments>` until `stop` is set.

    `ready` is told the address once, when all serve. Raises WrongSetting; Failed if the port cannot
    be had; ChildEnded with the exit code of a child that never served.
    """
    check(settings)
    async with open_store(settings, create=True):
        pass
    try:
        door = bind(settings.host, settings.port)
    except CannotListen as error:
        raise Failed(str(error)) from error
    started = anyio.Event()
    serving: set[int] = set()

    async def tend(number: int) -> None:
        async def attend(process: Process) -> None:
            assert process.stdout is not None
            url = await ready_line(process.stdout)
            if not url or started.is_set():
                return
            serving.add(number)
            if len(serving) == settings.workers:
                started.set()
                ready(url)

        descriptor = door.fileno()
        child = ["serve", *arguments, "--descriptor", str(descriptor)]
        await keep(child, attend, started=started, descriptors=[descriptor])

    with door:
        async with anyio.create_task_group() as group:
            for number in range(settings.workers):
                group.start_soon(tend, number)
            await stop.wait()
            door.close()
            group.cancel_scope.cancel()
