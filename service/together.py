"""One question at a time: whoever asks meanwhile shares the next answer.

1. The answer that is shared was looked for after everyone who gets it had asked: it is never older
   than a question of one's own would have found.
2. A thread's hop costs more than everything else in a poll; under load, many polls share one.
3. If the one who asks for all is cancelled, another of them asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class _Round(Generic[T]):
    __slots__ = ("answer", "done", "error")

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.answer: T | None = None
        self.error: Exception | None = None


class Together(Generic[T]):
    """Asks `question(key)` for many at once. An answer is never None."""

    def __init__(self, question: Callable[[str], Awaitable[T]]) -> None:
        self._question = question
        self._under_way: dict[str, _Round[T]] = {}
        self._next: dict[str, _Round[T]] = {}

    async def ask(self, key: str) -> T:
        """The answer to `question(key)`, begun after this call. Raises what the question raises."""
        while following := self._next.get(key):
            await following.done.wait()
            if following.error is not None:
                raise following.error
            if following.answer is not None:
                return following.answer
        return await self._lead(key)

    async def _lead(self, key: str) -> T:
        mine = self._next[key] = _Round[T]()
        try:
            while before := self._under_way.get(key):
                await before.done.wait()
            del self._next[key]
            self._under_way[key] = mine
            mine.answer = answer = await self._question(key)
            return answer
        except Exception as error:
            mine.error = error
            raise
        finally:
            for rounds in (self._next, self._under_way):
                if rounds.get(key) is mine:
                    del rounds[key]
            mine.done.set()
