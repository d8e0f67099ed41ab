"""`python -m demo.replica`: serve the replica until SIGTERM or Ctrl-C.

1. One line `ready http://…` on standard output once it serves, so that a parent can wait for it.
2. A port that is taken is one clear line on standard error and exit code 1.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from .server import Replica


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.replica", description="Réplica de um cotador de seguros."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--pace", choices=("fast", "real"), default="fast")
    parser.add_argument("--seed", type=int, default=0, help="varies every invented amount")
    parser.add_argument("--record", type=Path, help="append one JSON line per ended run")
    chosen = parser.parse_args(argv)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    site = Replica(
        pace=chosen.pace,
        seed=chosen.seed,
        host=chosen.host,
        port=chosen.port,
        record=chosen.record,
    )
    try:
        site.start()
    except (OSError, OverflowError) as error:
        print(f"cannot serve on {chosen.host}:{chosen.port}: {error}", file=sys.stderr)
        return 1
    print(f"ready {site.origin}", flush=True)
    stopping.wait()
    site.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
