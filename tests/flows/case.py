"""One case of the matrix: what is expected of a journey, and what was seen of it.

1. What is expected follows from the facts about the site: which screens come, what is asked on
   them, what can be known and when. Nothing is taken over from the flow.
2. Both are plain values to be compared as a whole, so that a failing test shows what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import anyio

from demo.replica import DEFAULT_EMAIL, DEFAULT_PASSWORD
from demo.replica.scenario import SCREENS, Scenario
from runner.flows.cotacao_auto.wait import Patience
from tests.flows.journey import HASTE, JOAO, Hurry, Outcome, Stage

# No wait of a patience without end can be over before the test itself gives up (RUN_S).
ENDLESS = Patience(
    **dict.fromkeys(("opening", "screen", "estimate", "control", "address", "settle"), 600),
    **dict.fromkeys(("calculation", "after_countdown", "login", "access", "grid"), 600),
)
# No wait of a journey to the result may be over before a busy machine is done with it.
STEADY = replace(HASTE, grid=20)
# A journey takes four seconds on free cores; ten times that is a machine with other things to do.
RUN_S = 60

ASKED: Mapping[str, tuple[str, ...]] = {
    "1": ("tipo_veiculo",),
    "2": ("placa",),
    "4": ("veiculo_segurado",),
    "5.5": ("zero_km",),
    "6": ("combustivel", "kit_gas", "blindado", "financiado"),
    "7": ("cep",),
    "8": ("uso_veiculo",),
    "9": (
        *("nome", "cpf", "data_nascimento", "sexo", "estado_civil"),
        *("email", "celular"),
    ),
    "10": (
        *("condutor_principal", "nome_condutor", "cpf_condutor", "data_nascimento_condutor"),
        *("sexo_condutor", "estado_civil_condutor"),
    ),
    "11": (
        *("local_de_trabalho", "estacionamento_proprio_local_de_trabalho"),
        *("local_de_estudo", "estacionamento_proprio_local_de_estudo"),
    ),
    "12": ("garagem_residencia", "portao_eletronico"),
    "13": ("reside_18_26", "sexo_do_menor", "faixa_etaria_menor_mais_novo"),
    "14": ("continuar_com_corretor_anterior",),
}
# What goes without a question: who has no garage has no gate.
NEVER_SENT = "Não possui"
# What a visitor's form may hold only to be shown back.
SHOWN = ("marca", "modelo", "ano", "endereco", "numero", "bairro", "cidade", "uf")
# What is asked only after another answer.
DEPENDS: Mapping[str, tuple[str, object]] = {
    "kit_gas": ("tipo_veiculo", "carro"),
    **dict.fromkeys(JOAO, ("condutor_principal", False)),
    "estacionamento_proprio_local_de_trabalho": ("local_de_trabalho", True),
    "estacionamento_proprio_local_de_estudo": ("local_de_estudo", True),
    "portao_eletronico": ("garagem_residencia", True),
    "sexo_do_menor": ("reside_18_26", "Sim e utilizam o veículo"),
    "faixa_etaria_menor_mais_novo": ("reside_18_26", "Sim e utilizam o veículo"),
}

PERSONAL = frozenset({*ASKED["2"], *ASKED["7"], *ASKED["9"], *JOAO}) - {
    *("sexo", "estado_civil", "sexo_condutor", "estado_civil_condutor")
}
# What is said beside a result, and with which.
SENTENCES = ("mensagem", "proximo_passo")
SAID: Mapping[str | None, list[str]] = {
    "cotacao": ["mensagem"],
    "cotacao_manual": ["mensagem", "proximo_passo"],
}
# Shorter words of a name ("da", "Ana") are parts of other words.
MIN_WORD = 4
WITH_14 = (Scenario.COM_14, Scenario.OUTRA_VERSAO)


class Last(StrEnum):
    """What became of the screen on which a journey failed."""

    SEEN = "nothing was sent from it"
    REFUSED = "its answers were sent, and not taken"
    TAKEN = "its answers were taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One journey: the site's `scenario` (about `tela`), the visitor's `answers` beside Ana's, and
    the ending: a `desfecho` or a failure's `tipo` on screen `etapa`.

    `unseen` are screens that the site sent and that cannot be recognised; `faults` the fields that
    the site refused at once; `logins` how often the account is sent; `evidence` what an operator
    must find in the failure's detail.
    """

    scenario: Scenario
    tela: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    desfecho: str | None = None
    tipo: str | None = None
    etapa: str = "15"
    last: Last = Last.SEEN
    unseen: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    logins: int = 0
    evidence: str = ""
    patience: Patience = ENDLESS
    hurry: Hurry | None = None

    @property
    def name(self) -> str:
        """As pytest shows it."""
        where = f"@{self.tela}" if self.tela else ""
        return f"{self.scenario}{where}-{self.tipo or self.desfecho}-{self.etapa}"

    @property
    def entered(self) -> list[str]:
        """The screens that the visitor is told of, in order."""
        absent = set() if self.scenario in WITH_14 else {"14"}
        if self.scenario is Scenario.SEM_5_5:
            absent |= {"5.5"}
        return [one for one in SCREENS[: SCREENS.index(self.etapa) + 1] if one not in absent]

    @property
    def skipped(self) -> list[str]:
        """The screens of which the visitor is told that they did not come."""
        passed = SCREENS[: SCREENS.index(self.etapa)]
        return [one for one in passed if one not in self.entered]

    @property
    def submits(self) -> bool:
        """Whether the person's data were sent to the site."""
        left = self.entered[:-1] if self.last is Last.SEEN else self.entered
        return "9" in left

    def received(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """What the site must have in the end: the visitor's own `answers`, as far as asked."""
        taken = self.entered if self.last is Last.TAKEN else self.entered[:-1]
        names = [name for screen in taken for name in ASKED.get(screen, ())]
        return {name: answers[name] for name in names if _is_asked(name, answers)}


async def play(stage: Stage, case: Case) -> Outcome:
    """The case's journey; one that hangs is no ending: TimeoutError."""
    with anyio.fail_after(RUN_S):
        return await stage.play(
            case.scenario,
            screen=case.tela,
            patience=case.patience,
            hurry=case.hurry,
            **case.answers,
        )


def seen(outcome: Outcome) -> dict[str, Any]:
    """What came of a journey, for `expected` to be compared with."""
    report, record, failure = outcome.report, outcome.record, outcome.failure
    results = [
        {name: value for name, value in result.items() if name not in SENTENCES}
        for result in report.results
    ]
    return {
        "failure": failure and (failure.tipo, failure.etapa),
        "results": results,
        "sentences": [name for result in report.results for name in SENTENCES if name in result],
        "entered": report.screens("entrou"),
        "done": report.screens("concluiu"),
        "skipped": report.screens("pulou"),
        "told of sending": report.screens("envia") != [],
        "estimates": [one["coberturas_detalhadas"] for one in report.estimates],
        "sent by the site": record["screens"],
        "received": record["answers"],
        "refused fields": [fault.get("campo", fault["motivo"]) for fault in record["faults"]],
        "double clicks": record["double_clicks"],
        "logins": record["logins"],
        "leaked": leaked(outcome),
    }


def expected(case: Case, outcome: Outcome) -> dict[str, Any]:
    """What must have come of it; amounts are those that the site says it has shown."""
    shown, result = outcome.record["estimate"], {"desfecho": case.desfecho}
    if case.desfecho == "cotacao":
        result |= outcome.record["result"] or {}
    passed = case.entered if case.desfecho else case.entered[:-1]
    return {
        "failure": case.tipo and (case.tipo, case.etapa),
        "results": [result] if case.desfecho else [],
        "sentences": SAID.get(case.desfecho, []),
        "entered": case.entered,
        "done": passed,
        "skipped": case.skipped,
        "told of sending": case.submits,
        "estimates": [shown] if "5" in passed else [],
        "sent by the site": [*case.entered, *case.unseen],
        "received": case.received(outcome.answers),
        "refused fields": list(case.faults),
        "double clicks": 0,
        "logins": case.logins,
        "leaked": [],
    }


def leaked(outcome: Outcome) -> list[str]:
    """The names of the personal data that anything said, or any detail, holds."""
    failure = outcome.failure
    told = outcome.report.everything()
    if failure is not None:
        told += f"{failure.detail} {failure.data()}"
    secrets = {
        name: _spellings(str(value))
        for name, value in outcome.answers.items()
        if name in PERSONAL and value is not None
    }
    secrets["endereco"] = [outcome.record["address"] or "-" * 80]
    secrets["conta"] = [DEFAULT_EMAIL, DEFAULT_PASSWORD]
    return [name for name, texts in secrets.items() if any(text in told for text in texts)]


def _spellings(value: str) -> list[str]:
    """A datum, its words, and its digits as the site's masks write them."""
    words = [word for word in value.split() if len(word) > MIN_WORD]
    spelt = [value, *words]
    if value.isdigit():
        spelt += {
            8: [f"{value[:5]}-{value[5:]}"],
            11: [f"{value[:3]}.{value[3:6]}", f"{value[2:7]}-{value[7:]}"],
        }.get(len(value), [])
    if len(value) == len("ABC1D23"):
        spelt.append(f"{value[:3]}-{value[3:]}")
    return spelt


def _is_asked(name: str, answers: Mapping[str, Any]) -> bool:
    other, value = DEPENDS.get(name, (name, answers[name]))
    return bool(answers[other] == value)
