"""One row of the table: what was measured, against which peer, and what the contract asks for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`value` and `peer` are texts with their unit; `reached` is None where nothing is asked."""

    name: str
    value: str
    peer: str = ""
    ratio: float | None = None
    asked: str = ""
    reached: bool | None = None


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


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 … 1) of the sorted `values` lie."""
    return values[min(len(values) - 1, int(len(values) * share))]


console = Console(width=None if Console().is_terminal else 140)
