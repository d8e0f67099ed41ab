"""Steering, for every engine: turns that one session at a time has, wishes, retries."""

from __future__ import annotations

import pytest

from db.errors import Ended, Fenced
from db.events import EventType
from db.store import Lease, NewSession, Store, Wish
from tests.db.conftest import Clock

pytestmark = pytest.mark.anyio


async def lease(store: Store, name: str, ttl_s: float = 5) -> Lease:
    await store.create(NewSession(id=name, automation="simulacao", queue=f"q-{name}"))
    found = await store.claim("runner-1", queues=[f"q-{name}"], ttl_s=ttl_s)
    assert found is not None
    return found[1]


async def test_one_session_at_a_time_has_a_turn(store: Store) -> None:
    first, second = await lease(store, "a"), await lease(store, "b")
    assert await store.take_turn(first, "conta")
    assert not await store.take_turn(second, "conta")
    # Another key is another matter; who has the turn may ask again.
    assert await store.take_turn(second, "outra")
    assert await store.take_turn(first, "conta")
    await store.end_turn(first, "conta")
    assert await store.take_turn(second, "conta")


async def test_who_does_not_have_a_turn_cannot_end_it(store: Store) -> None:
    first, second = await lease(store, "a"), await lease(store, "b")
    assert await store.take_turn(first, "conta")
    await store.end_turn(second, "conta")
    assert not await store.take_turn(second, "conta")


async def test_a_turn_goes_with_the_lease_that_ran_out(store: Store, clock: Clock) -> None:
    first, second = await lease(store, "a", ttl_s=5), await lease(store, "b", ttl_s=60)
    assert await store.take_turn(first, "conta")
    clock.forward(4)
    assert not await store.take_turn(second, "conta")
    clock.forward(2)
    assert await store.take_turn(second, "conta")


async def test_a_turn_goes_with_the_ending_and_with_the_fence(store: Store) -> None:
    first, second, third = [await lease(store, name) for name in "abc"]
    assert await store.take_turn(first, "conta")
    await store.append(first, EventType.RESULT, {"desfecho": "cotacao", "mensagem": "Pronto"})
    assert await store.take_turn(second, "conta")
    await store.fence("b", "runner-2", ttl_s=5)
    assert await store.take_turn(third, "conta")


async def test_a_lost_lease_takes_no_turn(store: Store) -> None:
    first, second = await lease(store, "a"), await lease(store, "b")
    await store.fence("a", "runner-2", ttl_s=5)
    with pytest.raises(Fenced):
        await store.take_turn(first, "conta")
    await store.append(second, EventType.RESULT, {"desfecho": "cotacao", "mensagem": "Pronto"})
    with pytest.raises(Ended):
        await store.take_turn(second, "conta")


async def test_a_wish_to_cancel_is_not_taken_back(store: Store) -> None:
    await lease(store, "a")
    assert (await store.wish("a", Wish.PAUSE)).wish is Wish.PAUSE
    assert (await store.wish("a", None)).wish is None
    assert (await store.wish("a", Wish.CANCEL)).wish is Wish.CANCEL
    assert (await store.wish("a", Wish.PAUSE)).wish is Wish.CANCEL
    assert (await store.wish("a", None)).wish is Wish.CANCEL
    assert (await store.session("a")).wish is Wish.CANCEL


async def test_a_session_done_again_names_the_first_one(store: Store) -> None:
    await lease(store, "a")
    new = NewSession(id="b", automation="simulacao", queue="q", retry_of="a")
    created, fresh = await store.create(new)
    assert fresh and created.retry_of == "a"
    assert (await store.session("a")).retry_of is None
