"""`up`, `serve` and `run`: the processes that an operator keeps running.

The rooms' own imports stand inside the commands: `serve` needs no runner, `run` no web server, and
`andamento sessions` should not wait for either.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import IO, Annotated

import anyio
import structlog
import typer

from andamento import log as logs
from andamento import terminal, tree
from andamento.place import open_store
from andamento.settings import Settings, load
from andamento.terminal import DbOption, emit_line

log = structlog.get_logger()

HostOption = Annotated[str | None, typer.Option(help="Address to listen on (default: 127.0.0.1).")]
PortOption = Annotated[
    int | None, typer.Option(help="Port, 0 for a free one (default: 8000).", min=0, max=65535)
]
WorkersOption = Annotated[
    int | None,
    typer.Option(help="Service processes on the same port (default: 1).", min=1, max=64),
]
LifelineOption = Annotated[
    bool, typer.Option("--lifeline", hidden=True, help="Stop when standard input closes.")
]


def up(
    db: DbOption = None,
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
) -> None:
    """Run service and runner together: all that one small server needs."""

    async def main() -> None:
        settings = _prepare(db=db, host=host, port=port, workers=workers)
        # The database is opened once here, so that a wrong one is one clear error and not two.
        async with open_store(settings, create=True):
            pass
        await tree.grow(
            service=["serve", *_place(settings), "--workers", str(settings.workers)],
            runner=["run", "--db", settings.db],
            ready=_ready,
            grace_s=settings.stop_grace_s,
        )

    terminal.run(main)


def serve(
    db: DbOption = None,
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
    lifeline: LifelineOption = False,
    descriptor: Annotated[
        int | None, typer.Option(hidden=True, help="Listening socket, bound elsewhere.")
    ] = None,
) -> None:
    """Run the service alone: requests, streams, snapshots."""

    async def main() -> None:
        settings = _prepare(db=db, host=host, port=port, workers=workers)
        from andamento import fleet, serving

        async def work(stop: anyio.Event) -> None:
            if settings.workers == 1 or descriptor is not None:
                await serving.serve(settings, stop, _ready, descriptor=descriptor)
            else:
                await fleet.serve(settings, _place(settings), stop, _ready)

        await _until_stopped(work, lifeline=lifeline)

    terminal.run(main)


def run_sessions(
    db: DbOption = None,
    capacity: Annotated[
        int | None, typer.Option(min=1, max=64, help="Sessions at the same time (default: 3).")
    ] = None,
    lifeline: LifelineOption = False,
) -> None:
    """Run the runner alone: it takes queued sessions and gives each a worker."""

    async def main() -> None:
        settings = _prepare(sys.stdout, db=db, capacity=capacity)
        if not settings.quote_url:
            log.warning("ANDAMENTO_QUOTE_URL is not set: quotes will end with an error")
        from andamento import running

        await _until_stopped(lambda stop: running.run(settings, stop), lifeline=lifeline)

    terminal.run(main)


def _place(settings: Settings) -> list[str]:
    return ["--db", settings.db, "--host", settings.host, "--port", str(settings.port)]


def _prepare(stream: IO[str] | None = None, **given: object) -> Settings:
    settings = load(**given)
    logs.configure(settings.log_level, stream=stream)
    return settings


def _ready(url: str) -> None:
    emit_line(f"ready {url}")


async def _until_stopped(work: Callable[[anyio.Event], Awaitable[None]], *, lifeline: bool) -> None:
    """Run `work` to its end, or tell it to stop on SIGINT, SIGTERM or a cut lifeline.

    A second signal means: at once. Then `work` is cancelled, which leaves everything in order, too.
    A third one waits for nothing.
    """
    stop = anyio.Event()

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            asked = 0
            async for number in signals:
                asked += 1
                if number == signal.SIGINT:
                    terminal.say_stopping(asked)
                if asked > 2:
                    os._exit(1)
                if stop.is_set():
                    group.cancel_scope.cancel()
                stop.set()

    async def hold() -> None:
        descriptor = sys.stdin.fileno()
        await anyio.wait_readable(descriptor)
        while os.read(descriptor, 1024):
            await anyio.wait_readable(descriptor)
        stop.set()

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        if lifeline:
            group.start_soon(hold)
        await work(stop)
        group.cancel_scope.cancel()
