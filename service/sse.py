"""What goes over the wire of a stream: an event, or one of the few words around it, as bytes.

1. Every block has data: several client libraries deliver a block without it (a heartbeat comment
   followed by a blank line, a lone `retry:`) to their user as an empty event. The opening therefore
   ends without a blank line, and its `retry` belongs to whatever block comes first.
2. The log's type `error` goes out as `failure`: `EventSource` keeps the name `error` for trouble of
   its own. The JSON inside keeps the log's word.
3. `frame` is a pure function of the stored event: replayed bytes equal live ones.
"""

from __future__ import annotations

import json

from sse_starlette.event import ServerSentEvent

from db.events import Event, EventType, Status, wire

RETRY_MS = 2000

# At once, so that proxies and clients see a living answer before the first event exists.
_COMMENT = b": andamento\n"
OPENING = _COMMENT + b"retry: %d\n" % RETRY_MS

_NAMES = {EventType.ERROR: "failure"}


def frame(event: Event) -> bytes:
    """One event as its block: `id`, `event`, one line of `data`."""
    return ServerSentEvent(
        wire(event), id=str(event.seq), event=_NAMES.get(event.type, event.type.value), sep="\n"
    ).encode()


def ping(*, retry_ms: int | None = None) -> bytes:
    """A sign of life that JavaScript can see; `retry_ms` also says when to come back."""
    return ServerSentEvent("{}", event="ping", retry=retry_ms, sep="\n").encode()


def reset(motive: str) -> bytes:
    """The reader's cursor cannot be used: what follows is everything from 1."""
    return _named("reset", {"motivo": motive, "cursor": 0})


def end(status: Status) -> bytes:
    """Nothing will follow; sent behind the terminal event only."""
    return _named("end", {"status": status.value})


def passing(retry_ms: int) -> bytes:
    """The whole of a stream that is refused for now: come back after `retry_ms`."""
    return _COMMENT + ping(retry_ms=retry_ms)


PING = ping()


def _named(name: str, data: dict[str, object]) -> bytes:
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return ServerSentEvent(text, event=name, sep="\n").encode()
