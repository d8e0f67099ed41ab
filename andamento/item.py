"""One line of `andamento check`: what was looked at, how it stands, what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How an item stands. A warning works, and deserves a look."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`todo` is empty unless there is something to do."""

    item: str
    verdict: Verdict = Verdict.OK
    measured: str
    todo: str = ""


def good(item: str, measured: str) -> Item:
    """All is well."""
    return Item(item=item, measured=measured)


def warning(item: str, measured: str, todo: str) -> Item:
    """It works, and deserves a look."""
    return Item(item=item, verdict=Verdict.WARNING, measured=measured, todo=todo)


def failed(item: str, measured: str, todo: str) -> Item:
    """It does not work, or is not true."""
    return Item(item=item, verdict=Verdict.FAILED, measured=measured, todo=todo)
