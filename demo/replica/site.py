"""The quoting business behind the pages: judges every answer and names the next screen.

1. The page is never trusted to pick the next screen: an answer for a screen on which the run is
   not is a fault and changes nothing.
2. This room does not wait: it says how long the answer has to be held back (`Reply.wait_s`), so
   that one lock around it is enough and a held answer holds nobody else.
3. While an answer is held back the run is `moving`; another Continuar in that time is what the
   record calls a double click.
4. An ending is what happened last: a visitor who corrects a refused CPF goes on.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from . import invention
from .pace import pick
from .run import Run
from .scenario import SCREENS, Scenario, read_wish
from .screen import Reading, read_screen

MAX_RUNS = 2000  # oldest runs leave first; a long demo must not fill the memory
Body = dict[str, Any]

TRY_AGAIN = "Não foi possível concluir. Tente novamente em alguns instantes."
UNKNOWN_PLATE = "Não encontramos nenhum veículo com esta placa."
MOTORBIKE_PLATE = "Esta placa é de uma moto. Volte e escolha o seguro para moto."
REFUSED_CPF = "Não conseguimos seguir com este CPF. Confira o número informado."
REFUSED_LOGIN = "E-mail ou senha incorretos. Verifique os dados e tente novamente."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back to the page, after `wait_s` seconds; `run` is moving until then."""

    body: Body
    status: int = 200
    wait_s: float = 0.0
    run: Run | None = None


