"""One worker process: its birth, its job, and the end of everything it started.

1. The job travels on standard input (`runner/job.py`), and the pipe stays open as a lifeline: when
   it closes, the one who gave the job is gone.
2. A worker may be started before its job is known (a spare), or with it; it is the same process.
3. The worker leads a session and group of its own, so that a Ctrl-C in the terminal passes it by.
4. Waiting is `waitpid` in a thread, not asyncio's subprocess: that one waits for the pipes as well,
   which a browser that outlives its worker keeps open.
5. With an environment of its own a worker has a temporary folder of its own as well: browsers and
   recordings that are killed leave their files there, and it is removed with the whole tree.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self, TypeVar

import anyio
import psutil
from anyio import CapacityLimiter, to_thread

from runner.family import Family
from runner.folder import Folder
from runner.job import Job, Warmup
from runner.output import Hear, Output
from runner.redaction import words_of

# Between TERM and KILL: Playwright's driver closes Chromium and removes its profile.
KILL_GRACE_S = 1.0
OBEY_S = 2.0
POLL_S = 0.01
# Below this process: a third of its time, where there is not enough for both.
NICE = 5

Answer = TypeVar("Answer")


class Child:
    """A worker process, from `start` (or the beginning of its `async with`) to the end of that.

    `command` is the worker's own, `environment` its whole environment, to which a TMPDIR of its own
    is added (None: this process's environment, and its temporary folder too). `warmed` says whether
    it was told to get ready before it had a job.
    Starting raises OSError when the process cannot be started.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = list(command)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Folder | None = None
        self._words: Sequence[str] = ()
        self.warmed = False
        # Its own: the threads that wait for children must not take those that others need.
        self._limiter = CapacityLimiter(4)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self.kill(grace_s=0)
            await to_thread.run_sync(self._clear, limiter=self._limiter)
        process, self._process = self._running, None
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()

    def __del__(self) -> None:
        if self._process is not None:
            warnings.warn("a Child was not closed", ResourceWarning, stacklevel=2)

    async def start(self) -> None:
        """Start the process; nothing happens where it was started before."""
        if self._process is None:
            # Shielded: a process that is started must be known, or nobody would end it.
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._start)

    async def warm(self, order: Warmup) -> None:
        """Let it get ready for a job that is not known yet."""
        self.warmed = True
        await self._in_thread(partial(self._tell, order.line()))

    async def give(self, job: Job, hear: Hear | None = None) -> None:
        """Hand over the job; `hear` gets every line of the session's log, in some thread."""
        self._words = words_of(job.answers, job.site.email, job.site.password)
        if hear is not None:
            self._output.listen(hear)
        await self._in_thread(partial(self._tell, job.line()))

    @property
    def pid(self) -> int:
        """The worker's process id, which is also its group's."""
        return self._running.pid

    async def wait(self) -> int:
        """The exit code once the process has ended; a negative one is the signal that did it."""
        return await self._in_thread(self._running.wait)

    async def note_family(self) -> None:
        """Look who descends from the worker by now."""
        await self._in_thread(self._family.look)

    async def memory(self, limit: int) -> int:
        """Resident bytes of the worker and all it started, proportionally; 0 up to `limit`."""
        return await self._in_thread(partial(self._family.memory, limit))

    @property
    def running(self) -> bool:
        """Whether the worker has not ended yet."""
        return self._running.poll() is None

    @property
    def stopped(self) -> bool:
        """Whether the worker exists but is held (SIGSTOP, a debugger)."""
        return self._family.held

    async def end_worker(self) -> None:
        """KILL the worker alone; what it started is left to `kill`.

        Its driver sees it gone and closes the browser in order.
        """
        self._running.kill()
        # Bounded: a process stuck in the kernel would not even obey this.
        with anyio.move_on_after(OBEY_S):
            await self.wait()

    async def kill(self, *, grace_s: float = KILL_GRACE_S) -> None:
        """End the worker and all that it started: TERM, `grace_s` to obey, KILL."""
        await to_thread.run_sync(partial(self._kill, grace_s), limiter=self._limiter)

    async def tail(self) -> list[str]:
        """The last lines of standard error, for operators; call it after the exit.

        They are without the job's own words, and whatever looks like a person's number or address.
        """
        return await self._in_thread(partial(self._output.tail, self._words))

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "a Child is used after its start"
        return self._process

    async def _in_thread(self, call: Callable[[], Answer]) -> Answer:
        return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._limiter)

    def _start(self) -> None:
        environment = self._environment
        if environment is not None:
            self._folder = Folder()
            environment = {**environment, "TMPDIR": str(self._folder.path)}
        try:
            process = self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            self._clear()
            raise
        # Who watches shall be served first: the stream, then the robots.
        with suppress(psutil.Error):
            psutil.Process(process.pid).nice(min(19, psutil.Process().nice() + NICE))
        assert process.stdout is not None and process.stderr is not None
        self._family = Family(process.pid)
        self._output = Output(process.stdout, process.stderr)

    def _clear(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.remove()

    def _tell(self, line: bytes) -> None:
        stdin = self._running.stdin
        assert stdin is not None
        # A worker that died already is told by its exit, not by its pipe.
        with suppress(BrokenPipeError):
            stdin.write(line)
            stdin.flush()

    def _kill(self, grace_s: float) -> None:
        self._family.look()
        # Only the worker: its driver closes the browser in order when it sees the worker gone.
        if grace_s and self._running.poll() is None:
            self._running.terminate()
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline and self._anyone():
            time.sleep(POLL_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._family.kill()
        self._running.wait()

    def _anyone(self) -> bool:
        return self._running.poll() is None or self._family.alive


def exit_of(code: int) -> dict[str, Any]:
    """An exit code for operators: `{"saida": 1}`, or `{"sinal": "SIGKILL"}`."""
    if code >= 0:
        return {"saida": code}
    try:
        return {"sinal": signal.Signals(-code).name}
    except ValueError:
        return {"sinal": str(-code)}
