"""How many files this process may hold open: a stream is one, and a shell gives a thousand.

The system has two limits: a soft one that counts, and a hard one up to which a process may raise
the soft one itself. What is missing then is for whoever started us to give (`LimitNOFILE` in a unit
of systemd, `ulimit -Hn`), and is said at the start: at the limit nobody could connect any more.
"""

from __future__ import annotations

import resource

import structlog

# The database, keys, logs, and connections between two requests.
OTHERS = 1_000

log = structlog.get_logger()


def allow(streams: int) -> int:
    """Raise this process's limit so that it can hold so many streams; the limit as it is then."""
    wanted = streams + OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _enough(soft, wanted):
        return soft
    reached = wanted if _enough(hard, wanted) else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reached, hard))
    except (ValueError, OSError):
        # macOS has one more limit that it does not tell.
        reached = soft
    if reached < wanted:
        log.warning(
            "the system allows fewer open files than the streams of the settings need",
            allowed=reached,
            needed=wanted,
        )
    return reached


def _enough(limit: int, wanted: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= wanted
