"""`andamento` and `python -m andamento`: the command line, from its first moment on."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script."""
    try:
        # Inside, so that a Ctrl-C while half a second of imports goes on is no traceback.
        from andamento.cli import app
    except KeyboardInterrupt:
        sys.exit(130)
    app()


if __name__ == "__main__":
    main()
