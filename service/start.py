"""`POST /api/rpa/start`: a visitor's answers become a queued session and the right to watch it.

1. The service writes a request, never a fact: what happens with it is the runner's to say.
2. Answers are normalised and validated here, all fields at once, and sealed before they are stored;
   an invalid request leaves no trace but a count.
3. The same idempotency key, or the same answers from the same client within a short while, is the
   same session: a double click must not run two robots. Key, answers and address are stored as
   keyed digests only.
4. A full queue says when to come back in the queue's own words: the runner tells everybody who
   waits their place and their wait, so that one place takes about the one divided by the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db.errors import QueueFull
from db.events import Event
from db.snapshot import Snapshot, render
from db.store import NewSession, Session
from service.body import parse
from service.errors import RETRY_AFTER_S, Language, Refusal
from service.parts import Automation, Closing, Intake, Parts
from service.request import address, base_url, language
from service.sessions import timestamp
from service.token import digest, mint, new_session_id

# Long enough for every UUID and digest that clients make up.
KEY_CHARACTERS = 200
# Of those who wait: every place takes about the same time, and a full queue is asked often.
ASKED = 20
# Whoever is sent away comes back neither at once nor when the form has been forgotten.
AWAY_S = (5, 120)

_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_CHARACTERS}}}")
_MESSAGE = {
    "pt": "Recebemos seu pedido. Acompanhe o progresso.",
    "en": "We have received your request. Follow its progress.",
}
_UNKNOWN = {"pt": "Automação desconhecida", "en": "Unknown automation"}

log = structlog.get_logger("service.start")


async def start(request: Request, parts: Parts) -> Response:
    """Store the request: 202 if it is new, 200 if it is a repetition."""
    if parts.broadcast.closed:
        raise Closing
    parts.gate.start(address(request, parts))
    key = _key(request)
    raw = parse(await _body(request, parts))
    automation, intake = _understood(raw, parts, language(request))
    session, new = await _store(request, parts, automation, intake, key)
    log.info("a session was requested", session=session.id, automation=automation.name, new=new)
    picture = Snapshot() if new else (await parts.gallery.picture(session.id)).snapshot
    return JSONResponse(_answer(request, parts, session, picture), 202 if new else 200)


async def _body(request: Request, parts: Parts) -> bytes:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not re.fullmatch(r"application/[\w.-]+\+json", media):
        raise Refusal("tipo_nao_suportado")
    read: bytes = await request.state.body.read(parts.settings.body_limit, parts.settings.body_s)
    return read


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refusal("chave_invalida")
    return key


def _understood(raw: dict[str, Any], parts: Parts, spoken: Language) -> tuple[Automation, Intake]:
    name = raw.pop("automation", parts.settings.default_automation)
    automation = parts.automations.get(name) if isinstance(name, str) else None
    if automation is None:
        raise Refusal("parametros_invalidos", fields={"automation": _UNKNOWN[spoken]})
    intake = automation.normalise(raw, language=spoken)
    if intake.errors:
        raise Refusal("parametros_invalidos", fields=intake.errors)
    return automation, intake


async def _store(
    request: Request, parts: Parts, automation: Automation, intake: Intake, key: str | None
) -> tuple[Session, bool]:
    # A database that was moved away would take the request and lose it with its last descriptor.
    await parts.store.probe()
    session_id = new_session_id()
    answers: Mapping[str, Any] = dict(intake.answers)
    said = {"automation": automation.name, "answers": answers}
    new = NewSession(
        id=session_id,
        automation=automation.name,
        queue=automation.queue,
        priority=automation.priority,
        answers=parts.seal(session_id, answers),
        assumed=tuple(intake.assumed),
        ignored=intake.ignored,
        idempotency_key=digest(parts.secret, "idempotency key", key) if key else None,
        fingerprint=digest(parts.secret, "fingerprint", said),
        client=digest(parts.secret, "client", address(request, parts)),
    )
    settings = parts.settings
    try:
        return await parts.store.create(
            new, repeat_within_s=settings.repeat_within_s, queue_limit=settings.queue_limit
        )
    except QueueFull:
        seconds = await _place_free_s(parts, automation.queue)
        raise Refusal("fila_cheia", retry_after_s=seconds) from None


async def _place_free_s(parts: Parts, queue: str) -> int:
    line = await parts.store.unfinished(waiting=queue, limit=ASKED)
    for _, event in reversed(line):
        seconds = _one_place_s(event) if event else None
        if seconds is not None:
            return max(AWAY_S[0], min(math.ceil(seconds), AWAY_S[1]))
    return RETRY_AFTER_S


def _one_place_s(event: Event) -> float | None:
    match event.data.get("fila"):
        case {"posicao": int(place), "espera_s": int() | float() as wait} if place > 0:
            return wait / place
        case _:
            return None


def _answer(request: Request, parts: Parts, session: Session, snapshot: Snapshot) -> dict[str, Any]:
    settings = parts.settings
    token = mint(parts.secret, session.id, ttl_s=settings.token_ttl_s)
    base = base_url(request, parts)
    return {
        "success": True,
        "session_id": session.id,
        "token": token,
        "status": str(session.status),
        "events_url": f"{base}/api/rpa/events/{session.id}?token={token}",
        "progress_url": f"{base}/api/rpa/progress/{session.id}?token={token}",
        "snapshot": render(snapshot),
        "message": _MESSAGE[language(request)],
        "timestamp": timestamp(),
    }
