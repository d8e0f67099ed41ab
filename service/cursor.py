"""Where a returning reader says it stopped.

1. After a page reload the address still carries an old cursor while the browser's header has the
   newer one, and other clients know only the query: where several are given, the largest counts.
2. Only short, plain decimal numbers are cursors. What is not a number is never guessed at; if
   nothing else was given, the reader is told to begin again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

QUERY_NAMES = ("last_event_id", "lastEventId", "after")

# Fifteen digits are exact in JavaScript's numbers and far beyond any history.
_NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The seq after which to go on; `readable` is False if only nonsense was given."""

    seq: int = 0
    readable: bool = True


def parse(given: Iterable[str]) -> Cursor:
    """The largest valid one of all values given; empty ones were not given."""
    values = [value.strip() for value in given if value.strip()]
    numbers = [int(value) for value in values if _NUMBER.fullmatch(value)]
    return Cursor(seq=max(numbers, default=0), readable=bool(numbers) or not values)
