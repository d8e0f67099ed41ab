"""The queue, for every engine: who comes first, who has to be ended, what is said meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from db.errors import EventRefused, QueueFull
from db.events import Event, EventType, Status
from db.store import Lease, NewSession, Session, Store, Wish
from tests.db.conftest import Clock

pytestmark = pytest.mark.anyio

PROGRESS = {"etapa": "1", "titulo": "Veículo", "fase": "entrou", "status": "running"}
RESULT = {"desfecho": "cotacao", "mensagem": "Pronto"}
IN_LINE = {"etapa": "0", "fase": "fila", "status": "queued", "fila": {"posicao": 1}}


async def wait_in_line(store: Store, *names: str, automation: str = "quote", **more: Any) -> None:
    for name in names:
        await store.create(NewSession(id=name, automation=automation, queue="q", **more))


async def claim(store: Store, **how: Any) -> tuple[Session, Lease]:
    found = await store.claim("me", queues=["q"], ttl_s=how.pop("ttl_s", 5), **how)
    assert found is not None
    return found


async def claimed(store: Store, **how: Any) -> list[str]:
    """The names of all that can be claimed, in order."""
    names = []
    while found := await store.claim("me", queues=["q"], ttl_s=60, **how):
        names.append(found[0].id)
    return names


async def test_priority_comes_first_then_age_then_the_id(store: Store, clock: Clock) -> None:
    await wait_in_line(store, "b", "a")
    clock.forward(1)
    await wait_in_line(store, "later")
    await wait_in_line(store, "urgent", priority=2)
    await wait_in_line(store, "idle", priority=-1)
    assert (await store.session("urgent")).priority == 2
    assert await claimed(store) == ["urgent", "a", "b", "later", "idle"]


async def test_what_has_to_be_ended_comes_before_every_priority(store: Store, clock: Clock) -> None:
    await wait_in_line(store, "lapsed")
    await claim(store)
    clock.forward(6)
    await wait_in_line(store, "unwanted")
    await store.wish("unwanted", Wish.CANCEL)
    await wait_in_line(store, "urgent", priority=9)
    assert await claimed(store) == ["lapsed", "unwanted", "urgent"]


async def test_who_has_no_room_claims_only_what_has_to_be_ended(store: Store, clock: Clock) -> None:
    await wait_in_line(store, "lapsed", "returned")
    lease = (await claim(store))[1]
    assert lease.session_id == "lapsed"
    await store.release((await claim(store))[1])
    await wait_in_line(store, "unwanted", "waits")
    await store.wish("unwanted", Wish.CANCEL)
    clock.forward(6)
    assert await claimed(store, room=False) == ["lapsed", "unwanted"]
    assert await claimed(store) == ["returned", "waits"]


async def test_an_automation_at_its_limit_lets_the_others_pass(store: Store) -> None:
    await wait_in_line(store, "a", "b", "c")
    await wait_in_line(store, "x", "y", automation="other")
    limits = {"quote": 2, "nobody": 0}
    assert await claimed(store, limits=limits) == ["a", "b", "x", "y"]
    assert await claimed(store) == ["c"]


@pytest.mark.parametrize("how", ["ended", "released"])
async def test_a_place_within_the_limit_becomes_free(store: Store, how: str) -> None:
    await wait_in_line(store, "a", "b")
    _, lease = await claim(store, limits={"quote": 1})
    assert await claimed(store, limits={"quote": 1}) == []
    if how == "ended":
        await store.append(lease, EventType.RESULT, RESULT)
    else:
        await store.release(lease)
    assert len(await claimed(store, limits={"quote": 1})) == 1


async def test_no_limit_holds_back_what_has_to_be_ended(store: Store, clock: Clock) -> None:
    await wait_in_line(store, "lapsed", "runs")
    await claim(store)
    await claim(store, ttl_s=60)
    await wait_in_line(store, "unwanted", "waits")
    await store.wish("unwanted", Wish.CANCEL)
    clock.forward(6)
    assert await claimed(store, limits={"quote": 1}) == ["lapsed", "unwanted"]


async def test_a_limit_holds_for_all_runners_together(
    opener: Callable[[], Store], store: Store
) -> None:
    await wait_in_line(store, *(f"s{number}" for number in range(8)))
    taken: list[str] = []

    async def take() -> None:
        async with opener() as other:
            taken.extend(await claimed(other, limits={"quote": 3}))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(take)
    assert sorted(taken) == ["s0", "s1", "s2"]


async def test_only_a_lease_that_ran_out_in_its_owners_hands_is_a_lapse(
    store: Store, clock: Clock
) -> None:
    await wait_in_line(store, "a")
    session, lease = await claim(store)
    assert session.lapses == 0
    await store.release(lease)
    clock.forward(6)
    assert (await claim(store))[0].lapses == 0
    for lapses in (1, 2):
        clock.forward(6)
        assert (await claim(store))[0].lapses == lapses
    await store.fence("a", "another", ttl_s=5)
    assert (await store.session("a")).lapses == 2


async def test_the_unfinished_come_in_the_order_of_claims_with_their_last_event(
    store: Store, clock: Clock
) -> None:
    await wait_in_line(store, "done", "runs")
    await store.append((await claim(store))[1], EventType.RESULT, RESULT)
    _, lease = await claim(store)
    await store.append(lease, EventType.PROGRESS, PROGRESS)
    last = await store.append(lease, EventType.PROGRESS, PROGRESS, detail={"selector": "#x"})
    clock.forward(1)
    await wait_in_line(store, "waits")
    await wait_in_line(store, "urgent", priority=1)
    found = await store.unfinished()
    assert [(session.id, event) for session, event in found] == [
        ("urgent", None),
        ("runs", last),
        ("waits", None),
    ]
    assert found[1][0] == await store.session("runs")
    assert await store.unfinished(limit=1) == found[:1]
    # Of one queue only those who wait there.
    await store.create(NewSession(id="elsewhere", automation="quote", queue="other"))
    line = await store.unfinished(waiting="q")
    assert [session.id for session, _ in line] == ["urgent", "waits"]
    assert await store.unfinished(waiting="nobody's") == []


async def test_those_who_wait_are_counted_by_queue(store: Store, clock: Clock) -> None:
    assert await store.waiting("q") == 0
    await wait_in_line(store, "a", "b", "c")
    await store.create(NewSession(id="d", automation="quote", queue="other"))
    assert (await store.waiting("q"), await store.waiting("other")) == (3, 1)
    _, lease = await claim(store)
    # In somebody's hands, though the visitor is told to wait.
    await store.append(lease, EventType.PROGRESS, IN_LINE)
    assert await store.waiting("q") == 2
    await store.release(lease)
    assert await store.waiting("q") == 3
    await store.append((await claim(store))[1], EventType.RESULT, RESULT)
    assert await store.waiting("q") == 2


async def test_who_waits_is_told_and_waits_on(store: Store) -> None:
    await wait_in_line(store, "a")
    told = await store.tell(await store.session("a"), IN_LINE)
    assert told is not None and (told.seq, told.data) == (1, IN_LINE)
    session = await store.session("a")
    assert (session.status, session.generation, session.last_seq) == (Status.QUEUED, 0, 1)
    again = await store.tell(session, IN_LINE)
    assert await store.events("a") == [told, again]
    found, lease = await claim(store)
    assert (found.id, found.lapses, lease.generation) == ("a", 0, 1)
    assert (await store.append(lease, EventType.PROGRESS, PROGRESS)).seq == 3


async def test_who_came_back_to_the_queue_is_told_with_the_generation_it_has(store: Store) -> None:
    await wait_in_line(store, "a")
    _, lease = await claim(store)
    await store.append(lease, EventType.PROGRESS, PROGRESS)
    await store.release(lease)
    told = await store.tell(await store.session("a"), IN_LINE)
    assert told is not None and told.seq == 2
    assert (await store.session("a")).generation == lease.generation


async def claim_it(store: Store, read: Session) -> None:
    await claim(store)


async def claim_and_return_it(store: Store, read: Session) -> None:
    await store.release((await claim(store))[1])


async def tell_it(store: Store, read: Session) -> None:
    await store.tell(read, IN_LINE)


async def end_it(store: Store, read: Session) -> None:
    await store.append((await claim(store))[1], EventType.RESULT, RESULT)


@pytest.mark.parametrize("faster", [claim_it, claim_and_return_it, tell_it, end_it])
async def test_what_was_read_too_long_ago_is_not_told(store: Store, faster: Any) -> None:
    await wait_in_line(store, "a")
    read = await store.session("a")
    await faster(store, read)
    before: list[Event] = await store.events("a")
    assert await store.tell(read, IN_LINE) is None
    assert await store.events("a") == before


async def test_a_session_in_somebodys_hands_is_not_told_even_if_freshly_read(store: Store) -> None:
    await wait_in_line(store, "a")
    session, lease = await claim(store)
    assert await store.tell(session, IN_LINE) is None
    await store.append(lease, EventType.PROGRESS, IN_LINE)
    assert await store.tell(await store.session("a"), IN_LINE) is None


@pytest.mark.parametrize("data", [PROGRESS, {}, {**IN_LINE, "x": "y" * 60_000}])
async def test_what_does_not_suit_one_who_waits_is_refused(
    store: Store, data: dict[str, Any]
) -> None:
    await wait_in_line(store, "a")
    with pytest.raises(EventRefused):
        await store.tell(await store.session("a"), data)
    assert (await store.session("a")).last_seq == 0


async def test_a_queue_takes_no_more_than_its_limit_but_knows_who_was_there(store: Store) -> None:
    first = NewSession(id="a", automation="quote", queue="q", idempotency_key="k")
    await store.create(first, queue_limit=1)
    again = NewSession(id="b", automation="quote", queue="q", idempotency_key="k")
    found, new = await store.create(again, queue_limit=1)
    assert (found.id, new) == ("a", False)
    other = NewSession(id="c", automation="quote", queue="q")
    with pytest.raises(QueueFull):
        await store.create(other, queue_limit=1)
    assert [session.id for session in await store.sessions()] == ["a"]
    # Another queue, and one from which somebody was taken, have room.
    await store.create(NewSession(id="d", automation="quote", queue="other"), queue_limit=1)
    await claim(store)
    assert (await store.create(other, queue_limit=1))[1]
