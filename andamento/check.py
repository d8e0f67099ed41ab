"""`andamento check`: the self-test of an installation, one line an item, safe while all runs.

1. Reading only: nothing is made, migrated or mended, but for scratch files that try the disk and go
   again.
2. An item says what was measured and, unless all is well, what to do. A warning is no failure: the
   exit code is 1 only where something cannot work, or is not true.
3. An item that cannot be looked at has failed; the others are looked at all the same.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from stat import S_IMODE
from typing import Annotated

import typer
from anyio import to_thread
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from andamento import evidence, machine, terminal
from andamento import log as logs
from andamento.invariant import Finding, findings
from andamento.item import Item, Verdict, failed, good, warning
from andamento.settings import PREFIX, Keys, Settings, WrongSetting, load
from andamento.terminal import DbOption, Failed, JsonOption, emit, err, out
from db.connection import CHECKPOINT_BYTES
from db.errors import StoreError
from db.migration import SCHEMA
from db.sqlite import LIBRARY, Examination, SqliteStore, examine, file_of

# RETURNING, which every verb uses (https://sqlite.org/changes.html).
OLDEST_SQLITE = (3, 35, 0)
# https://sqlite.org/wal.html#walresetbug
WITHOUT_RESET_BUG = (3, 51, 3)
# Beyond this a reader that never lets go holds the log back.
LARGE_WAL = 16 * CHECKPOINT_BYTES
# Of the findings, for people; --json has them all.
SHOWN = 20
KEYS = ("token.key", "vault.key")

COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red"}

Tell = Callable[[Item], None]
Look = Callable[[], Awaitable[Item]]


def check(
    db: DbOption = None,
    sessions: Annotated[
        bool, typer.Option("--sessions", help="Also the log of every session, and every index.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Test this installation: settings, database, locks, disk, keys, clock, browser, port, workers.

    Safe while everything runs. The exit code is 1 if anything failed; a warning is no failure.
    """

    async def main() -> None:
        # Facts only on standard output: what the rooms log while they are looked at is not one.
        logs.configure("warning")
        verdicts: list[Verdict] = []

        def tell(item: Item) -> None:
            verdicts.append(item.verdict)
            if json:
                emit(asdict(item))
            else:
                out.print(_line(item))

        await _all(db, tell, sessions=sessions, json=json)
        if Verdict.FAILED in verdicts:
            raise Failed(f"{verdicts.count(Verdict.FAILED)} of {len(verdicts)} checks failed")

    terminal.run(main)


async def _all(db: str | None, tell: Tell, *, sessions: bool, json: bool) -> None:
    try:
        settings = load(db=db)
    except WrongSetting as error:
        tell(failed("settings", str(error), "Correct it: nothing else can be looked at before."))
        return
    path = file_of(settings.db)
    for name, look in _looks(settings, path, thorough=sessions).items():
        tell(await _looked(name, look))
    if sessions and path.exists():
        tell(await _looked("sessions", lambda: _sessions(path, json=json)))


def _looks(settings: Settings, path: Path, *, thorough: bool) -> dict[str, Look]:
    folder = path.absolute().parent
    # Their one argument, where evidence is kept: by it this installation's are known.
    kept = [str(evidence.shelf(settings).root.absolute())] if settings.evidence_days else []

    def aside(look: Callable[[], Item]) -> Look:
        return partial(to_thread.run_sync, look)

    return {
        "settings": aside(lambda: _settings(settings)),
        "sqlite": aside(_sqlite),
        "database": aside(lambda: _database(path, thorough=thorough)),
        "disk": aside(lambda: machine.disk(folder)),
        "locks": aside(lambda: machine.locks(folder)),
        "keys": aside(lambda: _keys(settings)),
        "clock": machine.clock,
        "browser": lambda: machine.browser(settings.chromium),
        "port": aside(lambda: machine.port(settings.host, settings.port)),
        "workers": aside(lambda: machine.workers(kept)),
    }


async def _looked(name: str, look: Look) -> Item:
    try:
        return await look()
    # The roof: a look that breaks is one failed item, and no end of the others.
    except Exception as error:
        return failed(name, f"{type(error).__name__}: {error}", "It could not be looked at.")


def _settings(settings: Settings) -> Item:
    total, changed = len(Settings.model_fields), len(settings.model_fields_set)
    said = f"{total} settings, {changed} of them set"
    account = ("quote_url", "quote_email")
    missing = [f"{PREFIX}{name.upper()}" for name in account if not getattr(settings, name)]
    if not settings.quote_password.get_secret_value():
        missing.append(f"{PREFIX}QUOTE_PASSWORD")
    if missing:
        todo = f"Set {', '.join(missing)}: without them quotes end with an error."
        return warning("settings", f"{said}; no account at the quoting site", todo)
    secret = Path(".env")
    if secret.is_file() and S_IMODE(secret.stat().st_mode) & 0o077:
        mode = oct(S_IMODE(secret.stat().st_mode))
        return warning("settings", f".env, which may hold a password, is {mode}", "chmod 600 .env")
    return good("settings", said)


