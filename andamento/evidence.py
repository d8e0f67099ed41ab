"""`andamento evidence`: what the failing screens of a session left, listed or opened.

1. A session id becomes a path only after it was found to be one name, and the session to exist.
2. The viewer is Playwright's own, as a child process: no command line loads Playwright. It serves
   on this machine's own address only; from elsewhere one goes through SSH.
3. The viewer's child has a session of its own, so that a Ctrl-C reaches only this process, which
   ends it in order: until then is how long it is meant to run, so that is no failure.
"""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream
from rich.markup import escape

from andamento import terminal
from andamento.place import open_store
from andamento.settings import Settings, load
from andamento.terminal import DbOption, Failed, JsonOption, SessionArgument, emit, out
from runner.evidence.shelf import FILES, FOLDER, Exhibit, Shelf

SCREENSHOT, TREE, TRACE, FACTS = FILES
HOST = "127.0.0.1"
# The viewer is a script that unpacks itself; more than this is a viewer that does not come.
READY_S = 30.0
# Of the viewer's own words when it fails.
SAID = 2000
STOP_S = 5.0


def evidence(
    session_id: SessionArgument,
    open_viewer: Annotated[
        bool, typer.Option("--open", help="Serve the trace in Playwright's viewer until Ctrl-C.")
    ] = False,
    number: Annotated[
        int | None, typer.Option(min=1, help="Which one to open (default: the last).")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The viewer's, 0: a free one.")] = 0,
    db: DbOption = None,
    json: JsonOption = False,
) -> None:
    """List what a session's failing screens left: screenshot, page, trace. --open shows the trace.

    The viewer serves on this machine only. From another one: ssh -L 9000:127.0.0.1:9000 …, and
    --open --port 9000.
    """

    async def main() -> None:
        settings = load(db=db)
        try:
            exhibits = shelf(settings).exhibits(session_id)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        async with open_store(settings, create=False) as store:
            session = await store.session(session_id)
        if open_viewer:
            await _view(_chosen(exhibits, number, session_id), port, json=json)
            return
        kept = [_fact(exhibit) for exhibit in exhibits]
        if json:
            for fact in kept:
                emit(fact)
        elif kept:
            tell(kept)
        else:
            out.print(f"There is no evidence: the session is {session.status}.")

    terminal.run(main)


def shelf(settings: Settings) -> Shelf:
    """Where this installation keeps its evidence."""
    return Shelf(settings.data_dir / FOLDER)


def of(settings: Settings, session_id: str) -> list[dict[str, Any]]:
    """What a session left, a fact each; nothing for an id that never was one of a run."""
    with suppress(ValueError):
        return [_fact(exhibit) for exhibit in shelf(settings).exhibits(session_id)]
    return []


def tell(kept: Sequence[dict[str, Any]]) -> None:
    """Print facts of `of` for people."""
    for fact in kept:
        screen = f" on screen {escape(str(fact['etapa']))}" if fact["etapa"] else ""
        out.print(f"\n[bold]evidence {fact['number']}[/]  {escape(str(fact['tipo']))}{screen}")
        for file in fact["files"]:
            out.print(f"  {escape(file['path'])}  [dim]{_size(file['bytes'])}[/]")


def _fact(exhibit: Exhibit) -> dict[str, Any]:
    files = [
        {"name": name, "path": str(exhibit.folder / name), "bytes": size}
        for name, size in exhibit.files.items()
    ]
    told = {name: exhibit.facts.get(name) for name in ("tipo", "etapa", "url", "kept_at")}
    return {"number": exhibit.number, **told, "files": files}


def _chosen(exhibits: Sequence[Exhibit], number: int | None, session_id: str) -> Path:
    if not exhibits:
        raise Failed(f"the session {session_id} left no evidence")
    found = [one for one in exhibits if number in (None, one.number)]
    if not found:
        known = ", ".join(str(one.number) for one in exhibits)
        raise Failed(f"there is no evidence {number}; there is: {known}")
    path = found[-1].path(TRACE)
    if path is None:
        names = ", ".join(found[-1].files) or "nothing"
        raise Failed(f"evidence {found[-1].number} has no trace; it has {names}")
    return path.absolute()


async def _view(trace: Path, port: int, *, json: bool) -> None:
    command = [sys.executable, "-P", "-m", "playwright", "show-trace"]
    command += ["--host", HOST, "--port", str(port), str(trace)]
    process = await anyio.open_process(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with anyio.create_task_group() as group:
                group.start_soon(_serve, process, trace, json)
                async for _ in signals:
                    group.cancel_scope.cancel()
                    return
    finally:
        with anyio.CancelScope(shield=True):
            await _stop(process)


async def _serve(process: Process, trace: Path, json: bool) -> None:
    """Tell the address once it serves; raises Failed when the viewer ends by itself."""
    assert process.stdout is not None
    said = ""
    lines = TextReceiveStream(process.stdout, errors="replace")
    with anyio.move_on_after(READY_S) as patience:
        async for text in lines:
            said = (said + text)[-SAID:]
            if found := re.search(r"Listening on (http://\S+)\s", said):
                _ready(found[1], trace, json=json)
                patience.deadline, said = math.inf, ""
    last = said.strip().splitlines()[-1:] or ["it said nothing"]
    raise Failed(f"the trace viewer did not go on: {last[0]}")


def _ready(address: str, trace: Path, *, json: bool) -> None:
    if json:
        emit({"viewer": address, "trace": str(trace)})
    else:
        out.print(f"{trace} is shown at\n{address}\nCtrl-C ends it.")


async def _stop(process: Process) -> None:
    # Its own group: the viewer is a child of the child.
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with anyio.move_on_after(STOP_S):
            await process.wait()
            break
    await process.aclose()


def _size(count: int) -> str:
    return f"{count / 1024:.0f} KiB" if count >= 1024 else f"{count} B"
