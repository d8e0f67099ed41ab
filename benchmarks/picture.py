"""The figures as one picture: small panels, the product in one colour and its peers in greys.

    python -m benchmarks.picture FACTS.json PICTURE.png

1. Drawn from the kept facts alone, so that it can be drawn again without measuring again.
2. White and opaque: it is read on light pages and on dark ones.
3. A figure that was not measured leaves its panel out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import FuncFormatter, NullLocator

OURS, PEERS = "#0b7a75", ("#5f6b76", "#98a2ad", "#c3cad1")
INK, QUIET, RULE, BOUND = "#1d2329", "#5f6b76", "#e3e7eb", "#b4532a"
COLUMNS, PANEL_INCHES, DPI = 3, (4.3, 3.3), 150

Facts = Mapping[str, Any]
Raw = Mapping[str, Any]
# Name, value, the label at the bar's end.
Bars = Sequence[tuple[str, float, str]]
Panel = tuple[int, Callable[[Axes], None]]


def draw(facts: Facts, path: Path) -> bool:
    """Draw what `facts` hold (`{"machine", "figures"}`, as kept by `--json`) to a PNG.

    False, and no file, if none of the figures is one to look at.
    """
    found = {figure["key"]: figure["raw"] for figure in facts["figures"] if figure["key"]}
    panels = _panels(found)
    if not panels:
        return False
    rows = _rows(panels)
    width, height = PANEL_INCHES
    with plt.rc_context({"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": INK}):
        figure = plt.figure(figsize=(width * COLUMNS, height * len(rows) + 0.9), facecolor="white")
        grid = GridSpec(
            len(rows), COLUMNS, figure, left=0.045, right=0.975, hspace=0.5, wspace=0.3,
            top=1 - 0.75 / figure.get_figheight(), bottom=0.75 / figure.get_figheight(),
        )  # fmt: skip
        for number, row in enumerate(rows):
            column = 0
            for span, paint in row:
                paint(figure.add_subplot(grid[number, column : column + span]))
                column += span
        figure.text(0.012, 0.012, _footer(facts["machine"]), color=QUIET, fontsize=8)
        figure.savefig(path, dpi=DPI, facecolor="white", transparent=False)
        plt.close(figure)
    return True


def dress(axes: Axes, title: str, about: str) -> None:
    """Title, a line below it, and no more of a frame than is needed."""
    axes.set_facecolor("white")
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, colors=QUIET, labelsize=8.5)
    axes.text(0, 1.13, title, transform=axes.transAxes, fontsize=12.5, fontweight="bold")
    axes.text(0, 1.045, about, transform=axes.transAxes, fontsize=8.8, color=QUIET)


def _panels(found: Mapping[str, Raw]) -> list[Panel]:
    """Span in columns, and what paints it."""
    known: Sequence[tuple[str, int, Callable[[Axes, Raw], None]]] = (
        ("delivery", 2, _delivery),
        ("burst", 1, _burst),
        ("streams", 1, _streams),
        ("appends", 1, _appends),
    )
    panels: list[Panel] = []
    for key, span, paint in known:
        if found.get(key):
            panels.append((span, lambda axes, paint=paint, raw=found[key]: paint(axes, raw)))  # type: ignore[misc]  # mypy sees no defaults in it
    if "snapshot_short" in found and "snapshot_long" in found:
        short, long = found["snapshot_short"], found["snapshot_long"]
        panels.append((1, lambda axes: _snapshots(axes, short, long)))
    return panels


def _rows(panels: Sequence[Panel]) -> list[list[Panel]]:
    rows: list[list[Panel]] = [[]]
    for panel in panels:
        if sum(span for span, _ in rows[-1]) + panel[0] > COLUMNS:
            rows.append([])
        rows[-1].append(panel)
    return rows


def _delivery(axes: Axes, raw: Raw) -> None:
    dress(axes, "Commit → client", "share of events that have arrived, by time on the way")
    names = [name for name in ("ours", "redis", "polling") if name in raw]
    for name, colour in zip(names, (OURS, *PEERS), strict=False):
        one = raw[name]
        curve = [*one["curve_ms"], one["worst_ms"]]
        shares = [100 * point / (len(curve) - 1) for point in range(len(curve))]
        label = f"{one['name']}\np50 {one['p50_ms']:.3g} ms, p99 {one['p99_ms']:.3g} ms"
        axes.plot(
            curve, shares, color=colour, linewidth=2.4 if name == "ours" else 1.8, label=label
        )
    axes.set_xscale("log")
    # A few are there before the writer's own thread goes on: that is no time at all.
    axes.set_xlim(left=0.05)
    axes.set_ylim(0, 101)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} ms"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
    axes.grid(True, color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    _legend(axes, raw)


def _legend(axes: Axes, raw: Raw) -> None:
    style = {"fontsize": 9, "labelspacing": 1.1, "edgecolor": "none"}
    fast = [raw[name]["p90_ms"] for name in ("ours", "redis") if name in raw]
    if "polling" not in raw:
        axes.legend(loc="lower right", **style)
        return
    # In the middle of the gap that polling leaves, on the logarithmic axis.
    late = raw["polling"]["curve_ms"][len(raw["polling"]["curve_ms"]) // 5]
    middle = (max(fast) * late) ** 0.5
    axes.legend(loc="center", bbox_to_anchor=(middle, 52), bbox_transform=axes.transData, **style)


def _burst(axes: Axes, raw: Raw) -> None:
    dress(axes, "Burst", "deliveries a second, one session's watchers")
    _bars(axes, [_rate(one) for one in raw.values()])


def _appends(axes: Axes, raw: Raw) -> None:
    dress(axes, "Durable appends", "a second, by many processes at once")
    _bars(axes, [_rate(one) for one in raw.values()])


def _streams(axes: Axes, raw: Raw) -> None:
    dress(axes, "Memory", f"resident KB a stream, {raw['streams']:,} open in one process")
    kinds = (("just opened", raw["idle_kb"]), ("after an event", raw["served_kb"]))
    _bars(axes, [(name, each, f"{each:.1f} KB") for name, each in kinds], ours=2, bound=36.0)


def _snapshots(axes: Axes, short: Raw, long: Raw) -> None:
    dress(axes, "Snapshot", "requests a second, by the length of the history")
    rows = (
        ("10 events", short["ours"]),
        ("10,000 events", long["ours"]),
        ("bare Starlette JSON route", long["bare"]),
    )
    _bars(axes, [_rate({**one, "name": name}) for name, one in rows], ours=2)


def _rate(one: Raw) -> tuple[str, float, str]:
    return one["name"], one["median_per_s"], f"{one['median_per_s']:,.0f}"


def _bars(axes: Axes, bars: Bars, *, ours: int = 1, bound: float | None = None) -> None:
    """Horizontal bars, the first `ours` of them in the product's colour; `bound` as a line."""
    greys = PEERS[: len(bars) - ours] if len(bars) > ours else ()
    most = max([value for _, value, _ in bars] + [bound or 0])
    for place, ((name, value, label), colour) in enumerate(
        zip(bars, [OURS] * ours + [*greys, *[PEERS[-1]] * len(bars)], strict=False)
    ):
        axes.barh(place, value, height=0.46, color=colour)
        axes.text(0, place - 0.31, name, va="bottom", fontsize=9, color=INK)
        if bound is None:
            axes.text(value + most * 0.015, place, label, va="center", fontsize=9, color=INK)
        else:
            # Beside the bar it would lie on the line.
            axes.text(most * 0.02, place, label, va="center", fontsize=9, color="white")
    axes.set_ylim(len(bars) - 0.6, -0.75)
    axes.set_xlim(0, most * 1.22)
    axes.set_yticks([])
    axes.set_xticks([])
    if bound is not None:
        axes.axvline(bound, color=BOUND, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.text(
            bound, -0.72, f"{bound:g} KB asked ", color=BOUND, fontsize=8, ha="right", va="top"
        )


def _footer(machine: Raw) -> str:
    return (
        f"Server, peers, writers and load client share {machine['cores']} cores · "
        f"{machine['system']} · Python {machine['python']} · SQLite {machine['sqlite']} · "
        f"{machine['day']} · make bench"
    )


if __name__ == "__main__":
    if not draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])):
        sys.exit(f"nothing to draw among the figures in {sys.argv[1]}")
