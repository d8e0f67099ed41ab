"""Locked npm packages for the tests that need them, installed once beside their lock file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def install_packages(folder: Path) -> str:
    """The packages that this folder locks; says what is missing, or nothing."""
    locked, installed = folder / "package-lock.json", folder / "node_modules" / ".installed"
    if installed.exists() and installed.read_bytes() == locked.read_bytes():
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed (on Debian or Ubuntu: apt install npm)"
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode:
        return f"npm could not install the locked packages: {done.stderr.strip()[-300:]}"
    installed.write_bytes(locked.read_bytes())
    return ""
