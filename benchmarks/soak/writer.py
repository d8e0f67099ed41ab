"""What is written during a soak: sessions that begin, go on for a while, end, and are replaced.

A few live as long as the soak itself: their streams are rotated, their histories grow long.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from db.events import EventType
from db.store import Lease, NewSession, Store
from service.token import new_session_id

# Of ten sessions, one lives as long as the soak. The others get so many events.
LASTING = 10
LENGTHS = (40, 500)
LEASE_S = 86_400
RESULT = {"desfecho": "cotacao_manual", "mensagem": "Fim.", "proximo_passo": "Nada a fazer."}


@dataclass(slots=True, kw_only=True)
class Session:
    """One that is written; `length` is None where it is to last. `written` events are committed,
    or one less while its append is under way."""

    id: str
    url: str
    progress_url: str
    lease: Lease
    length: int | None
    written: int = 0
    ended: bool = False


class Writer:
    """Writes `rate` events a second into `sessions` of them, until told to stop; then ends all."""

    def __init__(
        self,
        store: Store,
        urls: Callable[[str], tuple[str, str]],
        *,
        sessions: int,
        rate: float,
        chance: random.Random,
    ) -> None:
        self._store = store
        self._urls = urls
        self._count = sessions
        self._rate = rate
        self._chance = chance
        self._stopping = False
        self.alive: list[Session] = []
        self.written = self.begun = self.ended = 0
        self.worst_s = 0.0

    async def prepare(self) -> None:
        """Begin the first sessions."""
        self.alive = [await self._begin(number) for number in range(self._count)]

    def stop(self) -> None:
        """Let `run` end all sessions and return."""
        self._stopping = True

    async def run(self) -> None:
        """Write, paced against the start: a slow append does not slow the whole down."""
        began, count = time.perf_counter(), 0
        while not self._stopping:
            await anyio.sleep(max(0.0, began + count / self._rate - time.perf_counter()))
            place = count % len(self.alive)
            session = self.alive[place]
            last = session.length is not None and session.written + 1 >= session.length
            await self._append(session, last=last)
            if last:
                self.alive[place] = await self._begin(place)
            count += 1
        for session in self.alive:
            await self._append(session, last=True)

    async def _begin(self, place: int) -> Session:
        made = await self._store.create(
            NewSession(id=new_session_id(), automation="simulacao", queue="soak")
        )
        self.begun += 1
        url, progress_url = self._urls(made[0].id)
        return Session(
            id=made[0].id,
            url=url,
            progress_url=progress_url,
            lease=await self._store.fence(made[0].id, "soak", ttl_s=LEASE_S),
            length=None if place % LASTING == 0 else self._chance.randint(*LENGTHS),
        )

    async def _append(self, session: Session, *, last: bool) -> None:
        number = session.written + 1
        progress = {
            "etapa": str(1 + number % 15),
            "etapa_atual": 1 + number % 15,
            "total_etapas": 15,
            "percentual": min(99.0, number / 10),
            "status": "running",
            "fase": "aviso",
            "titulo": f"Tela {1 + number % 15}",
            "mensagem": f"Evento {number} do ensaio de resistência",
            "restante_s": None,
        }
        kind, data = (EventType.RESULT, RESULT) if last else (EventType.PROGRESS, progress)
        began = time.perf_counter()
        await self._store.append(session.lease, kind, data)
        self.worst_s = max(self.worst_s, time.perf_counter() - began)
        session.written = number
        self.written += 1
        if last:
            session.ended = True
            self.ended += 1
