"""How a flow ends that gives no result: out of time, failed, cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from runner.failure import Failure
from runner.flow import Visit
from tests.runner.imaginary import (
    AT_ONCE,
    OPTIONAL,
    FakePage,
    Home,
    flow_of,
    hangs,
    leads_to,
    opened_at,
)

pytestmark = pytest.mark.anyio


async def test_a_function_that_hangs_has_used_up_its_screens_time() -> None:
    flow = flow_of(
        ("1", leads_to("#2"), {}), ("2", hangs, {"timeout_s": AT_ONCE}), ("3", hangs, {})
    )
    run = opened_at(flow, "#1")

    failure = await run.failure()

    assert (failure.tipo, failure.etapa) == ("tempo_esgotado", "2")
    assert failure.detail == {"limite": "timeout_s", "segundos": AT_ONCE}
    assert run.report.words[-1] == "entrou 2"


async def test_what_a_function_finds_out_as_its_time_ends_is_the_ending() -> None:
    async def explains(visit: Visit[Home]) -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            raise Failure("calculo_sem_fim") from None

    run = opened_at(flow_of(("1", explains, {"timeout_s": AT_ONCE})), "#1")

    assert (await run.failure()).tipo == "calculo_sem_fim"


async def test_what_does_not_come_in_time_is_named() -> None:
    flow = flow_of(
        ("1", leads_to(), {"timeout_s": AT_ONCE}),
        ("1.5", hangs, OPTIONAL),
        ("2", hangs, {}),
        ("3", hangs, {}),
    )
    run = opened_at(flow, "#1")

    failure = await run.failure()

    assert (failure.tipo, failure.etapa) == ("tela_ausente", "1")
    assert failure.detail["esperadas"] == "1.5, 2"
    assert run.report.words == ["entrou 1"]


async def test_an_opening_that_leads_nowhere_is_the_first_screens_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runner.walk.SCREEN_S", AT_ONCE)

    failure = await opened_at(flow_of(("1", hangs, {}))).failure()

    assert (failure.tipo, failure.etapa) == ("tela_ausente", "1")
    assert failure.detail["esperadas"] == "1"


async def test_a_failure_gets_its_screen_while_the_page_is_still_open() -> None:
    async def refuses(visit: Visit[Home]) -> None:
        page: Any = visit.page
        assert page.open
        raise Failure("campo_recusado", detail={"campo": "cep"})

    run = opened_at(flow_of(("1", leads_to("#2"), {}), ("2", refuses, {})), "#1")

    failure = await run.failure()

    assert failure is run.seen
    assert (failure.etapa, run.place) == ("2", "2")
    assert failure.detail == {"campo": "cep"}


async def test_a_failure_that_knows_its_screen_keeps_it() -> None:
    async def refuses(visit: Visit[Home]) -> None:
        raise Failure("campo_recusado", "1")

    run = opened_at(flow_of(("1", leads_to("#2"), {}), ("2", refuses, {})), "#1")

    assert (await run.failure()).etapa == "1"


async def test_what_closing_the_page_makes_of_a_foreign_error_gets_the_screen_too() -> None:
    async def breaks(visit: Visit[Home]) -> None:
        raise LookupError

    run = opened_at(flow_of(("1", leads_to("#2"), {}), ("2", breaks, {})), "#1")
    inner = run._opened

    @asynccontextmanager
    async def opened() -> AsyncIterator[FakePage]:
        try:
            async with inner() as page:
                yield page
        except LookupError:
            raise Failure("interno") from None

    run._opened = opened  # type: ignore[method-assign] # as runner.browser does it

    assert (await run.failure()).etapa == "2"


async def test_an_error_that_is_no_failure_is_left_as_it_is() -> None:
    error = LookupError("nobody")

    async def breaks(visit: Visit[Home]) -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        await opened_at(flow_of(("1", breaks, {})), "#1")()

    assert caught.value is error


async def test_wrong_answers_are_told_by_their_names_only() -> None:
    run = opened_at(flow_of(("1", hangs, {})), "#1", nome="J" * 41, cep="Rua Augusta", tipo="casa")

    failure = await run.failure()

    assert failure.tipo == "respostas_invalidas"
    assert failure.detail == {"campos": "cep, nome"}
    assert failure.__cause__ is None and failure.__suppress_context__
    assert run.report.words == []


async def test_a_cancelled_run_ends_as_cancelled_and_not_as_out_of_time() -> None:
    entered = anyio.Event()

    async def waits(visit: Visit[Home]) -> None:
        entered.set()
        await anyio.sleep_forever()

    run = opened_at(flow_of(("1", waits, {})), "#1")
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await entered.wait()
        group.cancel_scope.cancel()

    assert isinstance(run.seen, anyio.get_cancelled_exc_class())
    assert run.report.words == ["entrou 1"]
    assert not run.page.open
