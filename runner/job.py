"""What a worker is told on its standard input: to get ready, and then whose session to run.

1. Two kinds of line, each one line of JSON: a `Warmup` comes first or not at all, a `Job` last.
2. Nowhere else: arguments, environment and file names can be read by every user of the machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from db.store import Lease
from runner.flow import Site
from runner.lesson import NOTHING, Lesson

# Renewed every second; five missed beats are no busy moment any more.
TTL_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Whose session, under which lease, with which answers, where.

    `percentual` is what the visitor has seen already, where the session was begun before.
    """

    session_id: str
    generation: int
    owner: str
    automation: str
    answers: Mapping[str, Any] = field(repr=False)
    database: str
    site: Site = field(repr=False)
    chromium: str = ""
    lesson: Lesson = NOTHING
    percentual: float = 0.0
    ttl_s: float = TTL_S

    @property
    def lease(self) -> Lease:
        """The right to write the session."""
        return Lease(session_id=self.session_id, generation=self.generation, owner=self.owner)

    def line(self) -> bytes:
        """The job as one line of JSON."""
        told = asdict(replace(self, answers=dict(self.answers)))
        return json.dumps(told, ensure_ascii=True).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        """The job that `line` was made of. Raises ValueError, which does not quote it."""
        try:
            told = json.loads(line)
            parts = {"site": Site(**told["site"]), "lesson": Lesson(**told["lesson"])}
            return cls(**{**told, **parts})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"not a job ({type(error).__name__})") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """What can be done before the job is known: load these flows, open this browser.

    `flows` are named as in `Automation.flow`; an empty `chromium` is one that is found.
    """

    chromium: str = ""
    flows: tuple[str, ...] = ()

    def line(self) -> bytes:
        """The order as one line of JSON."""
        return json.dumps({"warmup": asdict(self)}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Warmup | None:
        """The order that `line` was made of, or None: then it is a job."""
        try:
            told = json.loads(line)["warmup"]
        except (ValueError, TypeError, KeyError):
            return None
        return cls(chromium=told["chromium"], flows=tuple(told["flows"]))
