"""What goes back to the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .run import Run

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to one call, sent after `wait_s` seconds; `run` is moving until then."""

    body: Body
    status: int = 200
    wait_s: float = 0.0
    run: Run | None = None
