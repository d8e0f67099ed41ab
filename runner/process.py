"""One worker process: its job, its birth, its last words, and the end of everything it started.

1. The job travels as one line on standard input and nowhere else: arguments, environment and file
   names can be read by every user of the machine.
2. The pipe stays open as a lifeline: when it closes, the one who gave the job is gone.
3. The worker leads a session and group of its own, so that a Ctrl-C in the terminal passes it by.
   Chromium leads yet another one: descendants are noted while their parents live, for an orphan
   cannot be told from a stranger.
4. Waiting is `waitpid` in a thread, not asyncio's subprocess: that one waits for the pipes as well,
   which a browser that outlives its worker keeps open.
5. With an environment of its own a worker has a temporary folder of its own as well: browsers and
   recordings that are killed leave their files there, and it is removed with the whole tree.
6. Standard error is kept for operators in its last lines only, without the job's own words and
   without whatever looks like a person's number or address.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import IO, Any, Self, TypeVar

import anyio
import psutil
from anyio import CapacityLimiter, to_thread

from db.store import Lease
from runner.flow import Site
from runner.folder import Folder
from runner.lesson import NOTHING, Lesson

# Renewed every second; five missed beats are no busy moment any more.
TTL_S = 5.0
# A traceback's end, within an event's size even if every character needs an escape.
TAIL_LINES, TAIL_WIDTH = 20, 160
# Longer lines are cut while reading, so that a line without end cannot fill the memory.
MAX_LINE = 4096
# Between TERM and KILL: Playwright's driver closes Chromium and removes its profile.
KILL_GRACE_S = 1.0
# After the exit, the reader of standard error may still have the last lines before it.
DRAIN_S = 0.2
OBEY_S = 2.0
POLL_S = 0.01
HELD = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)

_REDACTED = "[…]"
# Five digits and more, also in the spelling of CPF, telephone and date; a plate; an e-mail address.
_PERSONAL = re.compile(
    r"\d(?:[\s.\-/()]{0,2}\d){4,}|\b[A-Z]{3}-?\d[A-Z0-9]\d{2}\b|[^\s@<>\"']+@[^\s@<>\"']+",
    re.IGNORECASE,
)
# Shorter words of an answer ("de", "1") tell nothing; short ones count only where they stand alone,
# or "Ana" would make "analysis" unreadable.
_SHORTEST, _SHORT = 3, 4

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker is told: whose session, under which lease, with which answers, where."""

    session_id: str
    generation: int
    owner: str
    automation: str
    answers: Mapping[str, Any] = field(repr=False)
    database: str
    site: Site = field(repr=False)
    chromium: str = ""
    lesson: Lesson = NOTHING
    ttl_s: float = TTL_S

    @property
    def lease(self) -> Lease:
        """The right to write the session."""
        return Lease(session_id=self.session_id, generation=self.generation, owner=self.owner)

    def line(self) -> bytes:
        """The job as one line of JSON."""
        told = asdict(replace(self, answers=dict(self.answers)))
        return json.dumps(told, ensure_ascii=True).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        """The job that `line` was made of. Raises ValueError, which does not quote it."""
        try:
            told = json.loads(line)
            parts = {"site": Site(**told["site"]), "lesson": Lesson(**told["lesson"])}
            return cls(**{**told, **parts})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"not a job ({type(error).__name__})") from None

    def words(self) -> set[str]:
        """Every text of answers and account, whole and in its parts: nothing to be repeated."""
        texts = [*_texts(self.answers), self.site.email, self.site.password]
        parts = {part for text in texts for part in (text, *text.split())}
        return {part for part in parts if len(part) >= _SHORTEST}


