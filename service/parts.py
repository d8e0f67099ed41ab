"""What the routes share: the store, the broadcast, the pictures, the choices, the key.

1. Everything here is handed in or made once by `create_app`; nothing is global, so that two
   services can live in one process (tests do).
2. The runner's automations are known by the little that the service asks of them; it never imports
   the runner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from anyio import CancelScope

from db.store import Requests
from service.address import Networks
from service.broadcast import Broadcast
from service.cors import Origins
from service.limits import Gate
from service.picture import Gallery
from service.settings import ServiceSettings
from service.tail import Tail
from service.tally import Tally

# An ASGI extension of our own: a function that ends the connection of the client it is given.
DROP = "andamento.drop"


class Intake(Protocol):
    """A visitor's input after normalisation; `errors` maps field name to one sentence."""

    @property
    def answers(self) -> Mapping[str, Any]: ...
    @property
    def assumed(self) -> Sequence[str]: ...
    @property
    def ignored(self) -> int: ...
    @property
    def errors(self) -> Mapping[str, str]: ...


class Automation(Protocol):
    """What can be run, as far as the service needs to know it."""

    @property
    def name(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def priority(self) -> int: ...

    def normalise(self, raw: Mapping[str, Any], *, language: Literal["pt", "en"]) -> Intake:
        """Validate a visitor's answers; never raises for what a visitor can send."""
        ...


Seal = Callable[[str, Mapping[str, Any]], bytes]


class Closing(Exception):
    """The service is about to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One service's insides."""

    store: Requests
    automations: Mapping[str, Automation]
    seal: Seal
    secret: str
    settings: ServiceSettings
    broadcast: Broadcast
    tail: Tail
    gallery: Gallery
    gate: Gate
    tally: Tally
    origins: Origins
    trusted: Networks
    # Whoever holds a connection open for long; told to hurry when the service stops.
    open: set[CancelScope] = field(default_factory=set)

    def place(self, address: str, session_id: str) -> AbstractContextManager[None]:
        """A place for one long-lived answer; raises NoRoom, or Closing when all must leave."""
        if self.broadcast.closed:
            raise Closing
        return self.gate.stream(address, session_id)
