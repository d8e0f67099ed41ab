"""The lifeline: a worker's standard input, where its orders come from and whose end is its own.

1. One thread reads it from the start: it works while the event loop is blocked, and reads the
   descriptor itself, for a thread inside a buffered `sys.stdin` would break the exit.
2. When the other end is closed, the runner is gone: the event loop gets a moment for its last words
   (`runner/worker.py`), then the thread ends this process and all that it started.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from contextlib import suppress

import psutil

# What the loop gets for its last words once the supervisor is gone; then the thread ends it all.
LAST_WORDS_S = 1.0
PAGE = 64 * 1024


class Lifeline:
    """Reads the descriptor `fd` from now on, until its other end is closed."""

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._hold, name="lifeline", daemon=True).start()

    def line(self) -> bytes:
        """The next line, waiting for it; nothing when there will be none."""
        return self._lines.get()

    def _hold(self) -> None:
        begun = b""
        with suppress(OSError):
            while page := os.read(self._fd, PAGE):
                *lines, begun = (begun + page).split(b"\n")
                for line in lines:
                    self._lines.put(line)
        # Who still waits for a line shall not do so for ever.
        self._lines.put(b"")
        time.sleep(LAST_WORDS_S)
        end_everything()


def end_descendants() -> None:
    """KILL all that this process started."""
    with suppress(psutil.Error):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()


def end_everything() -> None:
    """KILL all that this process started, and itself."""
    end_descendants()
    # Only a group of its own: started by hand, the group would be the caller's terminal.
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
