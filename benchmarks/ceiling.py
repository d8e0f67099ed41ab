"""The load client alone: what it counts when nothing but memory stands behind the sockets.

The burst's own bytes, from a process that does nothing but write them. It is what every figure of a
burst has to be compared with: a server that came near it would be faster than was measured. The
best of a few rounds, since a ceiling is what can be reached; `busy` says how much of a core the
client used even then (the rest of the time it waited for the bytes).
"""

from __future__ import annotations

from benchmarks.client import Crowd, Take
from benchmarks.figure import Figure
from benchmarks.peer import program

LEAST = 2.0
PATIENCE_S = 60.0


def measure(*, rounds: int, watchers: int, events: int, fastest: float) -> Figure:
    """Deliveries a second of the client alone, against the `fastest` that was measured with it.

    Raises RuntimeError when it loses an event.
    """
    takes = [_blast(watchers, events) for _ in range(rounds)]
    best = max(takes, key=lambda take: take.rate)
    return Figure(
        key="ceiling",
        name="the load client's own ceiling",
        value=f"{best.rate:,.0f} deliveries/s",
        peer=f"the fastest above {fastest:,.0f}",
        ratio=best.rate / fastest,
        asked=f"≥ {LEAST:g} ×: not the limit",
        reached=best.rate / fastest >= LEAST,
        raw={"deliveries_per_s": best.rate, "busy": best.busy},
    )


def _blast(watchers: int, events: int) -> Take:
    with (
        program("blaster", str(watchers), str(events)) as (process, base),
        Crowd([f"{base}/"] * watchers) as crowd,
    ):
        crowd.open(patience_s=PATIENCE_S)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        take = crowd.gather(events, patience_s=PATIENCE_S)
    if not take.whole:
        raise RuntimeError(f"the client lost {take.lost} events and saw {take.repeated} twice")
    return take
