"""The subscription law as a model: whatever happens in whatever order, a reader sees 1…n, once.

1. The model is one list of rows; the system is the real Broadcast, Window and Tail over a log that
   is late, is held, fails, and rings its bell when it likes.
2. The machine drives the event loop by hand: no task runs but in a rule, for as many turns as the
   rule says, so an example is a schedule, and a failing one shrinks to a short one.
3. After every rule each reader's bytes are exactly those between its first and its present cursor.
   At the end everything is let go, and every reader must reach the log's end.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from functools import partial, wraps
from itertools import product
from typing import Any

import pytest
from anyio.lowlevel import checkpoint
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from db.events import EventType
from tests.service.law import assert_each_event_once
from tests.service.place import Client, Log, Place, turn

SESSIONS = st.sampled_from(["s0", "s1"])
QUESTIONS, SIDES = ("events", "since", "head"), ("question", "answer")
WHICH = st.integers(0, 99)
# A session has so many events before it may end.
LEAST = 25
# In turns: how long one side of a question is held.
HELD = st.sampled_from([0, 0, 1, 7, 40])
# In turns: how long a commit keeps others waiting.
LATEST = 15
# In turns; longer than a page mostly takes, or nobody would ever get one.
LONGEST_PATIENCE = 30
# Few, for what happens within one answer of the log; many, for what it leads to.
TURNS = st.sampled_from([0, 1, 2, 3, 5, 8, 12, 30])
# Far more than any schedule needs to come to rest; a reader that is lost would wait for ever.
LAST_TURNS = 4_000
# What a tail needs at most for the question that it is at, and one more.
QUIET_TURNS = 120


@pytest.fixture(autouse=True, scope="module")
def short_pages() -> Iterator[None]:
    """Pages of a few events and writes of a few frames, so that little is a long history."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.broadcast.REPLAY_PAGE", 3)
        patch.setattr("service.broadcast.PAGE_BYTES", 250)
        patch.setattr("service.tail.TAIL_PAGE", 4)
        patch.setattr("service.tail.FIRST_PAUSE_S", 0)
        patch.setattr("service.tail.LONGEST_PAUSE_S", 0)
        # Two frames of the model's events.
        patch.setattr("service.window.WRITE_BYTES", 220)
        yield


