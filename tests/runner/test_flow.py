"""The engine of flows without a browser: what it says of the screens, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from runner.failure import Failure
from runner.flow import Context, Flow, Screen, Site, Visit
from tests.runner.imaginary import (
    OPTIONAL,
    RESULT,
    Home,
    flow_of,
    hangs,
    leads_to,
    opened_at,
    stays,
)

pytestmark = pytest.mark.anyio


async def test_each_screen_is_entered_and_left_and_the_mapping_is_the_result() -> None:
    flow = flow_of(
        ("1", leads_to("#2"), {}),
        ("2", leads_to("#3"), {}),
        ("3", leads_to(says=RESULT), {}),
    )
    run = opened_at(flow, "#1")

    said = await run()

    assert said == [
        *("entrou 1", "concluiu 1"),
        *("entrou 2", "concluiu 2"),
        *("entrou 3", "concluiu 3", "resultado"),
    ]
    assert run.report.results == [RESULT]
    assert not run.page.open


async def test_a_screen_is_done_only_when_the_next_one_is_there() -> None:
    seen: list[list[str]] = []
    flow = flow_of(("1", leads_to(then=({"#2"},)), {}), ("2", leads_to(says=RESULT), {}))
    run = opened_at(flow, "#1")

    async def arrival(visit: Any, current: Any, options: Any) -> Screen[Any]:
        seen.append(list(run.report.words))
        return next(iter(options))

    flow._arrival = arrival
    await run()

    assert seen == [[], ["entrou 1"]]


async def test_an_optional_screen_that_stays_away_is_passed_by() -> None:
    flow = flow_of(
        ("1", leads_to(then=({"#2"},)), {}),
        ("1.3", leads_to("#2"), OPTIONAL),
        ("1.6", leads_to("#2"), {**OPTIONAL, "skipped": "Não perguntaram."}),
        ("2", leads_to(says=RESULT), {}),
    )
    run = opened_at(flow, "#1")

    said = await run()

    assert said[:5] == ["entrou 1", "concluiu 1", "pulou 1.3", "pulou 1.6", "entrou 2"]
    assert run.report.sentences["pulou 1.3"] == "Tela 1.3: não foi preciso."
    assert run.report.sentences["pulou 1.6"] == "Não perguntaram."


async def test_an_optional_screen_that_comes_is_answered_and_the_one_before_passed_by() -> None:
    flow = flow_of(
        ("1", leads_to(then=(set(), {"#1.6"})), {}),
        ("1.3", leads_to("#2"), OPTIONAL),
        ("1.6", leads_to(then=({"#2"},)), OPTIONAL),
        ("2", leads_to(says=RESULT), {}),
    )

    said = await opened_at(flow, "#1")()

    assert said[:6] == [
        *("entrou 1", "concluiu 1"),
        *("pulou 1.3", "entrou 1.6", "concluiu 1.6"),
        "entrou 2",
    ]


async def test_of_two_that_are_on_view_the_first_one_is_answered() -> None:
    flow = flow_of(
        ("1", leads_to("#1.5", "#2"), {}),
        ("1.5", leads_to("#2"), OPTIONAL),
        ("2", leads_to(says=RESULT), {}),
    )

    assert (await opened_at(flow, "#1")())[2] == "entrou 1.5"


async def test_a_screen_that_flickers_is_waited_for_again() -> None:
    flow = flow_of(("1", leads_to("#2"), {}), ("2", leads_to(says=RESULT), {}))
    run = opened_at(flow, "#1")
    # More often than calls could be nested.
    run.page.flickers = 2000

    assert (await run())[-1] == "resultado"


async def test_the_first_screen_may_be_an_optional_one() -> None:
    flow = flow_of(("0.5", leads_to("#1"), OPTIONAL), ("1", leads_to(says=RESULT), {}))

    assert (await opened_at(flow, "#0.5")())[0] == "entrou 0.5"
    assert (await opened_at(flow, "#1")())[0] == "entrou 1"


@pytest.mark.parametrize(("tipo", "screens"), [("casa", ["1", "3"]), ("apartamento", ["1", "2"])])
async def test_a_conditional_screen_is_expected_only_with_its_answer(
    tipo: str, screens: list[str]
) -> None:
    flow = flow_of(
        ("1", leads_to("#2" if tipo == "apartamento" else "#3"), {}),
        ("2", leads_to("#3"), {"when": lambda answers: answers.tipo == "apartamento"}),
        ("3", leads_to(says=RESULT), {}),
    )
    run = opened_at(flow, "#1", tipo=tipo)

    said = await run()

    assert [word.split()[1] for word in said if word.startswith("entrou")][:2] == screens
    assert not [word for word in said if word.startswith("pulou")]


async def test_screens_that_only_follow_each_other_need_no_mark() -> None:
    flow = flow_of(("1", leads_to(), {"sees": ""}), ("2", leads_to(says=RESULT), {"sees": ""}))

    assert (await opened_at(flow)())[-1] == "resultado"


async def test_a_text_that_is_returned_is_said_in_the_place_of_done() -> None:
    flow = flow_of(
        ("1", leads_to("#2", says="Encontramos a casa."), {"done": "Casa conferida."}),
        ("2", leads_to("#3"), {"entered": "Vamos ao valor.", "done": "Valor lido."}),
        ("3", leads_to(says=RESULT), {}),
    )
    run = opened_at(flow, "#1")

    await run()

    assert run.report.sentences == {
        "entrou 1": "Tela 1: estamos preenchendo.",
        "concluiu 1": "Encontramos a casa.",
        "entrou 2": "Vamos ao valor.",
        "concluiu 2": "Valor lido.",
        "entrou 3": "Tela 3: estamos preenchendo.",
        "concluiu 3": "Tela 3: pronto.",
    }


async def test_a_result_ends_the_run_wherever_it_comes() -> None:
    flow = flow_of(("1", leads_to("#2", says=RESULT), {}), ("2", hangs, {}))

    assert await opened_at(flow, "#1")() == ["entrou 1", "concluiu 1", "resultado"]


async def test_a_last_screen_without_a_result_gives_none() -> None:
    flow = flow_of(("1", leads_to(), {}))

    assert await opened_at(flow, "#1")() == ["entrou 1", "concluiu 1"]


async def test_the_opening_comes_before_any_screen_and_gets_the_site() -> None:
    flow = flow_of(("1", leads_to(says=RESULT), {}))
    opened: list[str] = []
    run = opened_at(flow)

    @flow.opening
    async def open_site(visit: Visit[Home]) -> None:
        opened.append(visit.site.url)
        assert run.report.words == []
        run.page.show("#1")

    await run()

    assert opened == ["https://site.example"]


async def test_a_flow_without_a_certain_last_screen_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="a last screen that is not optional"):
        await opened_at(Flow(Home))()
    open_ended = flow_of(("1", hangs, {}), ("1.5", hangs, OPTIONAL))
    with pytest.raises(ValueError, match="a last screen that is not optional"):
        await opened_at(open_ended, "#1")()


async def test_a_screens_function_gets_page_answers_and_report() -> None:
    flow = flow_of()
    run = opened_at(flow, cep="69900970")

    @flow.screen("1", "Tela 1")
    async def only(visit: Visit[Home]) -> Mapping[str, Any]:
        page: Any = visit.page
        assert page is run.page
        assert (visit.answers.cep, visit.answers.tipo) == ("69900970", "casa")
        await visit.report.notice("Quase lá.")
        await visit.report.submitting("Estamos enviando.")
        return RESULT

    assert await run() == ["entrou 1", "aviso", "envia", "concluiu 1", "resultado"]


async def test_a_flow_may_have_a_desk_of_its_own() -> None:
    @dataclass(kw_only=True)
    class Desk(Visit[Home]):
        patience: float = 30

    flow: Flow[Desk] = Flow(Home, Desk)
    flow.opening(stays)

    @flow.screen("1", "Tela 1")
    async def only(desk: Desk) -> Mapping[str, Any]:
        return {**RESULT, "mensagem": f"{desk.patience} {desk.answers.tipo}"}

    run = opened_at(flow)
    await run()
    assert run.report.results[0]["mensagem"] == "30 casa"
    site, page = Site(url=""), run._opened
    context = Context(answers={}, report=run.report, site=site, page=page)
    await flow.run(context, visit=partial(Desk, patience=1))
    assert run.report.results[1]["mensagem"] == "1 casa"


def test_screens_that_could_not_be_told_apart_are_refused() -> None:
    flow = flow_of(("1", hangs, {}))

    with pytest.raises(ValueError, match="'1' already"):
        flow.screen("1", "Outra vez")
    with pytest.raises(ValueError, match=r"'1.5' needs `sees`"):
        flow.screen("1.5", "Talvez", optional=True)
    flow.screen("1.5", "Talvez", optional=True, sees="#1.5")(hangs)
    with pytest.raises(ValueError, match="'2' needs `sees`"):
        flow.screen("2", "Depois")
    flow.screen("2", "Talvez", sees="#2", when=lambda answers: answers.tipo == "casa")(hangs)
    with pytest.raises(ValueError, match="'3' needs `sees`"):
        flow.screen("3", "Depois")
    assert [screen.id for screen in flow.screens] == ["1", "1.5", "2"]


def test_the_weights_are_in_the_screens_order() -> None:
    flow = flow_of(("1", hangs, {"weight": 5}), ("1.5", hangs, OPTIONAL), ("2", hangs, {}))

    assert list(flow.weights.items()) == [("1", 5), ("1.5", 1), ("2", 1)]


async def test_an_obstacle_is_cleared_away_and_the_wait_goes_on() -> None:
    flow = flow_of(("1", leads_to("#survey"), {}), ("2", leads_to(says=RESULT), {}))

    @flow.obstacle(sees="#survey")
    async def survey(visit: Visit[Home]) -> None:
        page: Any = visit.page
        page.show(then=({"#2"},))

    said = await opened_at(flow, "#1")()

    assert said == ["entrou 1", "concluiu 1", "entrou 2", "concluiu 2", "resultado"]


async def test_an_obstacle_that_raises_is_the_screens_failure() -> None:
    flow = flow_of(("1", leads_to("#no", "#2"), {}), ("2", hangs, {}))

    @flow.obstacle(sees="#no")
    async def refused(visit: Visit[Home]) -> None:
        raise Failure("campo_recusado")

    failure = await opened_at(flow, "#1").failure()

    assert (failure.tipo, failure.etapa) == ("campo_recusado", "1")
