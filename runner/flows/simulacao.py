"""The automation `simulacao`: a quote without a browser, with any of the endings a run can have.

1. For trying the stream, for tests and for demonstrations: same screens, same shapes, no site.
2. `morte` and `silencio` are real: the process kills itself, or blocks for ever, and only what
   watches from outside can write the ending.
3. Nothing here is random: two runs with the same answers tell the same story.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import anyio
from pydantic import Field

from runner.automation import Answers, Automation
from runner.failure import Failure
from runner.flow import Context
from runner.kind import Number, Whole, choice, named

TITLES = (
    "Qual seguro você deseja cotar?",
    "Qual é a placa do carro?",
    "O veículo corresponde à placa?",
    "Esse veículo já está segurado?",
    "Estimativa inicial",
    "O carro possui alguns desses itens?",
    "Onde o carro passa a noite?",
    "Qual é o uso do veículo?",
    "Dados do segurado",
    "Você será o condutor principal do veículo?",
    "Uso para trabalho ou estudo",
    "Você possui uma garagem na sua residência?",
    "Você reside com alguém entre 18 e 26 anos?",
    "Corretor anterior",
    "Cálculo e resultado",
)
ESTIMATE_SCREEN = 5
# Where the real site receives the visitor's data.
SUBMITTING_SCREEN = 9
# More than the longest pause between two screens, so that only `silencio` is silent.
SILENCE_S = 180
# The longest simulation there can be takes less than a day.
DEADLINE_S = 24 * 60 * 60


class Simulation(Answers):
    """How many screens, how far apart in seconds, and how it ends."""

    etapas: Whole = Field(15, ge=1, le=1000)
    intervalo_s: Annotated[Number, named("Intervalo em segundos", "interval in seconds")] = Field(
        1, ge=0, le=60
    )
    fim: Annotated[Literal["cotacao", "cotacao_manual", "erro", "morte", "silencio"], choice()] = (
        "cotacao"
    )


async def run(context: Context) -> None:
    """Walk through the screens, then end as asked."""
    plan = Simulation.model_validate(dict(context.answers))
    for number in range(1, plan.etapas + 1):
        await _screen(context, plan, number)
        if plan.fim in ("morte", "silencio") and number >= plan.etapas / 2:
            _break(plan.fim)
    if plan.fim == "erro":
        raise Failure("calculo_sem_fim", detail={"causa": "simulated"})
    await context.report.result(QUOTE if plan.fim == "cotacao" else MANUAL)


async def _screen(context: Context, plan: Simulation, number: int) -> None:
    report, etapa, titulo = context.report, str(number), TITLES[(number - 1) % len(TITLES)]
    await report.entered(etapa, titulo, f"Etapa {number} de {plan.etapas} (simulada)")
    if number == min(ESTIMATE_SCREEN, plan.etapas):
        await report.estimate(_estimate(etapa))
    if number == min(SUBMITTING_SCREEN, plan.etapas):
        await report.submitting("Estamos enviando os seus dados para o cálculo.")
    await anyio.sleep(plan.intervalo_s)
    await report.done(etapa, titulo, f"Etapa {number} de {plan.etapas} concluída (simulada)")


def _break(fim: str) -> None:
    if fim == "morte":
        os.kill(os.getpid(), signal.SIGKILL)
    while True:
        # On purpose in the way of the event loop: not even a renewal gets through.
        time.sleep(3600)


def _estimate(etapa: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "etapa": etapa,
        "capturado_em": now,
        "coberturas_detalhadas": COVERAGES,
        "resumo": {
            "total_coberturas": len(COVERAGES),
            "total_beneficios": sum(len(coverage["beneficios"]) for coverage in COVERAGES),
            "valores_encontrados": 2 * len(COVERAGES),
        },
    }


def _coverage(name: str, low: int, high: int, *benefits: str) -> dict[str, Any]:
    return {
        "nome_cobertura": name,
        "valores": {
            "de": _money(low),
            "ate": _money(high),
            "de_centavos": low,
            "ate_centavos": high,
        },
        "beneficios": [{"nome": benefit, "status": "incluido"} for benefit in benefits],
    }


def _plan(name: str, price: int, franchise: int, kind: str, *, complete: bool) -> dict[str, Any]:
    amounts = {
        "valor": price,
        "valor_franquia": franchise,
        "danos_materiais": 100_000_00,
        "danos_corporais": 100_000_00,
        "danos_morais": 20_000_00 if complete else 10_000_00,
        "morte_invalidez": 5_000_00 if complete else 0,
    }
    plan: dict[str, Any] = {
        "plano": name,
        "forma_pagamento": f"Crédito em até 12x de {_money(round(price / 12))}",
        "parcelamento": "anual",
        "tipo_franquia": kind,
        "valor_mercado": "100% da tabela FIPE",
        "assistencia": True,
        "vidros": True,
        "carro_reserva": complete,
    }
    for field, amount in amounts.items():
        plan |= {field: _money(amount), f"{field}_centavos": amount}
    return plan


def _money(cents: int) -> str:
    whole = f"{cents // 100:,}".replace(",", ".")
    return f"R$ {whole},{cents % 100:02d}"


COVERAGES = (
    _coverage(
        "Compreensiva",
        1_200_00,
        1_700_00,
        "Colisão e Acidentes",
        "Roubo e Furto",
        "Incêndio",
        "Danos a terceiros",
        "Assistência 24h",
        "Carro Reserva",
        "Vidros",
    ),
    _coverage(
        "Roubo e Furto",
        1_200_00,
        1_500_00,
        "Roubo",
        "Furto",
        "Danos parciais em tentativas de roubo",
    ),
    _coverage(
        "RCF",
        900_00,
        1_400_00,
        "Danos materiais a terceiros",
        "Danos corporais a terceiros",
    ),
)
QUOTE: Mapping[str, Any] = {
    "desfecho": "cotacao",
    "plano_recomendado": _plan("Plano recomendado", 3_099_18, 2_516_41, "Reduzida", complete=True),
    "plano_alternativo": _plan("Plano alternativo", 2_481_07, 5_032_82, "Normal", complete=False),
    "mensagem": "Cotação simulada concluída: os valores são de exemplo.",
}
MANUAL: Mapping[str, Any] = {
    "desfecho": "cotacao_manual",
    "mensagem": "Simulação de um caso que pede a atenção de um especialista.",
    "proximo_passo": "Nada a fazer: esta cotação foi simulada.",
}

AUTOMATION = Automation(
    name="simulacao",
    title="Simulação",
    queue="simulacao",
    model=Simulation,
    flow="runner.flows.simulacao:run",
    total=len(TITLES),
    count=lambda answers: int(answers.get("etapas", len(TITLES))),
    deadline_s=DEADLINE_S,
    silence_s=SILENCE_S,
    browser=False,
)
