"""One row of the table: what was measured, against which peer, and what the contract asks for."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

# Points of a distribution that are kept: enough for a curve to the thousandth at either end.
POINTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`value` and `peer` are texts with their unit; `reached` is None where nothing is asked, or
    where it cannot be told because the peer or the machine's limits are missing.

    `raw` holds the numbers behind the texts, JSON only; units are in its names (`_ms`, `_bytes`,
    `_per_s`). `key` is how programs find the row.
    """

    name: str
    value: str
    peer: str = ""
    ratio: float | None = None
    asked: str = ""
    reached: bool | None = None
    key: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


def table(figures: list[Figure]) -> Table:
    """The figures as one table for the terminal."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("figure", "measured", "peer in the same run", "ratio", "asked", ""):
        shown.add_column(column)
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        mark = {None: "", True: "[green]reached[/]", False: "[red]missed[/]"}[figure.reached]
        shown.add_row(figure.name, figure.value, figure.peer, ratio, figure.asked, mark)
    return shown


def facts(figures: list[Figure]) -> list[dict[str, Any]]:
    """The figures for programs."""
    return [asdict(figure) for figure in figures]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "day": datetime.now(UTC).date().isoformat(),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 … 1) of the sorted `values` lie."""
    return values[min(len(values) - 1, int(len(values) * share))]


def spread(values: Sequence[float], unit: str) -> dict[str, Any]:
    """Count, percentiles and curve of the (unsorted) `values`, named by their `unit`."""
    ordered = sorted(values)
    named = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
    return {
        "count": len(ordered),
        **{f"{name}_{unit}": percentile(ordered, share) for name, share in named.items()},
        f"worst_{unit}": ordered[-1],
        f"curve_{unit}": [percentile(ordered, point / POINTS) for point in range(POINTS)],
    }


def rates(values: Sequence[float]) -> dict[str, Any]:
    """The rates of several rounds, and their median, for `raw`."""
    return {"median_per_s": median(values), "rounds_per_s": list(values)}


console = Console(width=None if Console().is_terminal else 140)
