"""Brings a SQLite file to the present schema; forward only.

1. All missing migrations are one transaction: a crash in the middle leaves the old schema whole.
2. The version is read again under the write lock: of two processes that start together one
   migrates, the other finds the work done.
3. `application_id` marks the file as ours, so that another program's database is left alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import aiosqlite

from db.errors import SchemaTooNew, StoreDamaged
from db.sql import migrations

APPLICATION_ID = 0x416E6461  # "Anda"
MIGRATIONS = migrations("sqlite")
SCHEMA = MIGRATIONS[-1][0]


async def migrate(connection: aiosqlite.Connection, path: Path) -> None:
    """Run what is missing. Raises SchemaTooNew, StoreDamaged, and sqlite3.Error."""
    if await _version(connection, path) == SCHEMA:
        return
    await connection.execute("BEGIN IMMEDIATE")
    try:
        present = await _version(connection, path)
        for version, script in MIGRATIONS:
            if version > present:
                for statement in _statements(script):
                    await connection.execute(statement)
        await connection.execute(f"PRAGMA user_version = {SCHEMA}")
        await connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    except BaseException:
        await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")


async def _version(connection: aiosqlite.Connection, path: Path) -> int:
    version = await _pragma(connection, "user_version")
    application = await _pragma(connection, "application_id")
    tables = await _pragma(connection, "schema_version")
    if application not in (0, APPLICATION_ID) or (application == 0 and tables > 0):
        raise StoreDamaged(f"{path} (it belongs to another program)")
    if version > SCHEMA:
        raise SchemaTooNew(f"{path} has schema {version}, this version knows {SCHEMA}")
    return version


async def _pragma(connection: aiosqlite.Connection, name: str) -> int:
    rows = list(await connection.execute_fetchall(f"PRAGMA {name}"))
    return int(rows[0][0])


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
