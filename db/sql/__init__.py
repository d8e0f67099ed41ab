"""SQL as named queries: one folder an engine, loaded once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def named_queries(engine: str) -> Mapping[str, str]:
    """Name → statement, from `<engine>/queries.sql`, where `-- name: x` stands above each."""
    text = (files(__package__) / engine / "queries.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {name: sql.strip() for name, sql in zip(parts[1::2], parts[2::2], strict=True)}


def migrations(engine: str) -> list[tuple[int, str]]:
    """(version, script) in order, from `<engine>/migrations/NNNN_what.sql`."""
    folder = files(__package__) / engine / "migrations"
    scripts = sorted((entry.name, entry) for entry in folder.iterdir() if entry.name[:4].isdigit())
    return [(int(name[:4]), entry.read_text(encoding="utf-8")) for name, entry in scripts]
