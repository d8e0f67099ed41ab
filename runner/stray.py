"""Workers that outlived their runner: what cannot follow a killed runner by itself is ended here.

1. A worker whose runner is gone leaves within moments: its lifeline is closed. One that is stopped
   (SIGSTOP, a debugger), or stuck where no thread of its own runs, cannot see that; it would keep a
   browser, and its memory, for ever.
2. Its session is safe all the while: the lease ran out, the next runner took it over.
3. The one who is looking must not be quicker than a healthy worker's last words: what is found is
   ended only if it is still there after that time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import psutil

from runner.lifeline import LAST_WORDS_S

# What the worker's own thread needs for the end of the browser, too.
GRACE_S = 2 * LAST_WORDS_S


def sweep(command: Sequence[str], *, grace_s: float = GRACE_S) -> int:
    """End the workers of this user that were started by `command` and whose parent is gone.

    It waits for `grace_s` where there are any; returns how many trees it ended.
    """
    found = list(_orphans(command))
    if not found:
        return 0
    time.sleep(grace_s)
    ended = 0
    for process in found:
        # `is_running` compares the start time: a reused id is another process.
        with suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                _end(process)
                ended += 1
    return ended


def _orphans(command: Sequence[str]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            # The whole line: another installation's workers are left to its own runner.
            ours = process.uids().real == os.getuid() and process.cmdline() == list(command)
            if ours and _parentless(process):
                yield process


def _parentless(process: psutil.Process) -> bool:
    """Whether its parent is no runner: whoever adopts orphans here (an init, a session's own)."""
    parent = process.parent()
    return parent is None or not any("andamento" in word for word in parent.cmdline())


def _end(process: psutil.Process) -> None:
    tree = [*process.children(recursive=True), process]
    for one in tree:
        with suppress(psutil.Error):
            one.kill()
