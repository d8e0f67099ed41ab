"""The matrix: every scenario of the replica × visitors, and what each journey must come to.

1. One table. A scenario that is missing in it, or an answer that no visitor gives, fails a test.
2. A journey that must end at once has a patience without end: no timeout can have ended it. One
   that must run out of patience is hurried on that screen, and nowhere before.
3. Names of persons and their numbers are invented; only the check digits are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from demo.replica.scenario import Scenario
from tests.flows.case import STEADY, Case, Last
from tests.flows.journey import JOAO, Hurry


def _quote(scenario: Scenario, tela: str | None = None, **answers: Any) -> Case:
    """A journey to the result: every screen, one login."""
    return Case(
        scenario=scenario,
        tela=tela,
        answers=answers,
        desfecho="cotacao",
        logins=1,
        patience=STEADY,
    )


ANOTHER_DRIVER: Mapping[str, Any] = {"condutor_principal": "não", **JOAO}
# Everything that can be answered in another way than usual.
ALL_ELSE: Mapping[str, Any] = {
    **ANOTHER_DRIVER,
    "veiculo_segurado": True,
    "zero_km": True,
    "combustivel": "Elétrico",
    "kit_gas": True,
    "blindado": True,
    "financiado": True,
    "uso_veiculo": "Motorista de aplicativo",
    "local_de_trabalho": True,
    "local_de_estudo": True,
    "estacionamento_proprio_local_de_estudo": True,
    "portao_eletronico": "Manual",
    "reside_18_26": "Sim e utilizam o veículo",
    "sexo_do_menor": "Ambos",
    "faixa_etaria_menor_mais_novo": "25 anos",
}

WAYS: tuple[Case, ...] = (
    _quote(Scenario.USUAL),
    _quote(
        Scenario.SEM_5_5,
        combustivel="Gasolina",
        uso_veiculo="Profissional",
        sexo="masculino",
        estado_civil="casado",
        local_de_trabalho=True,
        estacionamento_proprio_local_de_trabalho=True,
    ),
    _quote(Scenario.COM_14, combustivel="Álcool", estado_civil="divorciada", kit_gas=True),
    _quote(
        Scenario.COM_14,
        continuar_com_corretor_anterior=False,
        combustivel="Diesel",
        garagem_residencia="não",
        reside_18_26="Sim, mas não utilizam o veículo",
    ),
    _quote(
        Scenario.MOTO,
        **{**ANOTHER_DRIVER, "estado_civil_condutor": "divorciado"},
        tipo_veiculo="moto",
        kit_gas=True,
        financiado=True,
        portao_eletronico="Manual",
    ),
    _quote(
        Scenario.LENTO,
        **{**ANOTHER_DRIVER, "sexo_condutor": "feminino", "estado_civil_condutor": "solteira"},
        local_de_estudo=True,
    ),
    _quote(
        Scenario.PESQUISA,
        zero_km=True,
        estado_civil="separada",
        local_de_estudo=True,
        estacionamento_proprio_local_de_estudo=True,
    ),
    _quote(
        Scenario.OUTRA_VERSAO,
        **{**ALL_ELSE, "estado_civil_condutor": "separado"},
        continuar_com_corretor_anterior=False,
    ),
    _quote(
        Scenario.ERRO_PASSAGEIRO,
        financiado=True,
        reside_18_26="Sim e utilizam o veículo",
        sexo_do_menor="Feminino",
        faixa_etaria_menor_mais_novo="18 a 24 anos",
    ),
    _quote(
        Scenario.RELOGIO_PARADO,
        veiculo_segurado=True,
        reside_18_26="Sim e utilizam o veículo",
        sexo_do_menor="Masculino",
        faixa_etaria_menor_mais_novo="25 anos",
    ),
    _quote(
        Scenario.LOGIN_TARDIO,
        uso_veiculo="Taxi",
        portao_eletronico="Manual",
        local_de_trabalho=True,
        estado_civil="viúva",
    ),
    replace(
        _quote(Scenario.SEM_LOGIN, tipo_veiculo="moto", combustivel="Elétrico"),
        logins=0,
        # The flow looks for a login for as long as one may come.
        hurry=Hurry(screen="15", waits={"login": 1}),
    ),
    _quote(
        Scenario.CONTA_DIFERENTE,
        **{**ANOTHER_DRIVER, "estado_civil_condutor": "união estável"},
        combustivel="Híbrido",
        local_de_trabalho=True,
        local_de_estudo=True,
        estacionamento_proprio_local_de_trabalho=True,
        estacionamento_proprio_local_de_estudo=True,
    ),
    _quote(Scenario.RESULTADO_TARDIO, blindado=True),
    _quote(Scenario.SEM_ALTERNATIVA, **ALL_ELSE),
    _quote(Scenario.ID_MUDADO),
    _quote(Scenario.ID_MUDADO, "5", garagem_residencia=False),
    Case(scenario=Scenario.MANUAL, desfecho="cotacao_manual", patience=STEADY),
)

REFUSED: tuple[Case, ...] = (
    Case(
        scenario=Scenario.PLACA_DESCONHECIDA,
        tipo="placa_desconhecida",
        etapa="2",
        last=Last.TAKEN,
    ),
    Case(scenario=Scenario.OUTRO_VEICULO, tipo="veiculo_diferente", etapa="3"),
    Case(
        # No address of the country has so low a number.
        scenario=Scenario.USUAL,
        answers={"cep": "00000-001"},
        tipo="endereco_nao_encontrado",
        etapa="7",
    ),
    Case(
        # The site wants two names, the visitor has given one.
        scenario=Scenario.USUAL,
        answers={"nome": "Teodolinda"},
        tipo="campo_recusado",
        etapa="9",
        last=Last.REFUSED,
        faults=("nomeTelaSegurado",),
    ),
    Case(scenario=Scenario.CPF_RECUSADO, tipo="cpf_recusado", etapa="9", last=Last.TAKEN),
    Case(
        scenario=Scenario.CPF_RECUSADO,
        tela="10",
        answers=ANOTHER_DRIVER,
        tipo="cpf_recusado",
        etapa="10",
        last=Last.TAKEN,
    ),
    Case(scenario=Scenario.LOGIN_RECUSADO, tipo="login_recusado", logins=1),
    Case(
        # A second login could lock the account: once is enough.
        scenario=Scenario.LOGIN_DE_NOVO,
        tipo="login_recusado",
        logins=1,
        hurry=Hurry(screen="15", waits={"access": 3, "control": 3}),
    ),
)

# The second alert may be there before the first one was seen to go.
AGAIN_AT_ONCE = {screen: Hurry(screen=screen, waits={"control": 5}) for screen in ("6", "8")}

FAILING: tuple[Case, ...] = (
    Case(
        scenario=Scenario.ERRO_SERVIDOR,
        tipo="erro_do_site",
        etapa="8",
        last=Last.TAKEN,
        hurry=AGAIN_AT_ONCE["8"],
    ),
    Case(scenario=Scenario.ERRO_SERVIDOR, tela="15", tipo="erro_do_site", logins=1),
    Case(
        scenario=Scenario.INSTAVEL,
        tipo="erro_do_site",
        etapa="6",
        last=Last.TAKEN,
        hurry=AGAIN_AT_ONCE["6"],
    ),
    Case(
        scenario=Scenario.TELA_AUSENTE,
        tipo="tela_ausente",
        etapa="8",
        last=Last.TAKEN,
        hurry=Hurry(screen="8", waits={"screen": 1}),
    ),
    Case(
        scenario=Scenario.TELA_AUSENTE,
        tela="10",
        tipo="tela_ausente",
        etapa="9",
        last=Last.TAKEN,
        hurry=Hurry(screen="9", waits={"screen": 1}),
        evidence="'esperadas': '10'",
    ),
    Case(
        scenario=Scenario.ESTIMATIVA_SEM_FIM,
        tipo="tela_ausente",
        etapa="4",
        last=Last.TAKEN,
        unseen=("5",),
        hurry=Hurry(screen="4", waits={"estimate": 1}),
    ),
    Case(
        scenario=Scenario.ESTIMATIVA_INCOMPLETA,
        tipo="estimativa_incompleta",
        etapa="5",
        hurry=Hurry(screen="5", waits={"grid": 1}),
    ),
    Case(
        scenario=Scenario.CALCULO_SEM_FIM,
        tipo="calculo_sem_fim",
        hurry=Hurry(screen="15", waits={"calculation": 1}),
    ),
    *(
        Case(
            scenario=scenario,
            tipo="resultado_incompleto",
            logins=1,
            hurry=Hurry(screen="15", waits={"grid": 2}),
        )
        for scenario in (
            *(Scenario.PRECO_AUSENTE, Scenario.PRECO_PROVISORIO),
            Scenario.ALTERNATIVA_INCOMPLETA,
        )
    ),
)

CHANGED: tuple[Case, ...] = (
    Case(
        scenario=Scenario.CONTROLE_MUDADO,
        tipo="site_mudou",
        etapa="9",
        evidence="celularTelaSegurado2",
        hurry=Hurry(screen="9", waits={"control": 2}),
    ),
    Case(
        scenario=Scenario.CONTROLE_MUDADO,
        tela="8",
        tipo="site_mudou",
        etapa="8",
        evidence="finalidadeVeiculoTelaUsoVeiculo2",
        hurry=Hurry(screen="8", waits={"control": 2}),
    ),
    Case(
        # The one field of the screen is also what it is known by.
        scenario=Scenario.CONTROLE_MUDADO,
        tela="2",
        tipo="site_mudou",
        etapa="1",
        last=Last.TAKEN,
        unseen=("2",),
        evidence="placaTelaDadosPlaca2",
    ),
    Case(
        scenario=Scenario.TELA_ESTRANHA,
        tipo="site_mudou",
        etapa="6",
        last=Last.TAKEN,
        unseen=("estranha",),
        evidence="gtm-telaNovidadeContinuar",
    ),
)

MISFORTUNES = (*REFUSED, *FAILING, *CHANGED)
MATRIX = (*WAYS, *MISFORTUNES)
