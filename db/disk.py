"""What kind of disk a folder lies on."""

from __future__ import annotations

from pathlib import Path

import psutil


def disk_kind(folder: Path) -> str:
    """The file system of the mount that holds `folder`, such as "ext4" or "nfs4"; "" if unknown."""
    place = folder.resolve()
    kinds = {
        Path(partition.mountpoint): partition.fstype
        for partition in psutil.disk_partitions(all=True)
    }
    return next((kinds[parent] for parent in (place, *place.parents) if parent in kinds), "")
