"""The operator's hand: cancel, pause and resume a session, or do one again.

1. Nothing is done here but wishing: who holds the session hears it within a fifth of a second, and
   what becomes of it is told in the session's own events.
2. A wish to cancel is final: no later one takes it back.
3. A session done again is a new one, with the old one's answers, linked to it; the old one stays.
"""

from __future__ import annotations

from andamento import terminal
from andamento.look import coloured, store_at
from andamento.place import open_vault
from andamento.settings import load
from andamento.terminal import DbOption, Failed, JsonOption, SessionArgument, emit, out
from db.errors import Ended
from db.sqlite import SqliteStore
from db.store import NewSession, Session, Wish
from db.vault import Unreadable, Vault


def cancel(session_id: SessionArgument, db: DbOption = None, json: JsonOption = False) -> None:
    """Ask a session to stop. Its runner ends it with the error `cancelado`."""
    _wish(session_id, Wish.CANCEL, "Cancel requested; it is {status} until it ends.", db, json)


def pause(session_id: SessionArgument, db: DbOption = None, json: JsonOption = False) -> None:
    """Ask a session to rest on entering its next screen, for at most 30 minutes."""
    _wish(
        session_id, Wish.PAUSE, "Pause requested; it is {status} until its next screen.", db, json
    )


def resume(session_id: SessionArgument, db: DbOption = None, json: JsonOption = False) -> None:
    """Let a paused session go on."""
    _wish(session_id, None, "It may go on; it is {status} until it does.", db, json)


def retry(session_id: SessionArgument, db: DbOption = None, json: JsonOption = False) -> None:
    """Do an ended session again: a new session with the same answers."""

    async def main() -> None:
        vault = open_vault(load(db=db))
        async with store_at(db) as store:
            old = await store.session(session_id)
            if not old.status.terminal:
                raise Failed(f"{session_id} is still {old.status}; cancel it first")
            new = await _again(store, old, vault)
        if json:
            emit({"session_id": new.id, "retry_of": old.id, "status": new.status})
        else:
            out.print(f"{new.id} does it again; follow it with: andamento tail {new.id}")

    terminal.run(main)


def _wish(session_id: str, wish: Wish | None, told: str, db: str | None, json: bool) -> None:
    async def main() -> None:
        async with store_at(db) as store:
            try:
                session = await store.wish(session_id, wish)
            except Ended as error:
                status = (await store.session(session_id)).status
                raise Failed(f"{session_id} has already ended ({status})") from error
        if session.wish is not wish:
            raise Failed(f"{session_id} is being cancelled, which cannot be taken back")
        if json:
            emit({"session_id": session_id, "status": session.status, "wish": session.wish})
        else:
            out.print(told.format(status=coloured(session.status)))

    terminal.run(main)


async def _again(store: SqliteStore, old: Session, vault: Vault) -> Session:
    # Here, so that the other commands need neither input models nor tokens.
    from andamento.automations import AUTOMATIONS
    from service.token import new_session_id

    try:
        automation = AUTOMATIONS[old.automation]
        answers = vault.open(old.id, old.answers)
    except KeyError as error:
        raise Failed(str(error)) from None
    except Unreadable:
        raise Failed(
            f"the answers of {old.id} were sealed with another key; set ANDAMENTO_DATA_DIR to the "
            "data folder that it ran with"
        ) from None
    new_id = new_session_id()
    new = NewSession(
        id=new_id,
        automation=automation.name,
        # Not the old one's: that of a quote in the foreground is served by nobody.
        queue=automation.queue,
        priority=automation.priority,
        answers=vault.seal(new_id, answers),
        assumed=old.assumed,
        ignored=old.ignored,
        retry_of=old.id,
    )
    created, _ = await store.create(new)
    return created
