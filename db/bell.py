"""The bell beside the database: who has committed rings it, who waits for commits hears it.

1. It is a hint: it may ring in vain, and what others commit (`sqlite3` in a shell) does not ring
   it. The log is the truth, and whoever waits asks it now and then all the same.
2. A file of one byte, `<database>-bell`. To ring is to read that byte, which the kernel tells to
   those who watch the file (inotify): one call of 0.6 µs, for any number of listeners. Nothing is
   written, so it also rings on a full disk; nobody registers, so the dead leave nothing behind.
   Rings that nobody has heard yet are one ring.
3. It rings after the commit, so what it announces can be read. Watching the database's own files
   instead would tell of the write before it is visible.
4. Where the kernel has no inotify, or no watch left, no bell can be heard: asking has to do.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio

# From the kernel's inotify.h: the file was read.
IN_ACCESS = 0x1
# Each is 16 bytes, and they are all alike: what is not taken at once is taken the next time.
_READ_BYTES = 4096


class Bell:
    """Rings for the database at `path`; the file is made when first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.name}-bell")
        self._rope: int | None = None

    def hang(self) -> None:
        """Have the file ready to be rung; without it ringing does nothing."""
        with suppress(OSError):
            self._rope = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # A hole of one byte: it takes no room on the disk.
            os.truncate(self._rope, 1)

    def ring(self) -> None:
        """Say that something was committed."""
        if self._rope is not None:
            with suppress(OSError):
                os.pread(self._rope, 1, 0)

    def take_down(self) -> None:
        """Ring no more."""
        if self._rope is not None:
            os.close(self._rope)
            self._rope = None


class Ear:
    """Hears the rings since the last `wait`."""

    def __init__(self, watch: int) -> None:
        self._watch = watch

    async def wait(self) -> None:
        """Return once it has rung."""
        while True:
            try:
                os.read(self._watch, _READ_BYTES)
                return
            except BlockingIOError:
                await anyio.wait_readable(self._watch)


@contextmanager
def listening(bell: Path) -> Iterator[Ear | None]:
    """An ear for the bell at this path while the block lasts; None where none can be had."""
    watch = _watching(bell)
    if watch is None:
        yield None
        return
    try:
        yield Ear(watch)
    finally:
        os.close(watch)


def _watching(path: Path) -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    watch: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if watch < 0:
        return None
    if libc.inotify_add_watch(watch, os.fsencode(path), IN_ACCESS) < 0:
        os.close(watch)
        return None
    return watch
