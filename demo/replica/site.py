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

from . import invention
from .calculation import Calculation
from .reply import Body, Reply
from .run import Run
from .scenario import SCREENS, Scenario
from .screen import Reading, read_screen
from .wish import read_wish

MAX_RUNS = 2000  # oldest runs leave first; a long demo must not fill the memory
STRANGE = "estranha"  # the screen that nobody knows; it has no number

TRY_AGAIN = "Não foi possível concluir. Tente novamente em alguns instantes."
UNKNOWN_PLATE = "Não encontramos nenhum veículo com esta placa."
MOTORBIKE_PLATE = "Esta placa é de uma moto. Volte e escolha o seguro para moto."
REFUSED_CPF = "Não conseguimos seguir com este CPF. Confira o número informado."
# The earlier broker has values that nobody is certain of.
WITH_14 = (Scenario.COM_14, Scenario.OUTRA_VERSAO)
CPF_FIELDS = {"9": "cpfTelaSegurado", "10": "cpfTelaCondutorPrincipal"}


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
        self._on_ending, self._clock = on_ending, clock
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.RLock()
        last = Calculation(email=email, password=password, end=self._end, clock=clock)
        self._doors: Mapping[str, Callable[[Run, Body], Reply]] = {
            "avancar": self._advance,
            "voltar": self._go_back,
            "estimativa": self._estimate,
            "enderecos": self._addresses,
            "calculo": last.ask,
            "entrar": last.sign_in,
            "associar": last.keep_account,
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
            wish = read_wish(str(data.get("busca", "")))
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
        if self._breaks(run, screen):
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

    def _breaks(self, run: Run, screen: str) -> bool:
        """Whether the server fails at this answer."""
        before = screen in run.failed
        fails = (
            run.meets(Scenario.ERRO_SERVIDOR, screen)
            or (run.meets(Scenario.ERRO_PASSAGEIRO, screen) and not before)
            or (run.meets(Scenario.INSTAVEL, screen) and not self._failed_last_time(run))
        )
        if fails:
            run.failed.add(screen)
        return fails

    def _failed_last_time(self, run: Run) -> bool:
        """Whether the visit before, with the same address and plate, met a server error."""
        earlier = [
            one
            for one in self._runs.values()
            if one is not run and (one.wish, one.plate) == (run.wish, run.plate)
        ]
        return bool(earlier) and bool(earlier[-1].failed)

    def _refuse(self, run: Run, screen: str) -> dict[str, str]:
        """The refusals that come only after the screen's usual wait."""
        if screen == "2":
            return self._refuse_plate(run)
        asked = screen == "9" or run.answers.get("condutor_principal") is False
        if run.meets(Scenario.CPF_RECUSADO, screen) and asked:
            self._end(run, "cpf_recusado")
            return {CPF_FIELDS[screen]: REFUSED_CPF}
        return {}

    def _refuse_plate(self, run: Run) -> dict[str, str]:
        plate = str(run.plate)
        if run.scenario is Scenario.PLACA_DESCONHECIDA:
            self._end(run, "placa_desconhecida")
            return {"placaTelaDadosPlaca": UNKNOWN_PLATE}
        if run.scenario is Scenario.MOTO and run.kind != "moto":
            run.fault("placa de moto em seguro de carro")
            return {"placaTelaDadosPlaca": MOTORBIKE_PLATE}
        if run.scenario is Scenario.OUTRO_VEICULO:
            plate = invention.neighbour(plate)
        run.vehicle = dict(invention.vehicle(run.seed, plate, run.kind))
        return {}

    def _next(self, run: Run, screen: str) -> str:
        if screen == STRANGE:
            return str(run.wish.screen_of(Scenario.TELA_ESTRANHA))
        following = SCREENS[SCREENS.index(screen) + 1]
        skipped = (following == "5.5" and run.scenario is Scenario.SEM_5_5) or (
            following == "14" and run.scenario not in WITH_14
        )
        if skipped:
            return self._next(run, following)
        return STRANGE if run.meets(Scenario.TELA_ESTRANHA, following) else following

    def _send(self, run: Run, screen: str) -> Body:
        """The body that brings a screen to the page, or nothing where it never comes."""
        if run.meets(Scenario.TELA_AUSENTE, screen):
            run.lost = True
            self._end(run, "tela_ausente")
            return {"tela": None}
        run.enter(screen)
        if screen == "3" and run.scenario is Scenario.OUTRO_VEICULO:
            self._end(run, "outro_veiculo")
        dados: Body = {
            "tipo": run.kind,
            "veiculo": run.vehicle,
            "continuar_mudado": run.meets(Scenario.ID_MUDADO, screen),
            "controle_mudado": run.meets(Scenario.CONTROLE_MUDADO, screen),
            "outra_versao": run.scenario is Scenario.OUTRA_VERSAO,
            "pesquisa": run.scenario is Scenario.PESQUISA,
        }
        if screen == SCREENS[-1]:
            run.calculation_s = self._clock()
            dados |= {
                "contagem_s": run.pace.countdown_s(run.plate),
                "contagem_ms": run.pace.countdown_ms(run.plate),
                "corretor": run.seeks_broker,
                "separado": run.splits_clock,
            }
        return {"tela": screen, "dados": dados, "ritmo": run.pace.page_ms()}

    def _go_back(self, run: Run, data: Body) -> Reply:
        if run.moving or run.lost or len(run.trail) < 2 or run.screen == SCREENS[-1]:
            return Reply(status=409, body={"erro": "não há como voltar"})
        run.trail.pop()
        return Reply(body=self._send(run, run.trail.pop()))

    def _estimate(self, run: Run, data: Body) -> Reply:
        if run.screen != "5":
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        if run.scenario is Scenario.ESTIMATIVA_SEM_FIM:
            self._end(run, "estimativa_sem_fim")
            return Reply(body={"cartoes": None})
        run.estimate = invention.estimate(run.seed, str(run.plate))
        if run.scenario is Scenario.ESTIMATIVA_INCOMPLETA:
            run.estimate[-1]["valores"] = None
        wait_s = run.pace.wait_s("estimativa", run.plate)
        return Reply(body={"cartoes": run.estimate}, wait_s=wait_s)

    def _addresses(self, run: Run, data: Body) -> Reply:
        if run.screen != "7":
            return Reply(status=409, body={"erro": "tela fora de ordem"})
        found = invention.addresses(str(data.get("cep")))
        run.offered = [address["completo"] for address in found]
        return Reply(body={"enderecos": found}, wait_s=run.pace.wait_s("endereco", run.plate))

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
