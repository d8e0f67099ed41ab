"""A temporary folder of a worker's own, for all that its browser and recordings leave lying.

1. Whoever is killed removes nothing: browsers leave their profiles behind, recordings what was
   typed. The parent, which outlives the worker, made the folder and removes it.
2. The parent may be killed too. It holds a lock on the folder while it lives, so that the next one
   can tell what is abandoned, whichever container or user id either of them runs in.
3. The path is short: Chromium puts a socket into it, and a socket's path has some hundred bytes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "andamento-worker-"
# As `mkdtemp` names them, and nothing else: what is swept was certainly made here.
_OWN = re.compile(PREFIX + r"[a-z0-9_]{8}")
# A socket's path has 104 bytes on macOS, 108 on Linux. Chromium's takes 46 of them behind the
# folder, and the folder's own name 26.
LONGEST_ROOT = 30
SHORT_ROOT = "/tmp"
# A browser that is being killed may still write for a moment.
REMOVE_S = 2.0
PAUSE_S = 0.02


class Folder:
    """A new folder, mode 0700, held until `remove`. Raises OSError if there can be none."""

    def __init__(self) -> None:
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_root()))
            lock = _locked(self.path)
            # Somebody may have swept it up in the moment before the lock.
            if lock is not None and self.path.exists():
                self._lock = lock
                return

    def remove(self) -> None:
        """Remove it with all that is in it; what cannot be removed is left to `sweep`."""
        deadline = time.monotonic() + REMOVE_S
        while _removed(self.path) is False and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
        os.close(self._lock)


def sweep() -> int:
    """Remove this user's folders that nobody holds any more; returns how many."""
    swept = 0
    for path in Path(_root()).glob(f"{PREFIX}*"):
        if _OWN.fullmatch(path.name) and _is_ours(path):
            lock = _locked(path)
            if lock is not None:
                swept += _removed(path)
                os.close(lock)
    return swept


def _is_ours(path: Path) -> bool:
    with suppress(OSError):
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return False


def _root() -> str:
    root = tempfile.gettempdir()
    if len(os.fsencode(root)) <= LONGEST_ROOT or not os.access(SHORT_ROOT, os.W_OK | os.X_OK):
        return root
    return SHORT_ROOT


def _locked(path: Path) -> int | None:
    """A descriptor with the folder's lock; None if somebody else has it, or it is gone."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError:
            os.close(descriptor)
    return None


def _removed(path: Path) -> bool:
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()
