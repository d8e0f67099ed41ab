"""One run through a flow's screens: what is on view, what may come, and for how long it is waited.

1. Each screen is one span of time, from its being on view to the next one's; within it the flow's
   function acts, and then all that may follow is waited for.
2. A failure is placed here, while the page is still open: evidence is taken on the way out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio

from runner.failure import Failure

if TYPE_CHECKING:
    from runner.flow import Arrival, Screen, Visit

# A person would have reloaded the page by then.
SCREEN_S = 60.0

V = TypeVar("V", bound="Visit[Any]")


class Walk(Generic[V]):
    """One run; `etapa` is the screen on view, or the first one while the site opens."""

    def __init__(
        self, plan: Sequence[Screen[V]], arrival: Arrival[V], obstacles: Sequence[Screen[V]] = ()
    ) -> None:
        self._plan = plan
        self._arrival = arrival
        self._obstacles = obstacles
        self.etapa = plan[0].id

    async def go(self, visit: V, opening: Callable[[V], Awaitable[None]]) -> None:
        """From the opening to the screen that gives the result."""
        try:
            with Limit(self.etapa, SCREEN_S) as waits:
                await opening(visit)
                screen = await self._next(visit, None, waits)
            while following := await self._pass(visit, screen):
                screen = following
        except Failure as failure:
            raise failure.at(self.etapa) from None

    async def _pass(self, visit: V, screen: Screen[V]) -> Screen[V] | None:
        """Answer one screen; the one that came after it, or None at the end."""
        self.etapa = screen.id
        report = visit.report
        # Outside of the limit: a run may rest here for as long as an operator likes.
        await report.entered(screen.id, screen.title, screen.entered)
        with Limit(screen.id, screen.timeout_s) as waits:
            said = await screen.act(visit)
            ended = isinstance(said, Mapping) or screen is self._plan[-1]
            following = None if ended else await self._next(visit, screen, waits)
        done = said if isinstance(said, str) else screen.done
        await report.done(screen.id, screen.title, done)
        if isinstance(said, Mapping):
            await report.result(said)
        for passed in self._after(screen) if following else ():
            if passed is following:
                break
            await report.skipped(passed.id, passed.title, passed.skipped)
        return following

    async def _next(self, visit: V, screen: Screen[V] | None, waits: Limit) -> Screen[V]:
        options = self._after(screen)
        waits.expected = ", ".join(one.id for one in options)
        while True:
            found = await self._arrival(visit, screen, [*self._obstacles, *options])
            if found in options:
                return found
            # It raises, or clears the way; the screen's limit bounds how often.
            await found.act(visit)

    def _after(self, screen: Screen[V] | None) -> list[Screen[V]]:
        """What may come: the optional ones, then the first that must."""
        found: list[Screen[V]] = []
        for one in self._plan[self._plan.index(screen) + 1 if screen else 0 :]:
            found.append(one)
            if not one.optional:
                break
        return found


class Limit:
    """A screen's time; once `expected` is set, what was being waited for is the next screen."""

    def __init__(self, etapa: str, seconds: float) -> None:
        self.expected = ""
        self._etapa = etapa
        self._seconds = seconds
        self._scope = anyio.CancelScope(deadline=anyio.current_time() + seconds)

    def __enter__(self) -> Limit:
        self._scope.__enter__()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        suppressed = self._scope.__exit__(*error)
        if not self._scope.cancelled_caught:
            return suppressed
        detail: dict[str, Any] = {"limite": "timeout_s", "segundos": self._seconds}
        if self.expected:
            raise Failure("tela_ausente", self._etapa, {**detail, "esperadas": self.expected})
        raise Failure("tempo_esgotado", self._etapa, detail)
