"""Many ask, one looks."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from service.together import Together

pytestmark = pytest.mark.anyio


class Source:
    """Answers with the number of the question, when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.give = anyio.Event()
        self.fault: Exception | None = None

    async def __call__(self, key: str) -> str:
        self.asked += 1
        mine, fault = self.asked, self.fault
        await self.give.wait()
        if fault:
            raise fault
        return f"{key}{mine}"


async def turns() -> None:
    for _ in range(20):
        await checkpoint()


async def test_who_asks_meanwhile_shares_the_next_answer_and_not_the_one_under_way() -> None:
    source = Source()
    together = Together(source)
    answers: list[str] = []

    async def ask() -> None:
        answers.append(await together.ask("k"))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await turns()
        for _ in range(9):
            group.start_soon(ask)
        await turns()
        assert source.asked == 1
        source.give.set()
    assert sorted(answers) == ["k1"] + ["k2"] * 9
    assert not together._next
    assert not together._under_way


async def test_other_keys_do_not_wait() -> None:
    source = Source()
    together = Together(source)
    async with anyio.create_task_group() as group:
        group.start_soon(together.ask, "a")
        group.start_soon(together.ask, "b")
        await turns()
        assert source.asked == 2
        source.give.set()


async def test_an_error_is_everyones() -> None:
    source = Source()
    together = Together(source)
    caught = 0

    async def ask() -> None:
        nonlocal caught
        try:
            await together.ask("k")
        except ZeroDivisionError:
            caught += 1

    source.fault = ZeroDivisionError()
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
        await turns()
        source.give.set()
    assert caught == 5
    source.fault = None
    assert await together.ask("k") == f"k{source.asked}"


@pytest.mark.parametrize("first", [True, False])
async def test_when_the_one_who_asks_for_all_leaves_another_asks(first: bool) -> None:
    source = Source()
    together = Together(source)
    answers: list[str] = []
    scopes = [anyio.CancelScope() for _ in range(4)]

    async def ask(scope: anyio.CancelScope) -> None:
        with scope:
            answers.append(await together.ask("k"))

    async with anyio.create_task_group() as group:
        for scope in scopes:
            group.start_soon(ask, scope)
            await turns()
        # The first is under way, the second leads those who wait behind it.
        scopes[0 if first else 1].cancel()
        await turns()
        source.give.set()
    assert len(answers) == 3
    assert not together._next
    assert not together._under_way