class Child:
    """A worker process for as long as the `async with`; leaving it ends what is left of it.

    `command` is the worker's own, `environment` its whole environment, to which a TMPDIR of its own
    is added (None: this process's environment, and its temporary folder too).
    Raises OSError on entering when the process cannot be started.
    """

    def __init__(
        self, command: Sequence[str], job: Job, *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = list(command)
        self._job = job
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Folder | None = None
        self._family: dict[int, psutil.Process] = {}
        self._lines: deque[str] = deque(maxlen=TAIL_LINES)
        self._drained = threading.Event()
        # Its own: the threads that wait for children must not take those that others need.
        self._limiter = CapacityLimiter(4)

    async def __aenter__(self) -> Self:
        await to_thread.run_sync(self._start)
        try:
            await self._in_thread(self._hand_over)
        except BaseException:
            await self.__aexit__()
            raise
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

    @property
    def pid(self) -> int:
        """The worker's process id, which is also its group's."""
        return self._running.pid

    async def wait(self) -> int:
        """The exit code once the process has ended; a negative one is the signal that did it."""
        return await self._in_thread(self._running.wait)

    async def note_family(self) -> None:
        """Look who descends from the worker by now."""
        await self._in_thread(self._look)

    @property
    def running(self) -> bool:
        """Whether the worker has not ended yet."""
        return self._running.poll() is None

    @property
    def stopped(self) -> bool:
        """Whether the worker exists but is held (SIGSTOP, a debugger)."""
        try:
            return psutil.Process(self.pid).status() in HELD
        except psutil.Error:
            return False

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
        """The last lines of standard error, for operators; call it after the exit."""
        await self._in_thread(partial(self._drained.wait, DRAIN_S))
        words = sorted(self._job.words(), key=len, reverse=True)
        return [redact(line, words)[-TAIL_WIDTH:] for line in list(self._lines)]

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "a Child is used inside its `async with`"
        return self._process

    async def _in_thread(self, call: Callable[[], Answer]) -> Answer:
        return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._limiter)

    def _start(self) -> None:
        environment = self._environment
        if environment is not None:
            self._folder = Folder()
            environment = {**environment, "TMPDIR": str(self._folder.path)}
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            self._clear()
            raise
        # A daemon: a stray that keeps the pipe open must not keep this process from leaving.
        threading.Thread(
            target=self._read, args=(self._process.stderr,), name="stderr", daemon=True
        ).start()

    def _clear(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.remove()

    def _hand_over(self) -> None:
        stdin = self._running.stdin
        assert stdin is not None
        # A worker that died already is told by its exit, not by its pipe.
        with suppress(BrokenPipeError):
            stdin.write(self._job.line())
            stdin.flush()

    def _read(self, stderr: IO[bytes]) -> None:
        whole = True
        with stderr:
            while line := stderr.readline(MAX_LINE):
                if whole and line.strip():
                    self._lines.append(line.decode(errors="replace").rstrip())
                whole = line.endswith(b"\n")
        self._drained.set()

    def _look(self) -> None:
        with suppress(psutil.Error):
            for process in psutil.Process(self.pid).children(recursive=True):
                self._family[process.pid] = process

    def _kill(self, grace_s: float) -> None:
        self._look()
        # Only the worker: its driver closes the browser in order when it sees the worker gone.
        if grace_s and self._running.poll() is None:
            self._running.terminate()
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline and self._anyone():
            time.sleep(POLL_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for process in list(_with_descendants(self._family.values())):
            with suppress(psutil.Error):
                process.kill()
        self._running.wait()

    def _anyone(self) -> bool:
        return self._running.poll() is None or any(map(_alive, self._family.values()))


def redact(line: str, words: Sequence[str] = ()) -> str:
    """`line` without `words` and without whatever looks like a person's number or address."""
    for word in words:
        found = re.escape(word)
        if len(word) <= _SHORT:
            found = rf"(?<!\w){found}(?!\w)"
        line = re.sub(found, _REDACTED, line, flags=re.IGNORECASE)
    return _PERSONAL.sub(_REDACTED, line)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _with_descendants(family: Iterable[psutil.Process]) -> Iterator[psutil.Process]:
    # A browser's renderers come and go; what counts is who is there now.
    for process in list(family):
        with suppress(psutil.Error):
            yield from process.children(recursive=True)
        yield process
