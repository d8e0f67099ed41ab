"""The events that are published to peers: the same JSON, of the same size, as the product's."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from db.events import Event, EventType, encode, wire


def event(session_id: str, number: int, events: int) -> str:
    """Event `number` of `events` on one line, stamped now; like those of `andamento simulate`."""
    share = number / events
    screen = 1 + int(share * 15)
    data = {
        "etapa": str(screen),
        "etapa_atual": screen,
        "total_etapas": 15,
        "percentual": min(99.0, round(share * 100, 1)),
        "status": "running",
        "fase": "aviso",
        "titulo": f"Tela {screen}",
        "mensagem": f"Evento simulado {number} de {events}",
        "restante_s": None,
        "t": time.time_ns(),
    }
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return wire(
        Event(
            session_id=session_id,
            seq=number,
            type=EventType.PROGRESS,
            at=at,
            body=encode(data),
        )
    )
