"""Where the evidence of failed screens lies: a folder a session, in it one a failing page.

1. `<root>/<session>/<number>/`, folders 0700 and files 0600; names hold no personal data.
2. The number comes from what is there: one session may fail on several pages, also after a retry or
   under another generation.
3. Removal works on whole session folders: retention, the bound in size and erasure are all
   `remove`. Whoever removes what somebody else is removing has reached the same end.
4. A session id becomes a path only when it is one name: `../x` is refused before any path is made.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "evidence"
FACTS = "evidence.json"
# What a failing page leaves, in the order in which people look at it.
FILES = ("screenshot.png", "page.yaml", "trace.zip", FACTS)
# As `quote --session` takes them, and as the service makes them.
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,100}")
# A session tries its flow twice; more pages than this would be a flow that runs wild.
MAX_PAGES = 20
# Some 0.3 MB a failing page: more than a thousand of them.
MAX_BYTES = 500 * 1024 * 1024
# Facts are a screen of JSON; a file that is larger is not ours.
MAX_FACTS = 64 * 1024
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What one failing page left: its number, its folder, its files with sizes, its facts."""

    number: int
    folder: Path
    files: dict[str, int]
    facts: dict[str, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path | None:
        """The file of that name, if there is one."""
        return self.folder / name if name in self.files else None


class Shelf:
    """The evidence of all sessions under `root`; nothing is made before there is something."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, session_id: str) -> Path:
        """The folder of a session, there or not. Raises ValueError for what is no session id."""
        if not _SESSION.fullmatch(session_id):
            raise ValueError("a session id has letters, digits, - and _ only")
        return self.root / session_id

    def open(self, session_id: str) -> Path:
        """A new, empty folder for one failing page. Raises OSError, also when there are too many.

        Its last two parts are the session and the number.
        """
        folder = self.folder(session_id)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in range(max(_numbers(folder), default=0) + 1, MAX_PAGES + 1):
            with suppress(FileExistsError):
                (folder / str(number)).mkdir(mode=0o700)
                return folder / str(number)
        raise OSError("this session has left enough evidence")

    def exhibits(self, session_id: str) -> list[Exhibit]:
        """What a session left, oldest first."""
        folder = self.folder(session_id)
        return [_exhibit(folder / str(number), number) for number in sorted(_numbers(folder))]

    def remove(self, session_id: str) -> None:
        """Remove all that a session left, if anything."""
        shutil.rmtree(self.folder(session_id), ignore_errors=True)

    def sweep(self, *, days: int, max_bytes: int = MAX_BYTES) -> int:
        """Remove sessions older than `days` (0: all), then the oldest above `max_bytes`.

        Returns how many were removed.
        """
        oldest_kept = time.time() - days * DAY_S if days else float("inf")
        total, removed = 0, 0
        for changed, size, name in sorted(self._sessions(), reverse=True):
            total += size
            if changed < oldest_kept or total > max_bytes:
                self.remove(name)
                removed += 1
        return removed

    def _sessions(self) -> Iterator[tuple[float, int, str]]:
        for folder in _entries(self.root):
            if _SESSION.fullmatch(folder.name) and folder.is_dir(follow_symlinks=False):
                files = [file for page in _entries(Path(folder)) for file in _entries(Path(page))]
                with suppress(OSError):
                    yield folder.stat().st_mtime, sum(map(_size, files)), folder.name


def write(path: Path, content: bytes) -> None:
    """A new file that only this user may read. Raises OSError, also when it is there."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)


def _exhibit(folder: Path, number: int) -> Exhibit:
    found = {entry.name: _size(entry) for entry in _entries(folder)}
    files = {name: found[name] for name in FILES if name in found}
    facts: dict[str, Any] = {}
    if files.get(FACTS, MAX_FACTS) < MAX_FACTS:
        with suppress(OSError, ValueError):
            told = json.loads((folder / FACTS).read_bytes())
            facts = told if isinstance(told, dict) else {}
    return Exhibit(number=number, folder=folder, files=files, facts=facts)


def _numbers(folder: Path) -> list[int]:
    return [int(entry.name) for entry in _entries(folder) if re.fullmatch(r"\d{1,4}", entry.name)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    # What is not there, or has just gone, is empty.
    try:
        if folder.is_symlink() or not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