def played(**strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule that acts inside the machine's event loop and then lets it turn for a while."""

    def dressed(act: Callable[..., None]) -> Any:
        @wraps(act)
        def play(law: Law, /, turns: int, **given: Any) -> None:
            law.play(partial(act, law, **given), turns)

        # mypy takes the strategies for a rule's other arguments.
        return rule(turns=TURNS, **strategies)(play)  # type: ignore[call-overload]

    return dressed


class Law(RuleBasedStateMachine):
    """The rules; every one ends with some turns of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.here: list[Client] = []
        self.all: list[Client] = []
        self.restless = True

    def play(self, act: Callable[[], object], turns: int) -> None:
        """Act, and let everybody else run for so many turns."""

        async def scene() -> None:
            act()
            for _ in range(turns):
                await checkpoint()

        self.runner.run(scene())
        assert not self.life.done()

    @initialize(
        seed=st.integers(0, 2**32),
        turns=st.sampled_from([0, 3, 12]),
        window_bytes=st.sampled_from([1, 300, 1 << 20]),
        restless=st.booleans(),
        history=st.integers(0, 30),
    )
    def begin(self, seed: int, turns: int, window_bytes: int, restless: bool, history: int) -> None:
        async def scene() -> None:
            self.log = Log(random.Random(seed), turns=turns)
            for _ in range(history):
                self.log.append("s0")
            self.place = Place(self.log, window_bytes)
            self.life = asyncio.create_task(self.place.run())
            await self.place.up.wait()
            if restless:
                self.place.group.start_soon(self.lose_patience, random.Random(seed))

        self.runner.run(scene())

    async def lose_patience(self, chance: random.Random) -> None:
        """As streams do when a ping is due: every wait is cancelled and begun again."""
        while True:
            await turn(chance.randint(1, LONGEST_PATIENCE))
            # Not at rest: it would hide that nobody else wakes a reader.
            for client in self.here if self.restless else []:
                client.idle.cancel()

    @played(
        session=SESSIONS, count=st.integers(1, 12), rings=st.booleans(), late=st.integers(0, LATEST)
    )
    def append(self, session: str, count: int, rings: bool, late: int) -> None:
        self.place.group.start_soon(self.append_late, session, count, rings, late)

    async def append_late(self, session: str, count: int, rings: bool, late: int) -> None:
        """What happens while other rules are at it already."""
        await turn(late)
        for _ in range(0 if self.has_ended(session) else count):
            self.log.append(session)
        if rings:
            self.place.bell.ring()

    @played(session=SESSIONS)
    def finish(self, session: str) -> None:
        # Not too soon, for nothing happens after it.
        if len(self.log.sessions[session]) > LEAST and not self.has_ended(session):
            self.log.append(session, EventType.RESULT)

    @played()
    def ring(self) -> None:
        self.place.bell.ring()

    @played(session=SESSIONS, back=st.integers(0, 40), count=st.integers(1, 3))
    def join(self, session: str, back: int, count: int) -> None:
        # Whoever asks for the end of what has ended is answered 204: there is no reader.
        back = max(back, int(self.has_ended(session)))
        for _ in range(count):
            client = Client(self.place, session, max(0, len(self.log.sessions[session]) - back))
            self.here.append(client)
            self.all.append(client)
            self.place.group.start_soon(client.run)

    @played(which=WHICH)
    def leave(self, which: int) -> None:
        for client in self.somebody(which):
            self.here.remove(client)
            client.scope.cancel()

    @played(which=WHICH, dawdles=st.integers(1, 60))
    def dawdle(self, which: int, dawdles: int) -> None:
        for client in self.somebody(which):
            client.dawdles = dawdles

    @played(held=st.fixed_dictionaries({key: HELD for key in product(QUESTIONS, SIDES)}))
    def hold(self, held: dict[tuple[str, str], int]) -> None:
        self.log.turns.update(held)

    @played(troubles=st.fixed_dictionaries({name: st.integers(0, 2) for name in QUESTIONS}))
    def fail(self, troubles: dict[str, int]) -> None:
        self.log.troubles.update(troubles)

    @played()
    def heal(self) -> None:
        self.place.broadcast.heal()

    @played()
    def restart_the_tail(self) -> None:
        if self.place.up.is_set():
            self.place.start_tail()

    @played(down=st.integers(0, 20))
    def restart(self, down: int) -> None:
        if self.place.up.is_set():
            self.place.restart(down)

    @invariant()
    def each_event_once(self) -> None:
        assert_each_event_once(self.log, self.all)
        for client in self.all:
            assert client.ended == (self.has_ended(client.session_id) and self.at_the_end(client))

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            self.each_event_once()
            self.fall_asleep()
        finally:
            self.runner.close()

    @rule()
    def come_to_rest(self) -> None:
        """Nothing more happens: now each reader reaches the log's end."""
        self.restless = False
        self.play(self.place.bell.ring, LATEST)
        for _ in range(LAST_TURNS // 20):
            if all(map(self.at_the_end, self.here)) and self.place.up.is_set():
                self.restless = True
                return
            self.play(self.place.bell.ring, 20)
        raise AssertionError([(reader.session_id, reader.cursor) for reader in self.here])

    def let_all_leave(self) -> None:
        """Every reader goes."""
        for client in self.here:
            client.scope.cancel()

    def fall_asleep(self) -> None:
        """Nobody reads any more: nothing is kept, and the log is not asked again."""
        self.log.turns.clear()
        self.play(self.let_all_leave, 0)
        self.play(self.place.bell.ring, QUIET_TURNS)
        assert not self.place.broadcast.listening
        asked = self.log.asked
        self.play(self.place.bell.ring, 20)
        assert self.log.asked == asked
        self.place.gone.set()
        self.runner.run(asyncio.wait_for(self.life, 10))

    def somebody(self, which: int) -> list[Client]:
        """One of the readers that are here, if there is any."""
        return [self.here[which % len(self.here)]] if self.here else []

    def at_the_end(self, client: Client) -> bool:
        return client.cursor == len(self.log.sessions[client.session_id])

    def has_ended(self, session: str) -> bool:
        return any(row.type is EventType.RESULT for row in self.log.sessions[session][-1:])


TestLaw = Law.TestCase
TestLaw.settings = settings(max_examples=400, stateful_step_count=25)
