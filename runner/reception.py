"""The reception: what is to become of a session that was just claimed, and its first word.

1. The log decides. What waits by its own last word is begun; what was under way belonged to a
   runner that is gone, and is ended truthfully, unless no worker had come to any screen.
2. Not for ever: what kills its runner each time would kill this one too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from db.events import Phase
from db.snapshot import Snapshot
from db.store import Session, Wish
from runner.automation import Automation
from runner.ending import touched
from runner.reporter import FIRST_SCREEN, progress

# A session whose runner died this often before anything happened is not begun again.
ATTEMPTS = 3

BEGIN_MESSAGE = "Começamos! Estamos preparando tudo."
AGAIN_MESSAGE = "Recomeçamos a sua cotação. Estamos preparando tudo."
BEGIN_TITLE = "Preparação"

Refusal = tuple[str, Mapping[str, Any]]


def refusal(
    session: Session, picture: Snapshot, *, automations: Collection[str], queues: Collection[str]
) -> Refusal | None:
    """The `tipo` and the detail of the ending that is due at once, or None: it may begin."""
    if session.wish is Wish.CANCEL:
        return "cancelado", {"causa": "cancelled while it waited"}
    if session.automation not in automations:
        return "interno", {"causa": "unknown automation", "automacao": session.automation}
    if touched(picture) or session.queue not in queues:
        return "robo_interrompido", {"causa": "its runner is gone"}
    if session.lapses >= ATTEMPTS:
        return "robo_interrompido", {"causa": "its runners died", "vezes": session.lapses}
    return None


def beginning(
    automation: Automation, session: Session, answers: Mapping[str, Any], picture: Snapshot
) -> dict[str, Any]:
    """The data of a session's first event, which tells what was assumed in the visitor's place."""
    again = session.generation > 1 and picture.cursor > 0
    data = progress(
        etapa=FIRST_SCREEN,
        total=automation.screens(answers),
        percentual=picture.percentual,
        fase=Phase.NOTICE,
        titulo=BEGIN_TITLE,
        mensagem=AGAIN_MESSAGE if again else BEGIN_MESSAGE,
    )
    if assumed := automation.assumptions(answers, session.assumed):
        data["assumidas"] = assumed
    return data
