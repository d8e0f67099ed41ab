"""What can go wrong with the store, each as its own class.

1. The docstring is the message, `hint` is what to do; `str(error)` joins them with the value at
   hand, so that a log line or a terminal needs nothing else.
2. `code` is a constant for programs; service and command line turn it into their own words.
"""

from __future__ import annotations

from typing import ClassVar


class StoreError(Exception):
    """The store could not do what was asked."""

    code: ClassVar[str] = "armazenamento"
    hint: ClassVar[str] = "Look at the cause below it."

    def __init__(self, value: object = "") -> None:
        """`value` is the thing at fault: a session, a path, a version. Never personal data."""
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        message = (type(self).__doc__ or "").split("\n")[0].rstrip(".")
        value = f": {self.value}" if str(self.value) else ""
        return f"{message}{value}. {self.hint}"


class UnknownSession(StoreError):
    """There is no such session."""

    code = "sessao_desconhecida"
    hint = "Check the id; `andamento sessions` lists what is there."


class Ended(StoreError):
    """The session has already ended; nothing can follow its last event."""

    code = "sessao_encerrada"
    hint = "Start a new session, or `andamento retry` this one."


class Fenced(StoreError):
    """Another holder has taken this session over; this lease may not write any more."""

    code = "sessao_tomada"
    hint = "Stop working on it: the newer generation decides."


class KeyReused(StoreError):
    """The idempotency key was already used with other answers."""

    code = "chave_reutilizada"
    hint = "Use a new key for a new request."


class EventRefused(StoreError):
    """The event cannot be stored."""

    code = "evento_recusado"
    hint = "Its data must be one JSON object of at most 48 KiB."


class StoreMissing(StoreError):
    """There is no database at this place."""

    code = "banco_ausente"
    hint = "Check --db; `andamento up` and `serve` create the file if its folder exists."


class StoreReadOnly(StoreError):
    """The database, or its folder, cannot be written."""

    code = "banco_somente_leitura"
    hint = "Let this user write to the file and to its folder (SQLite keeps -wal beside it)."


class StoreBusy(StoreError):
    """The database stayed locked by another process."""

    code = "banco_ocupado"
    hint = (
        "Close the other writer (an open transaction in `sqlite3`?); nothing was lost, try again."
    )


class QueueFull(StoreError):
    """As many sessions wait in this queue as may."""

    code = "fila_cheia"
    hint = "Ask again later; more capacity makes it move faster."


class StoreFull(StoreError):
    """The disk is full."""

    code = "disco_cheio"
    hint = "Free some space; what was already confirmed is safe."


class StoreDamaged(StoreError):
    """This file is not a usable Andamento database."""

    code = "banco_danificado"
    hint = "Check the path; restore a backup if it used to work."


class SchemaTooNew(StoreError):
    """The database was made by a newer version of Andamento."""

    code = "banco_mais_novo"
    hint = "Install that version or a later one; this one leaves the file as it is."


class NetworkDisk(StoreError):
    """The database lies on a network disk, where SQLite's locks cannot be trusted."""

    code = "disco_de_rede"
    hint = "Put the file on a local disk."
