"""Who waits is told their place and time in their own stream, as the line moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs

from db.errors import StoreFull
from db.events import Event, EventType, Status
from db.sqlite import SqliteStore
from db.store import NewSession, Session, Store, Wish
from runner import learner, teller
from runner.lesson import NOTHING
from runner.teller import Teller
from tests.db.conftest import Clock
from tests.runner.conftest import PACE_S, Bench, Failing
from tests.runner.flows import AUTOMATIONS

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A teller that looks more often; what it says is the same."""
    monkeypatch.setattr(teller, "TELL_S", 0.02)
    monkeypatch.setattr(teller, "CORRECT_S", 0.1)


class Rounds:
    """Counts the finished looks of all tellers, so that a test can wait for one more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        tell = Teller._tell

        async def telling(one: Teller) -> bool:
            early = await tell(one)
            self.count += 1
            # Whatever is unchanged is looked at all the same: saying nothing has to be seen.
            return early or True

        monkeypatch.setattr(Teller, "_tell", telling)

    async def more(self, count: int = 3) -> None:
        """Return after some looks that began later than now."""
        until = self.count + count + 1
        with anyio.fail_after(20):
            while self.count < until:
                await anyio.sleep(PACE_S)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Rounds:
    return Rounds(monkeypatch)


def told(events: Sequence[Event]) -> list[Any]:
    """What the visitor read as `fila`, in order."""
    return [event.data["fila"] for event in events if event.data.get("fila")]


async def at_place(bench: Bench, name: str, position: int) -> Event:
    """The event that tells this place, once it is the last one."""
    with anyio.fail_after(20):
        while True:
            events = await bench.events(name)
            if events and (told(events[-1:]) or [{}])[0].get("posicao") == position:
                return events[-1]
            await anyio.sleep(PACE_S)


async def line_up(bench: Bench, *names: str, file: Path | str = "", **more: Any) -> None:
    """Sessions in this order; they run until `file` is there, or for ever."""
    for name in names:
        bench.answers[name] = {"file": str(file)}
        new = NewSession(id=name, automation="lingers", queue="q", **more)
        await bench.store.create(new)


async def test_who_waits_is_told_the_place_in_their_own_stream(bench: Bench) -> None:
    await line_up(bench, "a", "b", "c")
    bench.supervise(capacity=1)
    second, third = await at_place(bench, "b", 1), await at_place(bench, "c", 2)
    assert second.data["fila"] == {"posicao": 1, "espera_s": None}
    assert third.data["mensagem"] == "Há 1 pessoa na sua frente."
    assert {second.session_id, third.session_id} == {"b", "c"}
    assert third.data | {"mensagem": "", "fila": None} == {
        "etapa": "0",
        "etapa_atual": 0,
        "total_etapas": 15,
        "percentual": 0,
        "status": "queued",
        "fase": "fila",
        "titulo": "Na fila",
        "mensagem": "",
        "restante_s": None,
        "fila": None,
    }
    assert (await bench.store.session("c")).status is Status.QUEUED
    assert not told(await bench.events("a"))


async def test_the_line_moves_up_when_somebody_ends(bench: Bench, tmp_path: Path) -> None:
    await line_up(bench, "a", file=tmp_path / "go")
    await line_up(bench, "b", "c")
    bench.supervise(capacity=1)
    await at_place(bench, "c", 2)
    (tmp_path / "go").touch()
    await at_place(bench, "c", 1)
    await bench.screen("4", "b")
    for name in ("b", "c"):
        events = await bench.events(name)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        places = [fila["posicao"] for fila in told(events)]
        assert places == ([1] if name == "b" else [2, 1])


async def test_who_comes_while_a_place_is_free_is_never_told_to_wait(
    bench: Bench, rounds: Rounds
) -> None:
    bench.supervise(capacity=3)
    for name in ("a", "b", "c"):
        await line_up(bench, name)
        await bench.screen("4", name)
    await rounds.more()
    for name in ("a", "b", "c"):
        assert not told(await bench.events(name))


async def test_two_runners_do_not_repeat_each_other(bench: Bench, rounds: Rounds) -> None:
    await line_up(bench, "a", "b", "c", "d")
    for _ in range(2):
        bench.supervise(capacity=1)
    await at_place(bench, "d", 2)
    await at_place(bench, "c", 1)
    await rounds.more(6)
    assert [fila["posicao"] for fila in told(await bench.events("c"))] == [1]
    assert [fila["posicao"] for fila in told(await bench.events("d"))] == [2]


async def test_the_next_runner_goes_on_with_the_line_where_the_last_one_stopped(
    bench: Bench, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough to take the first one before anybody is told anything.
    monkeypatch.setattr(teller, "TELL_S", 0.5)
    await line_up(bench, "a", "b")
    supervisor = bench.supervise(capacity=1)
    await at_place(bench, "b", 1)
    await bench.restart(supervisor, capacity=1)
    await bench.screen("4")
    await rounds.more()
    assert [fila["posicao"] for fila in told(await bench.events("b"))] == [1]


async def test_who_is_cancelled_while_waiting_ends_and_the_others_move_up(bench: Bench) -> None:
    await line_up(bench, "a", "b", "c")
    bench.supervise(capacity=1)
    await at_place(bench, "c", 2)
    await bench.store.wish("b", Wish.CANCEL)
    assert (await bench.ending("b")).status is Status.CANCELLED
    await at_place(bench, "c", 1)
    assert (await bench.store.session("a")).ended_at is None


async def test_who_is_more_urgent_goes_first_and_the_others_are_told(
    bench: Bench, tmp_path: Path
) -> None:
    await line_up(bench, "a", file=tmp_path / "go")
    await line_up(bench, "b")
    bench.supervise(capacity=1)
    await at_place(bench, "b", 1)
    await line_up(bench, "urgent", priority=5)
    await at_place(bench, "urgent", 1)
    await at_place(bench, "b", 2)
    (tmp_path / "go").touch()
    await bench.screen("4", "urgent")
    await at_place(bench, "b", 1)
    assert (await bench.store.session("b")).status is Status.QUEUED


async def test_an_automations_limit_holds_over_two_runners_while_others_go_on(
    bench: Bench, tmp_path: Path
) -> None:
    limited = {**AUTOMATIONS, "lingers": replace(AUTOMATIONS["lingers"], limit=1)}
    for _ in range(2):
        bench.supervise(automations=limited, capacity=5)
    await line_up(bench, "a", file=tmp_path / "go")
    await line_up(bench, "b")
    await bench.screen("4")
    await at_place(bench, "b", 1)
    await bench.create("simulacao", "other", etapas=1, intervalo_s=0)
    assert (await bench.ending("other")).type is EventType.RESULT
    assert (await bench.store.session("b")).status is Status.QUEUED
    (tmp_path / "go").touch()
    await bench.screen("4", "b")


async def test_the_wait_is_told_from_what_earlier_runs_took(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "LEARN_S", 0.05)
    for number in range(3):
        await completed(bench, f"earlier{number}", seconds=100)
    await line_up(bench, "a", "b", "c")
    bench.supervise(capacity=1)
    await at_place(bench, "c", 2)
    await bench.until(lambda session: session.last_seq > 0, "c")
    known = await wait_known(bench, "b")
    behind = await wait_known(bench, "c")
    assert 90 <= known["espera_s"] <= 100
    assert 190 <= behind["espera_s"] <= 200
    said = (await bench.events("c"))[-1].data["mensagem"]
    assert said == "Há 1 pessoa na sua frente. Sua vez chega em cerca de 3 minutos."


async def completed(bench: Bench, name: str, *, seconds: float) -> None:
    """An earlier run of `lingers` that was so long; its clock was another one."""
    clock = Clock()
    async with SqliteStore(bench.database, clock=clock) as earlier:
        await earlier.create(NewSession(id=name, automation="lingers", queue="q"))
        found = await earlier.claim("earlier", queues=["q"], ttl_s=1000)
        assert found is not None and found[0].id == name
        for fase in ("entrou", "concluiu"):
            data = {"etapa": "4", "fase": fase, "status": "running"}
            await earlier.append(found[1], EventType.PROGRESS, data)
            clock.forward(seconds / 2)
        await earlier.append(found[1], EventType.RESULT, {"desfecho": "cotacao_manual"})


async def wait_known(bench: Bench, name: str) -> Any:
    with anyio.fail_after(20):
        while True:
            last = told(await bench.events(name))[-1]
            if last["espera_s"] is not None:
                return last
            await anyio.sleep(PACE_S)


async def test_who_rests_frees_no_place_that_anybody_could_count_on(bench: Bench) -> None:
    await line_up(bench, "a", "b")
    lease = await bench.claim(ttl_s=60)
    paused = {"etapa": "2", "fase": "pausa", "status": "paused", "restante_s": [10, 20]}
    await bench.store.append(lease, EventType.PROGRESS, paused)
    bench.supervise(capacity=0)
    assert (await at_place(bench, "b", 1)).data["fila"]["espera_s"] is None


async def test_a_runs_own_forecast_tells_when_its_place_is_free(bench: Bench) -> None:
    await line_up(bench, "a", "b")
    lease = await bench.claim(ttl_s=60)
    forecast = {"etapa": "2", "fase": "entrou", "status": "running", "restante_s": [200, 400]}
    event = await bench.store.append(lease, EventType.PROGRESS, forecast)
    bench.supervise(capacity=0)
    said = await at_place(bench, "b", 1)
    passed = datetime.fromisoformat(said.at) - datetime.fromisoformat(event.at)
    assert abs(said.data["fila"]["espera_s"] - (300 - passed.total_seconds())) < 2


async def test_a_line_that_cannot_be_read_or_told_is_tried_again(bench: Bench) -> None:
    await line_up(bench, "a", "b")
    await bench.claim(ttl_s=60)
    failing = Failing(bench.store, "unfinished", "tell")
    failing.error = StoreFull("x")
    with capture_logs() as logs:
        async with anyio.create_task_group() as group:
            group.start_soon(_telling(failing).run)
            await bench.until(lambda _: failing.asked >= 3)
            failing.error = None
            await at_place(bench, "b", 1)
            group.cancel_scope.cancel()
    assert logs == []


async def test_what_is_wrong_with_one_look_is_logged_without_anybodys_words(bench: Bench) -> None:
    await line_up(bench, "a", "b")
    await bench.claim(ttl_s=60)
    broken = True

    def automation(name: str) -> None:
        if broken:
            raise RuntimeError("Josefina")

    with capture_logs() as logs:
        async with anyio.create_task_group() as group:
            group.start_soon(_telling(bench.store, automation).run)
            await bench.until(lambda _: bool(logs))
            broken = False
            await at_place(bench, "b", 1)
            group.cancel_scope.cancel()
    assert logs[0]["event"] == "the line could not be told"
    assert "Josefina" not in str(logs)


def _telling(store: Store | Failing, automation: Any = AUTOMATIONS.get) -> Teller:
    return Teller(store, ["q"], lambda name: NOTHING, automation)


async def test_a_session_of_another_queue_is_in_another_line(bench: Bench) -> None:
    bench.answers["x"] = {}
    await bench.store.create(NewSession(id="x", automation="lingers", queue="elsewhere"))
    await line_up(bench, "a", "b")
    bench.supervise(capacity=1)
    await at_place(bench, "b", 1)
    elsewhere: Session = await bench.store.session("x")
    assert elsewhere.last_seq == 0
