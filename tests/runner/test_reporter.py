"""The reporter: a flow's words as events, and how it insists."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from db.errors import Ended, EventRefused, Fenced, StoreBusy, StoreFull
from db.events import EventType
from db.snapshot import fold
from runner.failure import Failure
from runner.lesson import Forecast, Weights
from runner.reporter import Reporter, blame, insist
from tests.runner.conftest import Bench, Failing

pytestmark = pytest.mark.anyio

MANUAL = {"desfecho": "cotacao_manual", "mensagem": "m", "proximo_passo": "p"}


async def reporter(bench: Bench, *, total: int = 15, **options: Any) -> Reporter:
    await bench.create("waits")
    return Reporter(options.pop("store", bench.store), await bench.claim(), total=total, **options)


async def test_the_percentage_is_linear_in_screens_and_never_falls(bench: Bench) -> None:
    report = await reporter(bench)
    await report.entered("1", "Um", "m")
    await report.done("1", "Um", "m")
    await report.entered("7", "Sete", "m")
    await report.done("7", "Sete", "m")
    await report.skipped("5.5", "Zero km", "m")
    await report.done("15", "Fim", "m")
    seen = [event.data["percentual"] for event in await bench.events()]
    assert seen == [0, 6.7, 6.7, 46.7, 46.7, 99]


async def test_with_weights_the_percentage_is_the_time_that_usually_has_passed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = await reporter(bench)
    report.learn(Weights({"1": 10, "1.5": 0, "2": 30, "3": 60}), Forecast({}))
    await report.entered("1", "Um", "m")
    await report.done("1", "Um", "m")
    await report.entered("2", "Dois", "m")
    now = anyio.current_time()
    monkeypatch.setattr("runner.reporter.anyio.current_time", lambda: now + 15)
    await report.notice("m")
    await report.done("2", "Dois", "m")
    await report.entered("1", "Um", "m")
    await report.done("3", "Três", "m")
    seen = [event.data["percentual"] for event in await bench.events()]
    assert seen[:3] == [0, 10, 10]
    assert seen[3] == pytest.approx(25, abs=1)
    assert seen[4:] == [40, 40, 99]


async def test_what_remains_is_told_with_every_screen_and_narrows(bench: Bench) -> None:
    report = await reporter(bench)
    report.learn(Weights({}), Forecast({"1": (300, 900), "2": (100, 5000)}))
    await report.entered("1", "Um", "m")
    await report.done("1", "Um", "m")
    await report.entered("2", "Dois", "m")
    await report.notice("m", restante_s=(0, 700))
    await report.again(2, "De novo")
    told = [event.data["restante_s"] for event in await bench.events()]
    first, done, second, heard, again = told
    assert 250 < first[0] <= 300 and 850 < first[1] <= 900
    assert [first, done, second, heard] == sorted(told[:4], key=lambda item: -item[1])
    assert second[0] >= 250 and heard[1] <= 700 and again is None


async def test_a_run_that_begins_again_says_so_from_then_on(bench: Bench) -> None:
    report = await reporter(bench)
    await report.entered("1", "Um", "m")
    await report.again(2, "De novo")
    await report.entered("1", "Um", "m")
    first, notice, again = [event.data for event in await bench.events()]
    assert "tentativa" not in first
    assert (notice["fase"], notice["mensagem"], notice["tentativa"]) == ("aviso", "De novo", 2)
    assert (again["fase"], again["tentativa"]) == ("entrou", 2)


async def test_a_screen_is_told_with_its_number_and_title(bench: Bench) -> None:
    report = await reporter(bench)
    await report.entered("5.5", "Zero km", "Respondendo")
    (event,) = await bench.events()
    assert event.data == {
        "etapa": "5.5",
        "etapa_atual": 5,
        "total_etapas": 15,
        "percentual": 0,
        "status": "running",
        "fase": "entrou",
        "titulo": "Zero km",
        "mensagem": "Respondendo",
        "restante_s": None,
    }


async def test_a_notice_stays_on_its_screen_and_tells_what_remains(bench: Bench) -> None:
    report = await reporter(bench)
    await report.entered("15", "Cálculo", "m")
    await report.notice("Calculando", restante_s=(40, 95))
    data = (await bench.events())[-1].data
    assert (data["etapa"], data["fase"], data["restante_s"]) == ("15", "aviso", [40, 95])


async def test_from_submitting_on_every_event_says_so(bench: Bench) -> None:
    report = await reporter(bench)
    await report.entered("9", "Dados", "m")
    await report.submitting("Enviando")
    await report.done("9", "Dados", "m")
    await report.fail(Failure("erro_do_site", detail={"dialogo": 2}))
    events = await bench.events()
    assert [event.data.get("dados_enviados") for event in events] == [None, True, True, True]
    assert events[-1].data["etapa"] == "9"
    assert events[-1].detail == '{"dialogo":2}'


async def test_before_any_screen_an_error_is_at_screen_0_and_nothing_was_sent(
    bench: Bench,
) -> None:
    report = await reporter(bench)
    await report.fail(Failure("sem_conta"))
    (event,) = await bench.events()
    assert (event.data["etapa"], event.data["dados_enviados"]) == ("0", False)


async def test_an_estimate_carries_screen_and_time(bench: Bench) -> None:
    report = await reporter(bench)
    await report.entered("5", "Estimativa", "m")
    await report.estimate({"coberturas_detalhadas": []})
    data = (await bench.events())[-1].data
    assert data["etapa"] == "5" and data["capturado_em"].endswith("Z")


async def test_after_the_result_nothing_is_said_any_more(bench: Bench) -> None:
    report = await reporter(bench)
    await report.result(MANUAL)
    assert report.ended
    with pytest.raises(Ended):
        await report.notice("late")
    await report.fail(Failure("cancelado"))
    events = await bench.events()
    assert [event.type for event in events] == [EventType.RESULT]
    assert fold(events).percentual == 100


async def test_a_flow_cannot_speak_while_its_ending_is_on_the_way(bench: Bench) -> None:
    failing = Failing(bench.store, "append")
    report = await reporter(bench, store=failing)
    failing.error = StoreFull("x")
    async with anyio.create_task_group() as group:
        group.start_soon(report.fail, Failure("cancelado"))
        await bench.until(lambda _: failing.asked > 0)
        with pytest.raises(Ended):
            await report.submitting("late")
        failing.error = None
    assert [event.data["dados_enviados"] for event in await bench.events()] == [False]


async def test_a_fenced_reporter_is_told_so(bench: Bench) -> None:
    report = await reporter(bench)
    await bench.store.fence("a", "newer", ttl_s=60)
    with pytest.raises(Fenced):
        await report.notice("m")


@pytest.mark.parametrize("error", [StoreBusy("x"), StoreFull("x")])
async def test_an_event_waits_for_a_database_in_trouble(
    bench: Bench, error: StoreBusy | StoreFull
) -> None:
    failing = Failing(bench.store, "append")
    report = await reporter(bench, store=failing)
    failing.error = error
    async with anyio.create_task_group() as group:
        group.start_soon(report.notice, "m")
        await bench.until(lambda _: failing.asked >= 2)
        failing.error = None
    assert len(await bench.events()) == 1


async def test_an_events_patience_has_an_end(bench: Bench) -> None:
    failing = Failing(bench.store, "append")
    report = await reporter(bench, store=failing, patience_s=0.05)
    failing.error = StoreBusy("x")
    with pytest.raises(StoreBusy):
        await report.notice("m")


async def test_what_would_be_refused_again_is_not_insisted_on() -> None:
    async def call() -> None:
        raise EventRefused("x")

    with anyio.fail_after(1), pytest.raises(EventRefused):
        await insist(call, patience_s=60)


def _broken(name: str) -> None:
    try:
        int(name)
    except ValueError as error:
        raise LookupError(name) from error


def test_an_operator_sees_types_and_places_of_an_exception_but_no_words() -> None:
    with pytest.raises(LookupError) as caught:
        _broken("Josefina")
    told = blame(caught.value)
    assert told["erro"] == "LookupError < ValueError"
    assert told["onde"][-1].startswith("tests/runner/test_reporter.py:")
    assert told["onde"][-1].endswith("_broken")
    assert "Josefina" not in str(told)


def test_an_exception_that_causes_itself_is_told_once() -> None:
    error = ValueError()
    error.__cause__ = error
    assert blame(error) == {"erro": "ValueError", "onde": []}


async def test_hushed_it_counts_an_event_that_is_on_its_way_and_lets_no_other_follow(
    bench: Bench,
) -> None:
    slow = Slow(bench.store)
    report = await reporter(bench, store=slow)
    told: list[bool] = []

    async def hush() -> None:
        told.append(await report.hush())

    async with anyio.create_task_group() as group:
        group.start_soon(report.entered, "1", "Um", "m")
        await slow.asked.wait()
        group.start_soon(hush)
        await anyio.wait_all_tasks_blocked()
        assert told == []
        slow.go.set()
    assert told == [True]
    with pytest.raises(Ended):
        await report.done("1", "Um", "m")
    await report.fail(Failure("robo_interrompido"))
    assert [event.type for event in await bench.events()] == [EventType.PROGRESS, EventType.ERROR]


async def test_hushed_before_its_first_word_it_has_said_nothing(bench: Bench) -> None:
    assert await (await reporter(bench)).hush() is False


class Slow:
    """A store whose appends wait for `go`."""

    def __init__(self, store: Any) -> None:
        self.asked, self.go = anyio.Event(), anyio.Event()
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, *arguments: Any, **options: Any) -> Any:
        """Ask, wait, append."""
        self.asked.set()
        await self.go.wait()
        return await self._store.append(*arguments, **options)