class Site:
    """All runs of one replica. Every method is safe to call from any thread."""

    def __init__(
        self,
        *,
        pace: str,
        seed: int,
        email: str,
        password: str,
        on_ending: Callable[[Body], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pace, self._seed = pace, seed
        self._email, self._password = email, password
        self._on_ending, self._clock = on_ending, clock
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.RLock()
        self._doors: Mapping[str, Callable[[Run, Body], Reply]] = {
            "avancar": self._advance,
            "voltar": self._go_back,
            "estimativa": self._estimate,
            "enderecos": self._addresses,
            "calculo": self._calculate,
            "entrar": self._sign_in,
            "associar": self._associate,
            "sinal": self._signal,
        }

    def answer(self, door: str, data: Body) -> Reply:
        """Answer one call of the page; the doors are `inicio` and those of the table."""
        with self._lock:
            if door == "inicio":
                return self._start(data)
            run = self._runs.get(str(data.get("run")))
            if run is None or door not in self._doors:
                return Reply(status=404, body={"erro": "desconhecido"})
            return self._doors[door](run, data)

    def settle(self, reply: Reply) -> None:
        """The held answer has gone out: the run may be answered again."""
        if reply.run is not None:
            with self._lock:
                reply.run.moving = False

    def records(self) -> list[Body]:
        """All runs, oldest first."""
        with self._lock:
            return [run.record() for run in self._runs.values()]

    def close(self) -> None:
        """Hand over the runs that answered something and never ended."""
        with self._lock:
            for run in self._runs.values():
                if run.ending is None and run.given:
                    self._on_ending(run.record())

    def _start(self, data: Body) -> Reply:
        try:
            wish = read_wish(dict(parse_qsl(str(data.get("busca", "")).lstrip("?"))))
        except ValueError as error:
            return Reply(status=400, body={"erro": str(error)})
        run = Run(wish=wish, pace_name=wish.pace or self._pace, seed=self._seed)
        self._runs[run.id] = run
        while len(self._runs) > MAX_RUNS:
            self._runs.popitem(last=False)
        body = self._send(run, "1") | {"run": run.id, "ritmo": run.pace.page_ms()}
        return Reply(body=body, wait_s=run.pace.wait_s("inicio", None))

    def _advance(self, run: Run, data: Body) -> Reply:
        screen = str(data.get("tela"))
        if run.moving:
            run.double_clicks += 1
            run.fault("Continuar repetido antes da resposta")
            return Reply(status=409, body={"erro": "em andamento"})
        if run.lost or screen != run.screen or screen == SCREENS[-1]:
            run.fault("resposta de uma tela que não é a atual", recebida=screen)
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        raw = data.get("respostas")
        reading = read_screen(screen, raw if isinstance(raw, dict) else {}, run.kind)
        self._cross_check(run, screen, reading)
        if reading.errors:
            for field_id, reason in reading.errors.items():
                run.fault(reason, campo=field_id)
            return Reply(body={"erros": reading.errors})
        return self._take(run, screen, reading.answers)

    def _take(self, run: Run, screen: str, answers: Body) -> Reply:
        """Keep a screen's accepted answers and decide what comes next."""
        run.given[screen] = {k: v for k, v in answers.items() if not k.startswith("_")}
        if screen == "3":
            run.vehicle["confirmado"] = answers["_confirmado"]
        if screen == "7":
            run.address = answers["_endereco"]
        wait_s = run.pace.wait_s(screen, run.plate)
        run.moving = True
        if run.scenario is Scenario.ERRO_SERVIDOR and screen == run.special_screen:
            self._end(run, "erro_servidor")
            return Reply(status=500, body={"erro": TRY_AGAIN}, wait_s=wait_s, run=run)
        refusal = self._refuse(run, screen)
        if refusal:
            return Reply(body={"erros": refusal}, wait_s=wait_s, run=run)
        run.ending = None
        body = self._send(run, self._next(run, screen))
        return Reply(body=body, wait_s=wait_s, run=run)

    def _cross_check(self, run: Run, screen: str, reading: Reading) -> None:
        """Refuse what only the server can know to be wrong, at once."""
        if screen == "5" and not run.estimate:
            reading.errors["estimativa"] = "A estimativa ainda não chegou."
        if screen == "7" and reading.answers.get("_endereco") not in run.offered:
            reading.errors["enderecoTelaEndereco"] = "Selecione um endereço da lista"

    def _refuse(self, run: Run, screen: str) -> dict[str, str]:
        """The refusals that come only after the screen's usual wait."""
        if screen == "2":
            if run.scenario is Scenario.PLACA_DESCONHECIDA:
                self._end(run, "placa_desconhecida")
                return {"placaTelaDadosPlaca": UNKNOWN_PLATE}
            if run.scenario is Scenario.MOTO and run.kind != "moto":
                run.fault("placa de moto em seguro de carro")
                return {"placaTelaDadosPlaca": MOTORBIKE_PLATE}
            run.vehicle = dict(invention.vehicle(run.seed, str(run.plate), run.kind))
        if screen == "9" and run.scenario is Scenario.CPF_RECUSADO:
            self._end(run, "cpf_recusado")
            return {"cpfTelaSegurado": REFUSED_CPF}
        return {}

    def _next(self, run: Run, screen: str) -> str:
        following = SCREENS[SCREENS.index(screen) + 1]
        skipped = (following == "5.5" and run.scenario is Scenario.SEM_5_5) or (
            following == "14" and run.scenario is not Scenario.COM_14
        )
        return self._next(run, following) if skipped else following

    def _send(self, run: Run, screen: str) -> Body:
        """The body that brings a screen to the page, or nothing where it never comes."""
        if run.scenario is Scenario.TELA_AUSENTE and screen == run.special_screen:
            run.lost = True
            self._end(run, "tela_ausente")
            return {"tela": None}
        run.enter(screen)
        changed = run.scenario is Scenario.ID_MUDADO and screen == run.special_screen
        dados: Body = {
            "tipo": run.kind,
            "veiculo": run.vehicle,
            "continuar_mudado": changed,
        }
        if screen == "5":
            dados["pesquisa"] = run.scenario is Scenario.PESQUISA
        if screen == "15":
            run.calculation_s = self._clock()
            dados |= {
                "contagem_s": 163,
                "contagem_ms": run.pace.countdown_ms(run.scenario),
                "corretor": self._seeks_broker(run),
                "separado": pick(2, run.seed, run.plate, "relogio") == 1,
            }
        return {"tela": screen, "dados": dados, "ritmo": run.pace.page_ms()}

    def _seeks_broker(self, run: Run) -> bool:
        """After screen 14 always, else in some runs, the calculation begins with another text."""
        return "14" in run.trail or pick(2, run.seed, run.plate, "corretor") == 1

    def _go_back(self, run: Run, data: Body) -> Reply:
        if run.moving or run.lost or len(run.trail) < 2 or run.screen == SCREENS[-1]:
            return Reply(status=409, body={"erro": "não há como voltar"})
        run.trail.pop()
        return Reply(body=self._send(run, run.trail.pop()))

    def _estimate(self, run: Run, data: Body) -> Reply:
        if run.screen != "5":
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        run.estimate = invention.estimate(run.seed, str(run.plate))
        wait_s = run.pace.wait_s("estimativa", run.plate)
        return Reply(body={"cartoes": run.estimate}, wait_s=wait_s)

    def _addresses(self, run: Run, data: Body) -> Reply:
        if run.screen != "7":
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        found = invention.addresses(str(data.get("cep")))
        run.offered = [address["completo"] for address in found]
        return Reply(body={"enderecos": found}, wait_s=run.pace.wait_s("endereco", run.plate))

    def _calculate(self, run: Run, data: Body) -> Reply:
        if run.calculation_s is None:
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        lead_s = run.pace.page_ms()["corretor"] / 1000 if self._seeks_broker(run) else 0.0
        elapsed_s = self._clock() - run.calculation_s - lead_s
        countdown_s = run.pace.countdown_ms(run.scenario) / 1000
        if run.scenario in (Scenario.CALCULO_SEM_FIM, Scenario.MANUAL):
            if elapsed_s < countdown_s:
                return Reply(body={"fim": None})
            endless = run.scenario is Scenario.CALCULO_SEM_FIM
            self._end(run, "calculo_sem_fim" if endless else "manual")
            return Reply(body={"fim": None if endless else "manual"})
        if elapsed_s < run.pace.wait_s("calculo", run.plate):
            return Reply(body={"fim": None})
        run.ready = True
        return Reply(body={"fim": "resultado", **self._grid(run)})

    def _plans(self, run: Run) -> list[Body]:
        plans = invention.plans(run.seed, str(run.plate))
        if run.scenario is Scenario.PRECO_AUSENTE:
            plans[0] |= {"valor": None, "valor_centavos": None}
        return plans[:1] if run.scenario is Scenario.SEM_ALTERNATIVA else plans

    def _grid(self, run: Run) -> Body:
        """The result before the login: all rows but the price and the payment line."""
        labels = invention.labels(run.seed, str(run.plate))
        plans = [
            {
                "celulas": [_cell(plan, key) for _, key in labels],
                "parcelamento": "anual",
            }
            for plan in self._plans(run)
        ]
        return {"rotulos": [label for label, _ in labels], "planos": plans}

    def _sign_in(self, run: Run, data: Body) -> Reply:
        if not run.ready:
            run.fault("login antes do resultado")
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        wait_s = run.pace.wait_s("entrar", run.plate)
        known = (data.get("email"), data.get("senha")) == (self._email, self._password)
        if not known or run.scenario is Scenario.LOGIN_RECUSADO:
            self._end(run, "login_recusado")
            return Reply(body={"erro": REFUSED_LOGIN}, wait_s=wait_s)
        if run.scenario is Scenario.CONTA_DIFERENTE:
            run.mismatch, run.ending = True, None
            return Reply(body={"conta_diferente": True}, wait_s=wait_s)
        return Reply(body=self._deliver(run), wait_s=wait_s)

    def _associate(self, run: Run, data: Body) -> Reply:
        if not run.mismatch:
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        return Reply(body=self._deliver(run), wait_s=run.pace.wait_s("entrar", run.plate))

    def _deliver(self, run: Run) -> Body:
        """Show the true prices and note what was shown."""
        plans = self._plans(run)
        run.result = {
            "plano_recomendado": plans[0],
            "plano_alternativo": plans[1] if len(plans) > 1 else None,
        }
        whole = plans[0]["valor"] is not None
        self._end(run, "resultado" if whole else "resultado_incompleto")
        shown = [
            {"valor": _bare(plan["valor"]), "pagamento": plan["forma_pagamento"]} for plan in plans
        ]
        return {"precos": shown}

    def _signal(self, run: Run, data: Body) -> Reply:
        """What the page saw and the server cannot: clicks that lead to no answer."""
        kind = data.get("tipo")
        if kind == "clique_repetido":
            run.double_clicks += 1
            run.fault("Continuar clicado com a espera na tela")
        elif kind == "pesquisa_enviada":
            run.fault("a pesquisa de saída foi enviada")
        return Reply(body={})

    def _end(self, run: Run, ending: str) -> None:
        if run.ending != ending:
            run.ending = ending
            self._on_ending(run.record())


def _bare(amount: str | None) -> str:
    """The number without its `R$`, which is an element of its own; a dash where it is missing."""
    return amount.removeprefix("R$ ") if amount else "—"


def _cell(plan: Body, key: str) -> Body:
    if key == "franquia":
        return {"linhas": [plan["valor_franquia"], plan["tipo_franquia"]]}
    if isinstance(plan[key], bool):
        return {"icone": "ok" if plan[key] else "nok"}
    return {"linhas": [plan[key]]}
