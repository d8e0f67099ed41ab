"""The store's contract: what every engine must do. One sentence a test."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from db.errors import Ended, EventRefused, Fenced, KeyReused, UnknownSession
from db.events import EventType, Status
from db.store import Lease, NewSession, Session, Store, Wish
from tests.db.conftest import Clock

pytestmark = pytest.mark.anyio

PROGRESS = {"etapa": "1", "titulo": "Veículo", "fase": "entrou", "status": "running"}
RESULT = {"desfecho": "cotacao", "mensagem": "Pronto"}


def new(name: str = "a", **more: object) -> NewSession:
    return NewSession(id=name, automation="simulacao", queue="q", **more)  # type: ignore[arg-type] # free keywords keep the tests short


async def claimed(store: Store, name: str = "a", ttl_s: float = 5) -> tuple[Session, Lease]:
    await store.create(new(name))
    found = await store.claim("runner-1", queues=["q"], ttl_s=ttl_s)
    assert found is not None
    return found


async def test_a_new_session_waits_in_its_queue(store: Store) -> None:
    session, fresh = await store.create(new(assumed=["combustivel"], ignored=2, answers=b"sealed"))
    assert fresh
    assert (session.status, session.last_seq, session.generation) == (Status.QUEUED, 0, 0)
    assert (session.assumed, session.ignored, session.answers) == (("combustivel",), 2, b"sealed")
    assert await store.session("a") == session


@pytest.mark.parametrize("name", ["", 'a"b', "a/b", "a b", "ação"])
async def test_an_id_that_would_need_escaping_is_refused(store: Store, name: str) -> None:
    with pytest.raises(EventRefused):
        await store.create(new(name))


async def test_an_unknown_session_is_named(store: Store) -> None:
    with pytest.raises(UnknownSession, match="nobody"):
        await store.session("nobody")
    with pytest.raises(UnknownSession):
        await store.wish("nobody", Wish.CANCEL)
    with pytest.raises(UnknownSession):
        await store.fence("nobody", "me", ttl_s=5)
    with pytest.raises(UnknownSession):
        lease = Lease(session_id="nobody", generation=1, owner="me")
        await store.append(lease, EventType.PROGRESS, PROGRESS)


async def test_the_same_key_gives_the_same_session_whenever_it_comes(
    store: Store, clock: Clock
) -> None:
    first, _ = await store.create(new("a", idempotency_key="k", fingerprint="f", client="c"))
    clock.forward(86_400)
    again, fresh = await store.create(new("b", idempotency_key="k", fingerprint="f", client="d"))
    assert (again.id, fresh) == (first.id, False)


async def test_the_same_key_with_other_answers_is_refused(store: Store) -> None:
    await store.create(new("a", idempotency_key="k", fingerprint="f"))
    with pytest.raises(KeyReused):
        await store.create(new("b", idempotency_key="k", fingerprint="g"))


async def test_the_same_answers_of_the_same_client_are_one_session_for_a_while(
    store: Store, clock: Clock
) -> None:
    async def start(name: str, client: str) -> tuple[str, bool]:
        request = new(name, fingerprint="f", client=client)
        session, fresh = await store.create(request, repeat_within_s=30)
        return session.id, fresh

    assert await start("a", "c") == ("a", True)
    clock.forward(29)
    assert await start("b", "c") == ("a", False)
    assert await start("d", "other client") == ("d", True)
    clock.forward(2)
    assert await start("e", "c") == ("e", True)


async def test_who_failed_may_try_the_same_answers_again_at_once(store: Store) -> None:
    await store.create(new("a", fingerprint="f", client="c"), repeat_within_s=30)
    found = await store.claim("me", queues=["q"], ttl_s=5)
    assert found is not None
    await store.append(found[1], EventType.ERROR, {"tipo": "interno", "final": True})
    session, fresh = await store.create(new("b", fingerprint="f", client="c"), repeat_within_s=30)
    assert (session.id, fresh) == ("b", True)


async def test_many_identical_starts_at_once_make_one_session(
    opener: Callable[[], Store], store: Store
) -> None:
    made: list[tuple[str, bool]] = []

    async def start(number: int) -> None:
        async with opener() as other:
            session, fresh = await other.create(
                new(f"s{number}", idempotency_key="k", fingerprint="f")
            )
            made.append((session.id, fresh))

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(start, number)
    assert len({name for name, _ in made}) == 1
    assert sum(fresh for _, fresh in made) == 1


async def test_a_claim_takes_the_oldest_of_its_queues_once(store: Store, clock: Clock) -> None:
    await store.create(new("a"))
    clock.forward(1)
    await store.create(new("b"))
    await store.create(NewSession(id="c", automation="x", queue="other"))
    names = []
    while found := await store.claim("me", queues=["q"], ttl_s=5):
        session, lease = found
        assert (session.status, session.generation) == (Status.RUNNING, 1)
        assert lease == Lease(session_id=session.id, generation=1, owner="me")
        names.append(session.id)
    assert names == ["a", "b"]
    assert (await store.session("c")).status is Status.QUEUED


async def test_many_claims_at_once_never_take_the_same_session(
    opener: Callable[[], Store], store: Store
) -> None:
    for number in range(6):
        await store.create(new(f"s{number}"))
    taken: list[str] = []

    async def claim(owner: str) -> None:
        async with opener() as other:
            while found := await other.claim(owner, queues=["q"], ttl_s=60):
                taken.append(found[0].id)

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(claim, f"runner-{number}")
    assert sorted(taken) == [f"s{number}" for number in range(6)]


async def test_a_lease_that_ran_out_can_be_claimed_with_the_next_generation(
    store: Store, clock: Clock
) -> None:
    _, old = await claimed(store, ttl_s=5)
    clock.forward(4)
    assert await store.claim("runner-2", queues=["q"], ttl_s=5) is None
    clock.forward(2)
    found = await store.claim("runner-2", queues=["q"], ttl_s=5)
    assert found is not None
    assert found[1].generation == old.generation + 1


async def test_an_orphan_of_another_queue_is_claimed_only_on_request_and_only_once_expired(
    store: Store, clock: Clock
) -> None:
    await claimed(store, ttl_s=5)
    await store.create(NewSession(id="waiting", automation="x", queue="q"))
    assert await store.claim("me", queues=["other"], ttl_s=5, orphans=True) is None
    clock.forward(6)
    assert await store.claim("me", queues=["other"], ttl_s=5) is None
    found = await store.claim("me", queues=["other"], ttl_s=5, orphans=True)
    assert found is not None and found[0].id == "a"
    assert await store.claim("me", queues=["other"], ttl_s=5, orphans=True) is None


@pytest.mark.parametrize("how", ["released", "cancelled while it waited"])
async def test_what_nobody_serves_can_be_ended_by_who_looks_after_orphans(
    store: Store, clock: Clock, how: str
) -> None:
    if how == "released":
        await store.release((await claimed(store))[1])
        # Its own runner may be about to come back.
        clock.forward(30)
        assert await store.claim("me", queues=["other"], ttl_s=5, orphans=True) is None
        clock.forward(31)
    else:
        await store.create(new())
        await store.wish("a", Wish.CANCEL)
    found = await store.claim("me", queues=["other"], ttl_s=5, orphans=True)
    assert found is not None and found[0].id == "a"


async def test_a_clock_that_is_set_back_does_not_hold_what_was_given_back(
    store: Store, clock: Clock
) -> None:
    await store.release((await claimed(store))[1])
    clock.forward(-600)
    assert await store.waiting("q") == 1
    assert await store.claim("me", queues=["q"], ttl_s=5) is not None


async def test_a_renewed_lease_holds(store: Store, clock: Clock) -> None:
    _, lease = await claimed(store, ttl_s=5)
    clock.forward(4)
    assert await store.renew(lease, ttl_s=5, pid=4711) is None
    clock.forward(4)
    assert await store.claim("runner-2", queues=["q"], ttl_s=5) is None
    assert (await store.session("a")).pid == 4711


async def test_a_fenced_writer_is_refused_everything(store: Store) -> None:
    _, old = await claimed(store)
    await store.append(old, EventType.PROGRESS, PROGRESS)
    newer = await store.fence("a", "runner-2", ttl_s=5)
    with pytest.raises(Fenced):
        await store.append(old, EventType.PROGRESS, PROGRESS)
    with pytest.raises(Fenced):
        await store.renew(old, ttl_s=5)
    with pytest.raises(Fenced):
        await store.release(old)
    assert (await store.append(newer, EventType.PROGRESS, PROGRESS)).seq == 2


async def test_a_fence_against_one_holder_fails_if_another_was_faster(store: Store) -> None:
    _, old = await claimed(store)
    newer = await store.fence("a", "runner-2", ttl_s=5, generation=old.generation)
    with pytest.raises(Fenced):
        await store.fence("a", "runner-3", ttl_s=5, generation=old.generation)
    assert (await store.append(newer, EventType.PROGRESS, PROGRESS)).seq == 1


async def test_a_released_session_goes_back_to_its_queue(store: Store) -> None:
    _, lease = await claimed(store)
    await store.release(lease)
    assert (await store.session("a")).status is Status.QUEUED
    found = await store.claim("runner-2", queues=["q"], ttl_s=5)
    assert found is not None and found[1].generation == lease.generation + 1


async def test_a_wish_reaches_the_holder_with_its_next_renewal(store: Store) -> None:
    _, lease = await claimed(store)
    await store.wish("a", Wish.PAUSE)
    assert await store.renew(lease, ttl_s=5) is Wish.PAUSE
    await store.wish("a", None)
    assert await store.renew(lease, ttl_s=5) is None


async def test_events_count_up_from_one_without_gaps(store: Store) -> None:
    _, lease = await claimed(store)
    for number in range(1, 8):
        event = await store.append(lease, EventType.PROGRESS, {**PROGRESS, "n": number})
        assert event.seq == number
    history = await store.events("a")
    assert [event.seq for event in history] == list(range(1, 8))
    assert [event.data["n"] for event in history] == list(range(1, 8))
    assert [event.seq for event in await store.events("a", after=3, limit=2)] == [4, 5]


async def test_what_append_returns_is_what_is_read_back(store: Store) -> None:
    _, lease = await claimed(store)
    data = {"mensagem": "Ação \u2028 ✓", "n": 1.5}
    event = await store.append(lease, EventType.PROGRESS, data, detail={"selector": "#x"})
    assert await store.events("a") == [event]
    assert event.data == data
    assert event.body.isascii()


async def test_two_writers_of_two_sessions_never_mix_their_seqs(
    opener: Callable[[], Store], store: Store
) -> None:
    leases = [(await claimed(store, name, ttl_s=60))[1] for name in ("a", "b", "c")]

    async def write(lease: Lease) -> None:
        async with opener() as other:
            for _ in range(20):
                await other.append(lease, EventType.PROGRESS, PROGRESS)

    async with anyio.create_task_group() as group:
        for lease in leases:
            group.start_soon(write, lease)
    for lease in leases:
        history = await store.events(lease.session_id)
        assert [event.seq for event in history] == list(range(1, 21))


@pytest.mark.parametrize(
    ("type", "data", "status"),
    [
        (EventType.RESULT, RESULT, Status.COMPLETED),
        (EventType.RESULT, {"desfecho": "cotacao_manual"}, Status.COMPLETED),
        (EventType.ERROR, {"tipo": "site_mudou", "final": True}, Status.FAILED),
        (EventType.ERROR, {"tipo": "cancelado", "final": True}, Status.CANCELLED),
    ],
)
async def test_a_terminal_event_ends_the_session_and_nothing_follows(
    store: Store, type: EventType, data: dict[str, object], status: Status
) -> None:
    _, lease = await claimed(store)
    event = await store.append(lease, type, data)
    session = await store.session("a")
    assert (session.status, session.ended_at, event.status) == (status, event.at, status)
    with pytest.raises(Ended):
        await store.append(lease, EventType.PROGRESS, PROGRESS)
    with pytest.raises(Ended):
        await store.renew(lease, ttl_s=5)
    with pytest.raises(Ended):
        await store.wish("a", Wish.CANCEL)
    with pytest.raises(Ended):
        await store.fence("a", "me", ttl_s=5)
    assert await store.claim("me", queues=["q"], ttl_s=5) is None


async def test_an_error_that_is_not_final_lets_the_session_go_on(store: Store) -> None:
    _, lease = await claimed(store)
    await store.append(lease, EventType.ERROR, {"tipo": "aviso", "final": False})
    assert (await store.session("a")).status is Status.RUNNING
    assert (await store.append(lease, EventType.RESULT, RESULT)).seq == 2


async def test_progress_carries_the_status_of_the_session(store: Store) -> None:
    _, lease = await claimed(store)
    await store.append(lease, EventType.PROGRESS, {**PROGRESS, "status": "paused"})
    assert (await store.session("a")).status is Status.PAUSED
    await store.append(lease, EventType.PROGRESS, PROGRESS)
    assert (await store.session("a")).status is Status.RUNNING


async def test_time_never_goes_back_within_a_session(store: Store, clock: Clock) -> None:
    _, lease = await claimed(store)
    first = await store.append(lease, EventType.PROGRESS, PROGRESS)
    clock.forward(-3600)
    second = await store.append(lease, EventType.PROGRESS, PROGRESS)
    assert second.at >= first.at


@pytest.mark.parametrize(
    "data",
    [{"x": float("nan")}, {"x": object()}, {"x": "y" * 60_000}],
    ids=["nan", "not JSON", "too large"],
)
async def test_an_event_that_cannot_be_stored_is_refused_and_leaves_no_trace(
    store: Store, data: dict[str, object]
) -> None:
    _, lease = await claimed(store)
    with pytest.raises(EventRefused):
        await store.append(lease, EventType.PROGRESS, data)
    assert await store.events("a") == []


async def test_since_gives_every_event_once_in_the_order_of_commits(store: Store) -> None:
    _, a = await claimed(store, "a")
    _, b = await claimed(store, "b")
    start = await store.head()
    for lease in (a, b, a, b, a):
        await store.append(lease, EventType.PROGRESS, PROGRESS)
    seen: list[tuple[str, int]] = []
    position = start
    while True:
        events, position = await store.since(position, limit=2)
        if not events:
            break
        seen += [(event.session_id, event.seq) for event in events]
    assert seen == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)]
    assert await store.head() == position


async def test_the_version_changes_when_another_process_commits(
    opener: Callable[[], Store], store: Store
) -> None:
    _, lease = await claimed(store)
    before = await store.version()
    assert await store.version() == before
    async with opener() as other:
        await other.append(lease, EventType.PROGRESS, PROGRESS)
    assert await store.version() != before


async def test_sessions_are_listed_newest_first_and_by_what_is_asked(
    store: Store, clock: Clock
) -> None:
    for name in ("a", "b"):
        await store.create(new(name))
        clock.forward(1)
    await store.create(NewSession(id="c", automation="cotacao_auto", queue="other"))
    await store.claim("me", queues=["q"], ttl_s=5)
    assert [session.id for session in await store.sessions()] == ["c", "b", "a"]
    assert [session.id for session in await store.sessions(limit=1)] == ["c"]
    assert [s.id for s in await store.sessions(automation="simulacao")] == ["b", "a"]
    assert [session.id for session in await store.sessions(status=Status.RUNNING)] == ["a"]


async def test_a_cancelled_call_is_whole_or_not_there_and_leaves_the_store_usable(
    store: Store,
) -> None:
    _, lease = await claimed(store)
    for _ in range(20):
        async with anyio.create_task_group() as group:
            group.start_soon(store.append, lease, EventType.PROGRESS, PROGRESS)
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
    await store.append(lease, EventType.PROGRESS, PROGRESS)
    history = await store.events("a")
    assert [event.seq for event in history] == list(range(1, len(history) + 1))


async def test_a_checkpoint_and_a_probe_change_nothing_that_is_seen(store: Store) -> None:
    _, lease = await claimed(store)
    await store.append(lease, EventType.PROGRESS, PROGRESS)
    before = await store.events("a")
    await store.checkpoint()
    await store.probe()
    assert await store.events("a") == before