def _sqlite() -> Item:
    said = ".".join(map(str, LIBRARY))
    if LIBRARY < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        return failed("sqlite", said, f"Use a Python whose SQLite is {oldest} or later.")
    if LIBRARY < WITHOUT_RESET_BUG:
        said += " has the WAL-reset bug; kept off: checkpoints happen under the write lock only"
    return good("sqlite", said)


def _database(path: Path, *, thorough: bool) -> Item:
    folder = path.absolute().parent
    if not path.exists():
        if not folder.is_dir():
            return failed("database", f"the folder {folder} does not exist", "Make it.")
        return good("database", f"{path} is not there yet; `up`, `serve` or `run` makes it")
    began = time.perf_counter()
    try:
        found = examine(path, thorough=thorough)
    except StoreError as error:
        return failed("database", str(error), "Restore a backup if it used to work.")
    took_s, depth = time.perf_counter() - began, "integrity" if thorough else "quick"
    size = path.stat().st_size / 2**20
    said = f"{path}, {size:.1f} MiB, schema {found.schema}, {found.journal}, {depth} check "
    if found.damage:
        lines = "; ".join(found.damage[:SHOWN])
        return failed("database", f"{said}failed: {lines}", "Restore a backup; keep this file.")
    return _fit(path, found, f"{said}ok in {took_s:.2f} s")


def _fit(path: Path, found: Examination, said: str) -> Item:
    """A whole file: is it ours, of this version, in the right mode?"""
    wal = path.with_name(f"{path.name}-wal")
    if not found.ours:
        return failed("database", said, "It is another program's: name another file.")
    if found.schema > SCHEMA:
        return failed("database", said, f"Install a later version: this one knows {SCHEMA}.")
    if found.schema < SCHEMA:
        return warning("database", said, f"The next start brings it to schema {SCHEMA}.")
    if found.journal != "wal":
        return warning("database", said, "The next start sets journal_mode to WAL.")
    if S_IMODE(path.stat().st_mode) & 0o077:
        return warning("database", f"{said}; others may read it", f"chmod 600 {path}")
    if wal.exists() and wal.stat().st_size > LARGE_WAL:
        said += f", WAL of {wal.stat().st_size / 2**20:.0f} MiB"
        return warning("database", said, "End what has been reading for long (an open `sqlite3`?).")
    return good("database", said)


def _keys(settings: Settings) -> Item:
    folder = settings.data_dir
    present = [name for name in KEYS if (folder / name).exists()]
    if not present:
        return good("keys", f"not there yet; the first start makes them in {folder}")
    for place, most in ((folder, 0o700), *((folder / name, 0o600) for name in present)):
        mode = S_IMODE(place.stat().st_mode)
        if mode & ~most:
            todo = f"chmod {most:o} {place}"
            return failed("keys", f"others may read {place} ({mode:o})", todo)
    if len(present) < len(KEYS):
        missing = ", ".join(name for name in KEYS if name not in present)
        todo = "Put it back, or the next start makes a new one: earlier tokens or answers are lost."
        return warning("keys", f"{folder} has no {missing}", todo)
    keys = Keys(folder)
    try:
        told = f"{len(keys.token)} and {len(keys.vault)} characters in {folder}, mode 600"
    except WrongSetting as error:
        return failed("keys", str(error), "Put the original back.")
    return good("keys", told)


async def _sessions(path: Path, *, json: bool) -> Item:
    if examine(path).schema != SCHEMA:
        return warning("sessions", "not looked at", "Start the new version once: it migrates.")
    began = time.perf_counter()
    async with SqliteStore(path) as store:
        with _bar(quiet=json) as bar:
            task = bar.add_task("events", total=await store.head())
            count, found = await findings(store, lambda read: bar.advance(task, read))
    _tell_findings(found, json=json)
    said = f"{count} sessions, looked through in {time.perf_counter() - began:.1f} s"
    severe = sum(finding.severe for finding in found)
    if severe:
        todo = "Restore a backup, or report it with the lines above."
        return failed("sessions", f"{said}: {severe} violations", todo)
    if found:
        todo = "Is a runner there (`andamento run`)? `andamento cancel` ends what nobody wants."
        return warning("sessions", f"{said}: {len(found)} wait for nobody", todo)
    return good("sessions", f"{said}: seqs dense, each ended one has one terminal event, its last")


def _tell_findings(found: Sequence[Finding], *, json: bool) -> None:
    for finding in found if json else found[:SHOWN]:
        if json:
            emit(asdict(finding))
        else:
            out.print(f"  {escape(finding.session_id)}: {escape(finding.fault)}")
    if not json and len(found) > SHOWN:
        out.print(f"  … and {len(found) - SHOWN} more; --json has them all")


def _line(item: Item) -> str:
    colour = COLOURS[item.verdict]
    head = f"[{colour}]{item.verdict:<8}[/] [bold]{item.item:<9}[/] {escape(item.measured)}"
    return f"{head}\n{'':<19}[dim]→ {escape(item.todo)}[/]" if item.todo else head


def _bar(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=quiet or not err.is_terminal,
    )
