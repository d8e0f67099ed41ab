"""`python -m demo.landing`: the broker's page until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from demo.landing import Landing


def main(arguments: list[str] | None = None) -> int:
    """Print `ready <address>` and serve until the signal. 0 when stopped, 1 without a port."""
    parser = argparse.ArgumentParser(prog="python -m demo.landing", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--api", default="http://127.0.0.1:8000", help="the service's address")
    chosen = parser.parse_args(arguments)

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        page = Landing(api=chosen.api, host=chosen.host, port=chosen.port)
    except OSError as error:
        print(f"cannot listen on {chosen.host}:{chosen.port}: {error.strerror}", file=sys.stderr)
        return 1
    with page:
        print(f"ready {page.url}", flush=True)
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
