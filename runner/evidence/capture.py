"""Takes what a failing page shows, part by part: masked first, and looked at again afterwards.

1. Every part has its own time and all of them together too; one that fails is left out and noted.
2. The page's own scripts are stopped before the mask is put on: a framework would undo it.
3. The first recording ends before the mask is put on, for the script that does it is told what to
   look for; the second holds one snapshot of the masked page, and nothing before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from runner.evidence.exchange import Exchange
from runner.evidence.mask import DOTS, Mask
from runner.evidence.shelf import FACTS, FILES
from runner.evidence.trace import SHOWN, merge
from runner.evidence.veil import HIDE_FRAMES, KEEP_STYLES, VEIL

SCREENSHOT, TREE, TRACE, _ = FILES
# A part that takes longer has met a page that no longer answers.
PART_S = 1.0
SHOT_S = 1.5
FRAME_S = 0.2
# The last part, the facts, gets its moment even when the others took it all.
LAST_S = 0.3
# A page that is higher is cut: nobody reads on, and the picture would be as large as a run.
MAX_HEIGHT = 4000
# Style sheets that the snapshot brings along, in characters.
MAX_STYLES = 500_000
ACTIONS, PAGE = "actions.zip", "page.zip"

Answer = TypeVar("Answer")


class Parts:
    """Takes parts one by one within `within` seconds; `missing` says why one is not there."""

    def __init__(self, within: float) -> None:
        self._deadline = anyio.current_time() + within
        self.missing: dict[str, str] = {}

    async def take(
        self, name: str, call: Callable[[], Awaitable[Answer]], *, within: float | None = None
    ) -> Answer | None:
        """What `call` answers within seconds (PART_S), or None with the reason under `name`."""
        least = LAST_S if name == FACTS else 0.0
        left = max(min(within or PART_S, self._deadline - anyio.current_time()), least)
        try:
            with anyio.fail_after(left):
                return await call()
        # Whatever it is: the error that this is the evidence of must be told, and only that one.
        except Exception as error:
            self.missing[name] = type(error).__name__
            return None


class Capture:
    """One failing page; `raw` is a folder for what is not masked yet."""

    def __init__(self, page: Any, mask: Mask, parts: Parts, raw: Path) -> None:
        self._page = page
        self._mask = mask
        self._parts = parts
        self._raw = raw
        self._height = MAX_HEIGHT
        self._raws: list[Path] = []
        self.facts: dict[str, Any] = {}

    async def take(
        self, recording: bool, exchanges: Iterable[Exchange], title: str
    ) -> dict[str, bytes | None]:
        """The parts by their file names. Masked first, and looked at again afterwards."""
        if recording:
            # Before the mask is put on: the script that does it is told what to look for.
            await self._parts.take("actions", lambda: self._stop(ACTIONS))
        await self._parts.take("freeze", self._freeze)
        found: dict[str, bytes | None] = {}
        if await self._parts.take("mask", self._put_on):
            found = await self._show()
            # Nothing of a page that came alive again in between.
            if not await self._parts.take("masked", self._check):
                found = {}
                self._raws = [raw for raw in self._raws if raw.name == ACTIONS]
        told = partial(merge, self._raws, list(exchanges), self._mask, title)
        found[TRACE] = await self._parts.take(TRACE, lambda: in_thread(told))
        page = self._page
        self.facts = {
            **{"url": self._mask.url(page.url), "viewport": page.viewport_size},
            "title": self._mask.told(await self._parts.take("title", page.title) or ""),
            "versions": _versions(page),
        }
        return found

    async def _show(self) -> dict[str, bytes | None]:
        picture = await self._parts.take(SCREENSHOT, self._shoot, within=SHOT_S)
        tree = await self._parts.take(TREE, self._page.aria_snapshot)
        await self._parts.take("snapshot", self._snapshot)
        return {SCREENSHOT: picture, TREE: self._mask.page(tree or "").encode()}

    async def _freeze(self) -> None:
        # The page would put back what it finds changed; its own scripts have nothing left to do.
        session = await self._page.context.new_cdp_session(self._page)
        await session.send("Emulation.setScriptExecutionDisabled", {"value": True})

    async def _put_on(self) -> bool:
        main = self._page.main_frame
        told = await self._veil(main, put=True)
        self._height = min(max(int(told["height"]), 1), MAX_HEIGHT)
        bare = False
        for frame in self._page.frames:
            if frame != main:
                call = partial(self._veil, frame, put=True)
                bare = await self._parts.take("frame", call, within=FRAME_S) is None or bare
        if bare:
            await main.evaluate(HIDE_FRAMES)
        return await self._check()

    async def _check(self) -> bool:
        """Whether nothing of a person is to be seen on the page."""
        told = await self._veil(self._page.main_frame, put=False)
        if told["left"]:
            self._parts.missing["masked"] = f"{told['left']} left"
        return not told["left"]

    async def _veil(self, frame: Any, *, put: bool) -> Mapping[str, Any]:
        wanted = {"pattern": self._mask.script, "dots": DOTS, "put": put}
        told: Mapping[str, Any] = await frame.evaluate(VEIL, wanted)
        return told

    async def _shoot(self) -> bytes:
        width = self._page.viewport_size["width"]
        clip = {"x": 0, "y": 0, "width": width, "height": self._height}
        picture: bytes = await self._page.screenshot(
            full_page=True, clip=clip, animations="disabled", scale="css"
        )
        return picture

    async def _snapshot(self) -> None:
        """The second recording: one action on the masked page, with the page before it."""
        await self._page.evaluate(KEEP_STYLES, MAX_STYLES)
        await self._page.context.tracing.start(snapshots=True)
        await self._page.evaluate(SHOWN)
        await self._stop(PAGE)

    async def _stop(self, name: str) -> None:
        await self._page.context.tracing.stop(path=self._raw / name)
        self._raws.append(self._raw / name)


def _versions(page: Any) -> dict[str, str]:
    browser = page.context.browser
    own = {name: version(name) for name in ("andamento", "playwright")}
    return {**own, "browser": browser.version if browser else ""}


async def in_thread(call: Callable[..., Answer], *arguments: Any) -> Answer:
    """What `call` answers from a thread, for as long as anybody waits for it."""
    return await to_thread.run_sync(partial(call, *arguments), abandon_on_cancel=True)
