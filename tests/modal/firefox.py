"""A Firefox as Debian packages it, for Playwright: the program that Playwright starts in its place.

Three ways were tried against Firefox 153 ESR:

1. Playwright's own (`channel="moz-firefox"`, WebDriver BiDi) does everything that these tests want
   (locators, init scripts, offline, errors of the page), so one text serves both browsers. It fails
   at one command that this Firefox does not have, the colour scheme, which it sets for every new
   context and offers no way out of.
2. puppeteer-core and a client of our own would each be a second language for the same journeys.
3. So it is Playwright's own, through this relay: it starts the browser and passes everything on in
   both directions; a cosmetic command that the browser does not know counts as done.

Errors of a page come mixed with the browser's own remarks (a connection refused): see `is_remark`.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import TYPE_CHECKING

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

if TYPE_CHECKING:
    # The relay itself has no use for it.
    from playwright.sync_api import Error

NAMES = ("firefox-esr", "firefox")
# How a page looks if nobody says otherwise: no test of these asks.
COSMETIC = frozenset({"emulation.setMediaFeaturesOverride"})
# What Playwright, too, reads the address from.
LISTENING = "WebDriver BiDi listening on "


def find_firefox() -> str | None:
    """This machine's Firefox, if it has one that starts (Ubuntu's may not, without its snap)."""
    found = filter(None, map(shutil.which, NAMES))
    return next((path for path in found if _starts(path)), None)


def _starts(path: str) -> bool:
    return subprocess.run([path, "--version"], capture_output=True).returncode == 0


def executable(firefox: str, folder: Path) -> Path:
    """This relay as a program in `folder`, to be started in Firefox's place."""
    script = folder / "firefox"
    # -P: the files beside this one are not to be taken for modules of others.
    relay = shlex.join([sys.executable, "-P", str(Path(__file__)), firefox])
    script.write_text(f'#!/bin/sh\nexec {relay} "$@"\n')
    script.chmod(0o755)
    return script


def is_remark(error: Error) -> bool:
    """True for what Firefox says itself, such as that a connection was refused.

    What a script has thrown begins with the kind of error that it is.
    """
    return not (error.name or "").endswith(("Error", "exception"))


async def relay(arguments: list[str]) -> int:
    """Start Firefox and carry for it until it ends; its exit code."""
    firefox = find_firefox()
    assert firefox is not None
    process = await asyncio.create_subprocess_exec(firefox, *arguments, stdout=DEVNULL, stderr=PIPE)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, process.terminate)
    address = await _address(process)

    async def carry(client: ServerConnection) -> None:
        assert client.request is not None
        where = address + client.request.path
        async with connect(where, max_size=None, compression=None, proxy=None) as browser:
            await _carry(client, browser)

    async with serve(carry, "127.0.0.1", 0, max_size=None, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"{LISTENING}ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
        assert process.stderr is not None
        # A pipe that nobody reads would stop the browser one day.
        while await process.stderr.read(1 << 16):
            pass
        return await process.wait()


async def _address(process: Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(LISTENING + r"(ws://\S+)", line.decode(errors="replace")):
            return found[1]
        sys.stderr.buffer.write(line)
    raise SystemExit("Firefox ended before it listened")


async def _carry(client: ServerConnection, browser: ClientConnection) -> None:
    cosmetic: set[int] = set()

    async def answers() -> None:
        async for text in browser:
            await client.send(_lenient(str(text), cosmetic))
        await client.close()

    back = asyncio.create_task(answers())
    async for text in client:
        command = json.loads(text)
        if command["method"] in COSMETIC:
            cosmetic.add(command["id"])
        await browser.send(str(text))
    back.cancel()


def _lenient(text: str, cosmetic: set[int]) -> str:
    # Nearly every message is something else, and some are long.
    if not cosmetic or '"unknown command"' not in text:
        return text
    answer = json.loads(text)
    if answer.get("error") != "unknown command" or answer["id"] not in cosmetic:
        return text
    return json.dumps({"type": "success", "id": answer["id"], "result": {}})


if __name__ == "__main__":
    sys.exit(asyncio.run(relay(sys.argv[1:])))
