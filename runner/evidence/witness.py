"""What is kept of a failing screen: a masked screenshot, its accessibility tree, a trace, facts.

1. The page is masked first and photographed after; of a page that still shows something of a person
   only the actions are kept.
2. Light while all goes well: the recording tells actions and no more. Snapshots at each action took
   8 to 12 % of the quote's time, left a script in the site's window, and held every screen's
   personal data; the one of the failing screen, taken when the flow has given up, tells as much.
3. It must not get in the way of the error: each part has its own time and the whole too, a part
   that fails is left out and said so in `evidence.json`, and nothing is ever raised.
4. Nothing is kept of a run that went well or was cancelled, of one that is not ours any more, or of
   a page that died.
5. Raw recordings hold what was typed: they lie in the process's temporary folder only.
6. It knows the page by the verbs that it calls, and loads no Playwright.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from db.errors import StoreError
from runner.evidence.capture import TRACE, Capture, Parts, in_thread
from runner.evidence.exchange import Exchange, note
from runner.evidence.mask import Mask
from runner.evidence.shelf import FACTS, FOLDER, Shelf, write
from runner.failure import CATALOGUE, Failure

# All of it takes some half a second; the visitor waits for the error meanwhile.
WHOLE_S = 3.0
# With what is done around the parts; the browser gives a witness no more than five.
CLOSE_S = 4.0
# The last requests are the ones that matter; trackers make hundreds.
MAX_EXCHANGES = 200
# What ended the run and is no failing screen.
UNTOLD = frozenset({"cancelado", "navegador_caiu", "robo_interrompido"})

# How a cancelled scope hands on why (anyio: `CancelScope.cancel(reason)`).
_REASON = re.compile(r"; reason: (\w+)$")


@dataclass(slots=True)
class _Watch:
    """One page under watch: when it opened, what it asked the network, whether it is recorded."""

    opened: float = field(default_factory=time.time)
    exchanges: deque[Exchange] = field(default_factory=lambda: deque(maxlen=MAX_EXCHANGES))
    recording: bool = False
    died: bool = False


class Evidence:
    """A witness (`runner.browser.Witness`) that keeps what a failing page shows, on `shelf`.

    `screen` is asked for the screen that the log holds, where the error does not tell it. The
    failure's detail gets the place, as `evidencia`.
    """

    def __init__(
        self,
        shelf: Shelf,
        session_id: str,
        mask: Mask,
        screen: Callable[[], Awaitable[str | None]],
    ) -> None:
        self._shelf = shelf
        self._session_id = session_id
        self._mask = mask
        self._screen = screen
        self._watches: dict[int, _Watch] = {}

    async def opened(self, page: Any) -> None:
        """Record from here on."""
        watch = self._watches[id(page)] = _Watch()
        await Parts(WHOLE_S).take(TRACE, partial(_record, page, watch))

    async def closing(self, page: Any, error: BaseException | None) -> None:
        """Keep what there is if `error` is the failure of a screen, else forget it."""
        watch = self._watches.pop(id(page), None)
        if watch is None or page.is_closed():
            return
        tipo = _tipo(error)
        if tipo is not None:
            keep = partial(self._keep, page, watch, tipo, error)
            await Parts(CLOSE_S).take("evidence", keep, within=CLOSE_S)
        elif watch.recording:
            await Parts(WHOLE_S).take(TRACE, page.context.tracing.stop)

    async def _keep(self, page: Any, watch: _Watch, tipo: str, error: BaseException | None) -> None:
        parts = Parts(WHOLE_S)
        etapa = error.etapa if isinstance(error, Failure) else None
        etapa = etapa or await parts.take("etapa", self._screen)
        with tempfile.TemporaryDirectory(prefix="trace-", ignore_cleanup_errors=True) as raw:
            capture = Capture(page, self._mask, parts, Path(raw))
            found = await capture.take(watch.recording, watch.exchanges, f"{tipo}, tela {etapa}")
        if watch.died or page.is_closed():
            # The error came first, and now it is known what it meant.
            return
        facts = {"tipo": tipo, "etapa": etapa, **_times(watch), **capture.facts}
        place = await parts.take(FACTS, lambda: in_thread(self._put, found, facts, parts.missing))
        if isinstance(error, Failure) and place:
            error.detail["evidencia"] = place

    def _put(
        self,
        found: Mapping[str, bytes | None],
        facts: Mapping[str, Any],
        missing: Mapping[str, str],
    ) -> str:
        folder = self._shelf.open(self._session_id)
        told = {"session_id": self._session_id, "number": int(folder.name), **facts}
        text = json.dumps({**told, "missing": dict(missing)}, ensure_ascii=False, indent=1)
        for name, content in {**found, FACTS: text.encode()}.items():
            if content:
                write(folder / name, content)
        return f"{FOLDER}/{self._session_id}/{folder.name}"


def _tipo(error: BaseException | None) -> str | None:
    """What the failure of a screen is called; None for what is not one."""
    if isinstance(error, Failure):
        return None if error.tipo in UNTOLD else error.tipo
    if isinstance(error, anyio.get_cancelled_exc_class()):
        # Cancelled by whoever knows why; without a reason nobody wants to see it.
        reason = _REASON.search(str(error))
        tipo = reason[1] if reason else ""
        return tipo if tipo in CATALOGUE and tipo not in UNTOLD else None
    if error is None or any(isinstance(leaf, StoreError) for leaf in _leaves(error)):
        return None
    return "interno" if isinstance(error, Exception) else None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


async def _record(page: Any, watch: _Watch) -> None:
    page.on("crash", lambda _: setattr(watch, "died", True))
    noted = watch.exchanges.append
    page.on("response", lambda answer: noted(note(answer.request, answer)))
    page.on("requestfailed", lambda request: noted(note(request, None)))
    await page.context.tracing.start()
    watch.recording = True


def _times(watch: _Watch) -> dict[str, str]:
    return {"opened_at": _told(watch.opened), "kept_at": _told(time.time())}


def _told(moment: float) -> str:
    told = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")
