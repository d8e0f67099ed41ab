"""Screen 15: how the calculation ends, who may see its prices, and what the grid shows.

1. True prices leave the server only after the login, or in the scenario that asks for none: what
   the page does not have, no robot can read too early.
2. An account mismatch is no refusal: whoever keeps the account gets the prices.
3. `end` notes an ending; a grid counts as a result only when nothing in it is missing.
"""

from __future__ import annotations

from collections.abc import Callable

from . import invention
from .reply import Body, Reply
from .run import Run
from .scenario import Scenario

REFUSED_LOGIN = "E-mail ou senha incorretos. Verifique os dados e tente novamente."
FAILED = "Não foi possível entrar agora. Tente novamente em alguns instantes."
MISMATCHES = (Scenario.CONTA_DIFERENTE, Scenario.LOGIN_DE_NOVO)


class Calculation:
    """The doors of screen 15; `clock` gives seconds, as the run's `calculation_s` has them."""

    def __init__(
        self,
        *,
        email: str,
        password: str,
        end: Callable[[Run, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._account = (email, password)
        self._end, self._clock = end, clock

    def ask(self, run: Run, data: Body) -> Reply:
        """Is it done? The page asks again and again."""
        if run.calculation_s is None:
            return _out_of_order()
        lead_s = run.pace.page_ms()["corretor"] / 1000 if run.seeks_broker else 0.0
        elapsed_s = self._clock() - run.calculation_s - lead_s
        if run.scenario in (Scenario.CALCULO_SEM_FIM, Scenario.MANUAL):
            if elapsed_s < run.pace.countdown_ms(run.plate) / 1000:
                return Reply(body={"fim": None})
            endless = run.scenario is Scenario.CALCULO_SEM_FIM
            self._end(run, "calculo_sem_fim" if endless else "manual")
            return Reply(body={"fim": None if endless else "manual"})
        if elapsed_s < run.pace.wait_s("calculo", run.plate):
            return Reply(body={"fim": None})
        run.ready = True
        prices = self._deliver(run) if run.scenario is Scenario.SEM_LOGIN else {}
        return Reply(body={"fim": "resultado", "grade": _grid(run), **prices})

    def sign_in(self, run: Run, data: Body) -> Reply:
        """The broker's account, as the modal sends it."""
        if not run.ready:
            run.fault("login antes do resultado")
            return _out_of_order()
        run.logins += 1
        wait_s = run.pace.wait_s("entrar", run.plate)
        if run.meets(Scenario.ERRO_SERVIDOR, "15"):
            self._end(run, "erro_servidor")
            return Reply(status=500, body={"erro": FAILED}, wait_s=wait_s)
        known = (data.get("email"), data.get("senha")) == self._account
        if not known or run.scenario is Scenario.LOGIN_RECUSADO:
            self._end(run, "login_recusado")
            return Reply(body={"erro": REFUSED_LOGIN}, wait_s=wait_s)
        # Whoever kept the account and was sent back to the login is let in now.
        if run.scenario in MISMATCHES and run.ending != "login_de_novo":
            run.mismatch, run.ending = True, None
            return Reply(body={"conta_diferente": True}, wait_s=wait_s)
        return Reply(body=self._deliver(run), wait_s=wait_s)

    def keep_account(self, run: Run, data: Body) -> Reply:
        """The mismatch is accepted as it is."""
        if not run.mismatch:
            return _out_of_order()
        wait_s = run.pace.wait_s("entrar", run.plate)
        if run.scenario is Scenario.LOGIN_DE_NOVO:
            self._end(run, "login_de_novo")
            return Reply(body={"login": True}, wait_s=wait_s)
        return Reply(body=self._deliver(run), wait_s=wait_s)

    def _deliver(self, run: Run) -> Body:
        """Show the true prices and note what was shown."""
        plans = _plans(run)
        if run.scenario is Scenario.PRECO_PROVISORIO:
            self._end(run, "preco_provisorio")
            return {"precos": []}
        run.result = {
            "plano_recomendado": plans[0],
            "plano_alternativo": plans[1] if len(plans) > 1 else None,
        }
        whole = all(value is not None for plan in plans for value in plan.values())
        self._end(run, "resultado" if whole else "resultado_incompleto")
        prices = [
            {"valor": _bare(plan["valor"]), "pagamento": plan["forma_pagamento"]} for plan in plans
        ]
        late = run.scenario is Scenario.RESULTADO_TARDIO
        return {"precos": prices} | ({"grade": _grid(run, whole=True)} if late else {})


def _plans(run: Run) -> list[Body]:
    plans = invention.plans(run.seed, str(run.plate))
    if run.scenario is Scenario.PRECO_AUSENTE:
        plans[0] |= {"valor": None, "valor_centavos": None}
    if run.scenario is Scenario.ALTERNATIVA_INCOMPLETA:
        plans[1]["carro_reserva"] = None
    return plans[:1] if run.scenario is Scenario.SEM_ALTERNATIVA else plans


def _grid(run: Run, *, whole: bool = False) -> Body:
    """The result without its prices and payment lines: labels, and the cells of each plan.

    Where it fills in late, it begins with one plan whose cells are empty, until it is `whole`.
    """
    labels = invention.labels(run.seed, str(run.plate))
    plans = _plans(run)
    empty = run.scenario is Scenario.RESULTADO_TARDIO and not whole
    cells = [[{} if empty else _cell(plan, key) for _, key in labels] for plan in plans]
    shown = [
        {"celulas": own, "parcelamento": plan["parcelamento"]}
        for own, plan in zip(cells, plans, strict=True)
    ]
    return {"rotulos": [label for label, _ in labels], "planos": shown[:1] if empty else shown}


def _cell(plan: Body, key: str) -> Body:
    if key == "franquia":
        return {"linhas": [plan["valor_franquia"], plan["tipo_franquia"]]}
    value = plan[key]
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"icone": "ok" if value else "nok"}
    return {"linhas": [value]}


def _bare(amount: str | None) -> str:
    """The number without its `R$`, which is an element of its own; a dash where it is missing."""
    return amount.removeprefix("R$ ") if amount else "—"


def _out_of_order() -> Reply:
    return Reply(status=409, body={"erro": "tela fora de ordem"})
