"""The controls of a screen: answers are put in with real input events, and then verified.

1. Every answer is set, even a preselected one, and all answers of a screen are verified in one look
   before Continuar: what the site sends is what the page holds.
2. Radios and boxes are clicked by their label (the inputs are transparent, perhaps one pixel). A
   label holds another label: the inner one is meant.
3. Two elements of the site may share an id (a label and a div): groups are `div[id=…]`.
4. A control that does not come is `site_mudou`, naming what was looked for; Playwright's own text
   never leaves here, since it quotes what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from runner.failure import Failure
from runner.flows.cotacao_auto import script
from runner.flows.cotacao_auto.wait import ALERT, Candidate, Patience, ask, race

LABEL = "label:not(:has(label))"
POPUP = "ul[role=listbox]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is known just before a screen is left: its visible paragraphs, and its way out."""

    known: tuple[str, ...]
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box or switch: the selector of its input, within a scope (a selector, perhaps empty)."""

    input: str
    scope: str = ""

    @property
    def css(self) -> str:
        """The input itself."""
        return f"{self.scope} {self.input}".strip()

    @property
    def label(self) -> str:
        """What is clicked for it."""
        return f"{self.scope} {LABEL}:has({self.input})".strip()


class Form:
    """One screen's controls on a page; collects what must hold until `settle` has seen it."""

    def __init__(self, page: Page, patience: Patience) -> None:
        self.page = page
        self.patience = patience
        self._expect: list[dict[str, Any]] = []
        self._typed: dict[str, str] = {}

    async def click(self, target: str | Locator, name: str) -> None:
        """Click what is visible of `target`; `name` is for the operator."""
        locator = self.page.locator(target) if isinstance(target, str) else target
        try:
            await self._visible(locator).click(timeout=self._control_ms)
        except PlaywrightTimeout:
            raise await self._missing(name) from None

    async def radio(self, group: str | None, *values: str, name: str) -> None:
        """Choose the radio of a group (None: of the screen) by value, in any of its spellings."""
        scope = f'div[id="{group}"] ' if group else ""
        spelt = ", ".join(f'[value="{value}" i]' for value in values)
        radio = f"input[type=radio]:is({spelt})"
        await self.click(f"{scope}{LABEL}:has({radio})", name)
        self._must(name, "checked", f"{scope}{radio}", True)

    async def option(self, group: str | None, text: str, name: str) -> None:
        """Choose the radio whose label reads exactly `text`."""
        labels = (f'div[id="{group}"] ' if group else "") + f"{LABEL}:has(input)"
        await self.click(self.page.locator(labels).filter(has_text=exactly(text)), name)
        self._must(name, "chosen", labels, text)

    async def boxes(self, wanted: Mapping[Box, bool], optional: frozenset[Box]) -> None:
        """Bring the boxes to their states.

        Those in `optional` may be absent; any other that is absent is `site_mudou`.
        """
        states = await self.page.evaluate(script.STATES, [box.css for box in wanted])
        for (box, state), now in zip(wanted.items(), states, strict=True):
            if now is None and box in optional:
                continue
            if now is not state:
                await self.click(box.label, box.css)
            self._must(box.css, "checked", box.css, state)

    async def fill(self, field: str, value: str, how: str = "exact") -> None:
        """Put a value in at once; `how` says what must be read back (script.SETTLE)."""
        try:
            await self._visible(self.page.locator(_id(field))).fill(value, timeout=self._control_ms)
        except PlaywrightTimeout:
            raise await self._missing(field) from None
        self._remember(field, value, how)

    async def type(self, field: str, value: str, how: str) -> None:
        """Type a value key by key: for masks that keep one character of what comes at once."""
        await self._type(field, value)
        self._remember(field, value, how)

    async def listbox(self, field: str, text: str) -> None:
        """Open the list of a box and choose an option by its exact text.

        Its backdrop takes a moment to go: the next click waits for that by itself, as for anything
        that lies over its target.
        """
        await self.click(_id(field), field)
        options = self.page.locator(f"{POPUP} li[role=option]").filter(has_text=exactly(text))
        await self.click(options, f"{field}: opção")
        self._must(field, "reads", _id(field), text)

    async def appears(self, css: str, name: str) -> None:
        """Wait for what an answer makes appear."""
        there = Candidate(name="apareceu", how="shown", what=(css,))
        if await race(self.page, there, within=self.patience.control) is None:
            raise await self._missing(name)

    def must_hold(self, field: str, part: str) -> None:
        """From now on the field's value must contain `part`."""
        self._typed.pop(field, None)
        self._expect = [item for item in self._expect if item["name"] != field]
        self._must(field, "holds", _id(field), part)

    async def settle(self, leave: str | None) -> Settled:
        """See that every answer holds; retype once what a mask has eaten.

        Raises Failure `site_mudou` naming the controls that do not keep their answer.
        """
        seen = await self._settle(leave)
        if wrong := [name for name in seen["wrong"] if name in self._typed]:
            for field in wrong:
                await self._type(field, self._typed[field], clear=True)
            seen = await self._settle(leave)
        if seen["wrong"]:
            lost = ", ".join(seen["wrong"])
            raise Failure("site_mudou", detail={"motivo": "resposta não ficou", "campos": lost})
        return Settled(known=tuple(seen["known"]), ready=seen["ready"])

    async def _settle(self, leave: str | None) -> Any:
        spec = {"expect": self._expect, "leave": leave}
        return await ask(self.page, script.SETTLE, self.patience.settle, spec)

    async def _type(self, field: str, value: str, *, clear: bool = False) -> None:
        locator = self._visible(self.page.locator(_id(field)))
        try:
            if clear:
                await locator.fill("", timeout=self._control_ms)
            await locator.press_sequentially(value, timeout=self._control_ms)
        except PlaywrightTimeout:
            raise await self._missing(field) from None

    def _remember(self, field: str, value: str, how: str) -> None:
        self._typed[field] = value
        kept = re.sub(r"\D", "", value) if how == "digits" else value
        self._must(field, how, _id(field), kept)

    def _must(self, name: str, how: str, what: str, value: Any) -> None:
        self._expect.append({"name": name, "how": how, "what": what, "value": value})

    async def _missing(self, name: str) -> Failure:
        seen = await self.page.evaluate(script.SITUATION, [ALERT.what[0]])
        tipo = "erro_do_site" if seen["alert"] else "site_mudou"
        controls = ", ".join(seen["controls"])
        return Failure(tipo, detail={"procurado": name, "na_tela": controls})

    @property
    def _control_ms(self) -> float:
        return self.patience.control * 1000

    @staticmethod
    def _visible(locator: Locator) -> Locator:
        return locator.locator("visible=true").first


def exactly(text: str) -> re.Pattern[str]:
    """A pattern for a text that is this and nothing else."""
    return re.compile(rf"^\s*{re.escape(text)}\s*$")


def _id(field: str) -> str:
    return f'[id="{field}"]'
