"""Memory and WAL of the service over the time of a soak, as a picture (PNG)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib import pyplot as plt

from benchmarks.picture import DPI, INK, OURS, PEERS, dress
from benchmarks.soak.gauge import Sample
from benchmarks.soak.verdict import MB


def draw(samples: Sequence[Sample], path: Path) -> None:
    """Two panels over minutes; white and opaque."""
    minutes = [sample.at_s / 60 for sample in samples]
    rows = (
        ("Memory", "resident MB of the service", [one.rss_bytes / MB for one in samples], OURS),
        ("WAL", "MB", [one.wal_bytes / MB for one in samples], PEERS[0]),
    )
    with plt.rc_context({"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": INK}):
        figure, panels = plt.subplots(2, 1, figsize=(8.6, 5.4), sharex=True, facecolor="white")
        for axes, (title, about, values, colour) in zip(panels, rows, strict=True):
            dress(axes, title, about)
            axes.plot(minutes, values, color=colour, linewidth=1.4)
            axes.set_ylim(0, max(*values, 1) * 1.15)
            axes.grid(True, color="#e3e7eb", linewidth=0.8)
            axes.set_axisbelow(True)
        panels[-1].set_xlabel("minutes", color=PEERS[0])
        figure.subplots_adjust(left=0.07, right=0.975, top=0.87, bottom=0.09, hspace=0.42)
        figure.savefig(path, dpi=DPI, facecolor="white", transparent=False)
        plt.close(figure)
