"""`andamento up`: service and runner as two children of one small parent that outlives both.

1. Each is kept alive (child.py); the service at the same address.
2. A Ctrl-C stops them in order. A second one is handed on to the runner: it stops at once, and
   still leaves every session in order. A third one waits for nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

import anyio
from anyio.abc import Process

from andamento import terminal
from andamento.child import STOP_S, keep, ready_line, send


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
                        send(self._child, signal.SIGTERM if asked == 2 else signal.SIGKILL)

    async def _serve(self) -> None:
        async def attend(process: Process) -> None:
            assert process.stdout is not None
            url = await ready_line(process.stdout)
            if url and not self._address.is_set():
                self._service += ["--port", url.rpartition(":")[2]]
                self._ready(url)
                self._address.set()

        with self._serving:
            await keep(self._service, attend, started=self._address)

    async def _run(self) -> None:
        async def attend(process: Process) -> None:
            self._child = process
            await process.wait()

        with self._running:
            await self._address.wait()
            stop_s = self._grace_s + STOP_S
            await keep(self._runner, attend, started=self._address, stop_s=stop_s)
        self._run_ended.set()

    async def _stop(self, all_: anyio.CancelScope) -> None:
        # The runner first: whoever is watching shall see how a running session ends.
        self._running.cancel()
        await self._run_ended.wait()
        self._serving.cancel()
        all_.cancel()
