"""One child process of ours that is to live: started, told when it serves, started again, stopped.

1. A child that dies is started again with growing pauses: a visitor's page reconnects and goes on
   from its cursor.
2. Its standard input is its lifeline: when the parent is gone, even by SIGKILL, it closes, and the
   child stops as if told to.
3. `-P`: what lies in the working folder is data; a `typer.py` there must not be imported.
4. It lives in a session of its own, so that a Ctrl-C in the terminal reaches only the parent, which
   stops its children in order.
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
# What a child needs beyond the grace that it gives to others.
STOP_S = 12.0


async def keep(
    arguments: list[str],
    attend: Callable[[Process], Awaitable[None]],
    *,
    started: anyio.Event,
    stop_s: float = STOP_S,
    descriptors: Sequence[int] = (),
) -> None:
    """Keep `python -m andamento <arguments>` alive until cancelled, then give it `stop_s` to stop.

    Each one is handed to `attend`, and inherits `descriptors`. Arguments may be added while it
    runs. One that dies before `started` is set is not started again: raises ChildEnded.
    """
    pause = FIRST_PAUSE_S
    while True:
        began = anyio.current_time()
        process = await _spawn(arguments, descriptors)
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


async def ready_line(stdout: ByteReceiveStream) -> str:
    """The address behind `ready ` in what a service prints; empty if it ended without one."""
    text = b""
    async for chunk in stdout:
        text += chunk
        line, newline, _ = text.partition(b"\n")
        if newline and line.startswith(b"ready "):
            return line.removeprefix(b"ready ").decode().strip()
    return ""


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        process.send_signal(number)


async def _spawn(arguments: list[str], descriptors: Sequence[int]) -> Process:
    return await anyio.open_process(
        [sys.executable, "-P", "-m", "andamento", *arguments, "--lifeline"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if arguments[0] == "serve" else None,
        stderr=None,
        start_new_session=True,
        pass_fds=descriptors,
    )


async def _stop(process: Process, stop_s: float) -> None:
    if process.returncode is None:
        send(process, signal.SIGTERM)
        with anyio.move_on_after(stop_s):
            await process.wait()
    if process.returncode is None:
        send(process, signal.SIGKILL)
    await process.aclose()
