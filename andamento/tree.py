"""`andamento up`: service and runner as two children of one small parent that outlives both.

1. A child that dies is started again, at the same address, with growing pauses: a visitor's page
   reconnects and goes on from its cursor.
2. Each child's standard input is its lifeline: when the parent is gone, even by SIGKILL, it closes,
   and the child stops as if told to.
3. `-P`: what lies in the working folder is data; a `typer.py` there must not be imported.
4. Children live in sessions of their own, so that a Ctrl-C in the terminal reaches only the parent,
   which stops them in order. A second one is handed on to the runner: it stops at once, and still
   leaves every session in order. A third one waits for nothing.
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

from andamento import terminal
from andamento.terminal import ChildEnded

log = structlog.get_logger()

# The first restart is almost at once (a visitor is waiting), a crash loop is not.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
# A child that lived this long was well; its next death starts with the first pause again.
HEALTHY_S = 30.0
# What a child needs beyond the grace that it gives to others.
STOP_S = 12.0


async def grow(
    *,
    service: Sequence[str],
    runner: Sequence[str],
    ready: Callable[[str], None],
    grace_s: float,
) -> None:
    """Run both children until SIGINT or SIGTERM; `ready` is told the service's address once.

    `grace_s` is what the runner gives its sessions then. `service` and `runner` are the arguments
    behind `python -m andamento`. The service prints `ready http://…` when it serves; its port is
    kept over restarts. A first start that fails ends the tree: raises ChildEnded with the child's
    exit code.
    """
    await _Tree(list(service), list(runner), ready, grace_s).grow()


class _Tree:
    def __init__(
        self, service: list[str], runner: list[str], ready: Callable[[str], None], grace_s: float
    ) -> None:
        self._service = service
        self._runner = runner
        self._ready = ready
        self._grace_s = grace_s
        self._address, self._run_ended = anyio.Event(), anyio.Event()
        self._serving, self._running = anyio.CancelScope(), anyio.CancelScope()
        self._child: Process | None = None

    async def grow(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._serve)
            group.start_soon(self._run)
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                asked = 0
                async for number in signals:
                    asked += 1
                    if number == signal.SIGINT:
                        terminal.say_stopping(asked)
                    if asked == 1:
                        group.start_soon(self._stop, group.cancel_scope)
                    elif self._child is not None:
                        _send(self._child, signal.SIGTERM if asked == 2 else signal.SIGKILL)

    async def _serve(self) -> None:
        async def attend(process: Process) -> None:
            assert process.stdout is not None
            url = await _ready_line(process.stdout)
            if url and not self._address.is_set():
                self._service += ["--port", url.rpartition(":")[2]]
                self._ready(url)
                self._address.set()

        with self._serving:
            await _keep(self._service, attend, started=self._address, stop_s=STOP_S)

    async def _run(self) -> None:
        async def attend(process: Process) -> None:
            self._child = process
            await process.wait()

        with self._running:
            await self._address.wait()
            stop_s = self._grace_s + STOP_S
            await _keep(self._runner, attend, started=self._address, stop_s=stop_s)
        self._run_ended.set()

    async def _stop(self, all_: anyio.CancelScope) -> None:
        # The runner first: whoever is watching shall see how a running session ends.
        self._running.cancel()
        await self._run_ended.wait()
        self._serving.cancel()
        all_.cancel()


async def _keep(
    arguments: list[str],
    attend: Callable[[Process], Awaitable[None]],
    *,
    started: anyio.Event,
    stop_s: float,
) -> None:
    pause = FIRST_PAUSE_S
    while True:
        began = anyio.current_time()
        process = await _spawn(arguments)
        try:
            await attend(process)
            code = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await _stop(process, stop_s)
        if not started.is_set():
            # Its own words are on standard error already: a used port, a locked database …
            raise ChildEnded(code or 1)
        if anyio.current_time() - began > HEALTHY_S:
            pause = FIRST_PAUSE_S
        log.error("child died, starting it again", child=arguments[0], code=code, pause_s=pause)
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


async def _stop(process: Process, stop_s: float) -> None:
    if process.returncode is None:
        _send(process, signal.SIGTERM)
        with anyio.move_on_after(stop_s):
            await process.wait()
    if process.returncode is None:
        _send(process, signal.SIGKILL)
    await process.aclose()


def _send(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


async def _ready_line(stdout: ByteReceiveStream) -> str:
    text = b""
    async for chunk in stdout:
        text += chunk
        line, newline, _ = text.partition(b"\n")
        if newline and line.startswith(b"ready "):
            return line.removeprefix(b"ready ").decode().strip()
    return ""
