"""`andamento up`: service and runner as two children of one small parent that outlives both.

1. A child that dies is started again, at the same address, with growing pauses: a visitor's page
   reconnects and goes on from its cursor.
2. Each child's standard input is its lifeline: when the parent is gone, even by SIGKILL, it closes,
   and the child stops as if told to.
3. `-P`: what lies in the working folder is data; a `typer.py` there must not be imported.
4. Children live in sessions of their own, so that a Ctrl-C in the terminal reaches only the parent,
   which stops them in order.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio
import structlog
from anyio.abc import ByteReceiveStream, Process

from andamento.terminal import ChildEnded

log = structlog.get_logger()

# The first restart is almost at once (a visitor is waiting), a crash loop is not.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
# A child that lived this long was well; its next death starts with the first pause again.
HEALTHY_S = 30.0
# Longer than a runner's own grace for its sessions.
STOP_GRACE_S = 20.0


async def grow(
    *, service: Sequence[str], runner: Sequence[str], ready: Callable[[str], None]
) -> None:
    """Run both children until SIGINT or SIGTERM; `ready` is told the service's address once.

    `service` and `runner` are the arguments behind `python -m andamento`. The service prints
    `ready http://…` when it serves; its port is kept over restarts. A first start that fails ends
    the tree: raises ChildEnded with the child's exit code.
    """
    address = anyio.Event()
    running, serving = anyio.CancelScope(), anyio.CancelScope()
    run_ended = anyio.Event()

    async def serve() -> None:
        arguments = list(service)

        async def attend(process: Process) -> None:
            nonlocal arguments
            assert process.stdout is not None
            url = await _ready_line(process.stdout)
            if url and not address.is_set():
                arguments = [*arguments, "--port", url.rpartition(":")[2]]
                ready(url)
                address.set()

        with serving:
            await _keep(lambda: arguments, attend, started=address)

    async def run() -> None:
        async def attend(process: Process) -> None:
            await process.wait()

        with running:
            await address.wait()
            await _keep(lambda: list(runner), attend, started=address)
        run_ended.set()

    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        group.start_soon(run)
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                # The runner first: whoever is watching shall see how a running session ends.
                running.cancel()
                await run_ended.wait()
                serving.cancel()
                group.cancel_scope.cancel()


async def _keep(
    arguments: Callable[[], list[str]],
    attend: Callable[[Process], Awaitable[None]],
    *,
    started: anyio.Event,
) -> None:
    pause = FIRST_PAUSE_S
    while True:
        began = anyio.current_time()
        process = await _spawn(arguments())
        try:
            await attend(process)
            code = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await _stop(process)
        if not started.is_set():
            # Its own words are on standard error already: a used port, a locked database …
            raise ChildEnded(code or 1)
        if anyio.current_time() - began > HEALTHY_S:
            pause = FIRST_PAUSE_S
        log.error("child died, starting it again", child=arguments()[0], code=code, pause_s=pause)
        await anyio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def _spawn(arguments: list[str]) -> Process:
    return await anyio.open_process(
        [sys.executable, "-P", "-m", "andamento", *arguments, "--lifeline"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if arguments[0] == "serve" else None,
        stderr=None,
        start_new_session=True,
    )


async def _stop(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        with anyio.move_on_after(STOP_GRACE_S):
            await process.wait()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.aclose()


async def _ready_line(stdout: ByteReceiveStream) -> str:
    text = b""
    async for chunk in stdout:
        text += chunk
        line, newline, _ = text.partition(b"\n")
        if newline and line.startswith(b"ready "):
            return line.removeprefix(b"ready ").decode().strip()
    return ""
