"""The desk: what the quote's screens work with, and how one of them is left.

1. Continuar is clicked once a screen, never twice: a second click would answer the next screen.
2. A button whose id has changed is found by its whole text, "Continuar": the flow goes on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from runner.flow import Visit
from runner.flows.cotacao_auto.answers import QuoteAnswers
from runner.flows.cotacao_auto.form import Form, exactly
from runner.flows.cotacao_auto.wait import Patience

SURVEY_CLOSE = '[id="gtm-telaEstimativaAgoraNaoFechar"]'


@dataclass(kw_only=True)
class Desk(Visit[QuoteAnswers]):
    """One quote.

    `form` holds what must be true of the screen on view, and is new on each; `known` are its
    paragraphs at the moment of leaving it, None where it has no Continuar.
    """

    patience: Patience = field(default_factory=Patience)
    form: Form = field(init=False)
    known: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        self.fresh()

    def fresh(self) -> None:
        """Begin a screen: nothing is expected of it yet."""
        self.form = Form(self.page, self.patience)
        self.known = None

    async def leave(self, button: str, *, announce: str = "") -> None:
        """Verify the screen's answers and click its Continuar, the element with the id `button`.

        `announce` is what the visitor is told where this hands the data over for good.
        """
        css = f'[id="{button}"]'
        settled = await self.form.settle(css)
        if announce:
            await self.report.submitting(announce)
        if settled.ready:
            await self.form.click(css, button)
        else:
            # The innermost visible element that reads exactly "Continuar" is the one.
            by_text = self.page.locator("button, p").filter(has_text=exactly("Continuar"))
            await self.form.click(by_text.locator("visible=true").last, f"{button} ou Continuar")
        self.known = settled.known

    @asynccontextmanager
    async def survey_closed(self) -> AsyncIterator[None]:
        """The survey may open under the mouse: Playwright then closes it and clicks again."""
        close = self.page.locator(SURVEY_CLOSE)
        await self.page.add_locator_handler(close, lambda: close.click())
        try:
            yield
        finally:
            await self.page.remove_locator_handler(close)
