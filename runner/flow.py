"""A flow: the screens of a site as functions, walked in order, reported as they come.

    flow = Flow(HomeAnswers)

    @flow.screen("1", "Seus dados", sees="#nome")
    async def person(visit: Visit[HomeAnswers]) -> None:
        await visit.page.locator("#nome").fill(visit.answers.nome)

1. A flow knows neither seq, lease nor SQL: it works on the page, may say something through
   `visit.report`, and raises `Failure`. Entering, leaving and passing by are reported for it.
2. What may come after a screen is the next one that must come, and every optional one before it:
   all are waited for at once, and whichever is on view first is where the run is.
3. A screen has one limit, from its being on view to the next one's: nothing in it can hang. Every
   failure leaves here with the screen it happened on, and while the page is still open, so that
   evidence can be taken.
4. What may come over any screen (a refusal, a survey) is declared once, as an obstacle.
5. Playwright is named here for its types only; `runner/browser.py` and `runner/flows/` load it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from pydantic import ValidationError

from runner.automation import Answers
from runner.failure import Failure
from runner.walk import SCREEN_S, Walk

if TYPE_CHECKING:
    from playwright.async_api import Page

A = TypeVar("A", bound=Answers)
V = TypeVar("V", bound="Visit[Any]")

# What a screen's function may return: nothing, what is said when it is left, or the result.
Said = str | Mapping[str, Any] | None


class Report(Protocol):
    """The flow's voice. Every call is durable when it returns, and visible to the visitor."""

    async def entered(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The screen `etapa` is on view."""
        ...

    async def done(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The screen `etapa` was answered and left."""
        ...

    async def skipped(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The optional screen `etapa` did not come."""
        ...

    async def notice(self, mensagem: str, *, restante_s: tuple[int, int] | None = None) -> None:
        """Something worth saying within the current screen."""
        ...

    async def submitting(self, mensagem: str) -> None:
        """Call before the first irreversible step: from here on `dados_enviados` is true."""
        ...

    async def estimate(self, data: Mapping[str, Any]) -> None:
        """The first estimate, in the contract's shape."""
        ...

    async def result(self, data: Mapping[str, Any]) -> None:
        """The ending: a quote or a manual quote, in the contract's shape."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a flow goes and with which account. The password never leaves the worker."""

    url: str
    email: str = ""
    password: str = ""


# Waits until nobody else holds what the key names, and holds it while the context lasts.
Turn = Callable[[str], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a run is given.

    `answers` are normalised; `page` opens a fresh browser page (a Playwright `Page`) and closes
    everything behind it; a flow without a browser never calls it. `turn` is Visit's.
    """

    answers: Mapping[str, Any]
    report: Report
    site: Site
    page: Callable[[], AbstractAsyncContextManager[Any]]
    turn: Turn = lambda key: nullcontext()


@dataclass(kw_only=True)
class Visit(Generic[A]):
    """One run as its screens see it; a flow may add fields of its own in a subclass.

    `async with visit.turn("key")` is for what one run at a time may do, over all runners: a login
    with an account that all share.
    """

    answers: A
    report: Report
    site: Site
    page: Page
    turn: Turn


def _always(answers: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen(Generic[V]):
    """One screen, as `Flow.screen` declares it, or an obstacle."""

    id: str
    act: Callable[[V], Awaitable[Said]]
    sees: str
    title: str = ""
    entered: str = ""
    done: str = ""
    skipped: str = ""
    optional: bool = False
    when: Callable[[Any], bool] = _always
    timeout_s: float = SCREEN_S
    weight: float = 1.0


# Which of the screens in the list has come, after the given one (None: the site was just opened).
Arrival = Callable[[V, Screen[V] | None, Sequence[Screen[V]]], Awaitable[Screen[V]]]


async def on_view(visit: V, current: Screen[V] | None, options: Sequence[Screen[V]]) -> Screen[V]:
    """The arrival of a plain flow: the first of `options` whose `sees` is visible.

    One that sees nothing is believed to be there.
    """
    if not options[-1].sees:
        return options[-1]
    marks = [visit.page.locator(one.sees).locator("visible=true") for one in options]
    some = reduce(lambda one, other: one.or_(other), marks).first
    while True:
        # No time of its own: the screen's limit ends the wait.
        await some.wait_for(timeout=0)
        for one, mark in zip(options, marks, strict=True):
            if await mark.count():
                return one


async def _to_the_site(visit: Visit[Any]) -> None:
    # Only a run needs it, and it loads Playwright.
    from runner.flows.opening import goto

    await goto(visit.page, visit.site.url)


class Flow(Generic[V]):
    """The screens of one automation, in the site's order. An instance is what `Automation.flow`
    names: calling it with a Context runs it.

    `model` reads the answers; `visit` makes what the functions are given (a subclass of Visit, as a
    callable with Visit's fields as keywords); `arrival` tells which screen has come.
    """

    @overload
    def __init__(self: Flow[Visit[A]], model: type[A]) -> None: ...

    @overload
    def __init__(
        self, model: type[Answers], visit: Callable[..., V], arrival: Arrival[V] = ...
    ) -> None: ...

    def __init__(
        self,
        model: type[Answers],
        visit: Callable[..., Any] = Visit,
        arrival: Arrival[Any] = on_view,
    ) -> None:
        self._model = model
        self._visit = visit
        self._arrival = arrival
        self._screens: list[Screen[V]] = []
        # Whether the screen that was declared last may be absent from a run.
        self._uncertain = False
        self._opening: Callable[[V], Awaitable[None]] = _to_the_site
        self._obstacles: list[Screen[V]] = []

    @property
    def screens(self) -> Sequence[Screen[V]]:
        """The screens in their order."""
        return tuple(self._screens)

    @property
    def weights(self) -> dict[str, float]:
        """How long each screen takes as far as is known beforehand, in seconds, by id."""
        return {screen.id: screen.weight for screen in self._screens}

    def opening(self, function: Callable[[V], Awaitable[None]]) -> Callable[[V], Awaitable[None]]:
        """Declare what brings the fresh page to the site; without it, that is `site.url`."""
        self._opening = function
        return function

    def obstacle(
        self, *, sees: str
    ) -> Callable[[Callable[[V], Awaitable[None]]], Callable[[V], Awaitable[None]]]:
        """Declare what may come over any screen in the place of the next one: a refusal, a survey.

        Whenever what `sees` selects is visible while the next screen is waited for, the function
        raises its Failure, or clears it away, and the wait goes on.
        """

        def declare(act: Callable[[V], Awaitable[None]]) -> Callable[[V], Awaitable[None]]:
            name = f"obstacle {len(self._obstacles) + 1}"
            self._obstacles.append(Screen(id=name, act=act, sees=sees))
            return act

        return declare

    def screen(
        self,
        id: str,
        title: str,
        *,
        entered: str = "",
        done: str = "",
        skipped: str = "",
        sees: str = "",
        optional: bool = False,
        when: Callable[[Any], bool] = _always,
        timeout_s: float = SCREEN_S,
        weight: float = 1.0,
    ) -> Callable[[Callable[[V], Awaitable[Said]]], Callable[[V], Awaitable[Said]]]:
        """Declare the next screen; the function answers it and leads on to the next one.

        `title`, `entered`, `done` and `skipped` are for the visitor: kind, and without personal
        data. `sees` is a selector of what is visible when the screen is there. An `optional` screen
        may stay away; one whose `when(answers)` is false is not expected at all. `timeout_s` bounds
        it whole, the wait for what follows included. `weight` is its usual duration in seconds,
        until the history tells better. The function may return what is said in the place of
        `done`, or the data of the result event, which ends the run.

        Raises ValueError for an id that is taken, or where screens could not be told apart.
        The last screen of a run must be a certain one.
        """
        if id in self.weights:
            raise ValueError(f"there is a screen {id!r} already")
        if not sees and (optional or self._uncertain):
            raise ValueError(f"screen {id!r} needs `sees`: it, or one before it, may stay away")
        certain = not optional and when is _always
        self._uncertain = not certain

        def declare(act: Callable[[V], Awaitable[Said]]) -> Callable[[V], Awaitable[Said]]:
            screen = Screen(
                id=id,
                title=title,
                act=act,
                entered=entered or f"{title}: estamos preenchendo.",
                done=done or f"{title}: pronto.",
                skipped=skipped or f"{title}: não foi preciso.",
                sees=sees,
                optional=optional,
                when=when,
                timeout_s=timeout_s,
                weight=weight,
            )
            self._screens.append(screen)
            return act

        return declare

    async def __call__(self, context: Context) -> None:
        """Run it to its result, or raise Failure."""
        await self.run(context)

    async def run(self, context: Context, visit: Callable[..., V] | None = None) -> None:
        """As calling it; `visit` in the place of the flow's own is for tests."""
        answers = self._read(context.answers)
        plan = [screen for screen in self._screens if screen.when(answers)]
        if not plan or plan[-1].optional:
            raise ValueError("a flow needs a last screen that is not optional")
        walk = Walk(plan, self._arrival, self._obstacles)
        try:
            async with context.page() as page:
                given = (visit or self._visit)(
                    answers=answers,
                    report=context.report,
                    site=context.site,
                    page=page,
                    turn=context.turn,
                )
                await walk.go(given, self._opening)
        except Failure as failure:
            # What the page's closing made of a foreign error has no place yet.
            raise failure.at(walk.etapa) from None

    def _read(self, answers: Mapping[str, Any]) -> Answers:
        try:
            return self._model.model_validate(dict(answers))
        except ValidationError as error:
            fields = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
            raise Failure("respostas_invalidas", detail={"campos": ", ".join(fields)}) from None
