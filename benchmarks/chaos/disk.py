"""A small disk in memory, which can be filled; only root can mount one."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

# The path of Chromium's socket in the temporary folder is limited.
ROOT = "/tmp" if os.access("/tmp", os.W_OK) else None
# More than the free space below which health and check complain.
DISK_MB = 400


def mount(folder: Path) -> None:
    """A small disk in memory at `folder`. Raises PermissionError where that cannot be done."""
    options = f"size={DISK_MB}m,mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "andamento-chaos", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise PermissionError(f"no small disk can be mounted ({error.strerror})") from error
    if done.returncode:
        raise PermissionError(f"no small disk can be mounted ({done.stderr.strip()})")


def can_mount() -> str | None:
    """None where a small disk can be mounted; else why not."""
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=ROOT) as folder:
        try:
            mount(Path(folder))
        except PermissionError as error:
            return str(error)
        subprocess.run(["umount", folder], check=True)
    return None
