"""Which misfortune a run of the replica meets, and the plate that calls for it.

1. One table: the guide page, the server and the tests read the same rows, so a plate can never
   mean two things.
2. The query parameter wins over the plate: a test chooses the scenario while it types any plate.
3. A plate that is not in the table is the usual case: any visitor's own plate must work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SCREENS = (
    *("1", "2", "3", "4", "5", "5.5", "6", "7", "8"),
    *("9", "10", "11", "12", "13", "14", "15"),
)
WITH_CONTINUE = SCREENS[1:-1]


class Scenario(StrEnum):
    """The closed set of scenarios; the value is the name used in `?cenario=`."""

    USUAL = "usual"
    SEM_5_5 = "sem_5_5"
    COM_14 = "com_14"
    PLACA_DESCONHECIDA = "placa_desconhecida"
    CPF_RECUSADO = "cpf_recusado"
    MANUAL = "manual"
    CALCULO_SEM_FIM = "calculo_sem_fim"
    LOGIN_RECUSADO = "login_recusado"
    CONTA_DIFERENTE = "conta_diferente"
    PRECO_AUSENTE = "preco_ausente"
    SEM_ALTERNATIVA = "sem_alternativa"
    PESQUISA = "pesquisa"
    TELA_AUSENTE = "tela_ausente"
    ID_MUDADO = "id_mudado"
    ERRO_SERVIDOR = "erro_servidor"
    LENTO = "lento"
    MOTO = "moto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario: its plates (Mercosul and old kind), what happens, what ends the run.

    `ending` is the value of `ending` in the record. `screen` is the screen that `&tela=`
    chooses by default, where the scenario has one; `screens` are the ones allowed there.
    """

    scenario: Scenario
    plates: tuple[str, str]
    about: str
    ending: str | None = "resultado"
    screen: str | None = None
    screens: tuple[str, ...] = ()


TABLE: tuple[Row, ...] = (
    Row(
        scenario=Scenario.USUAL,
        plates=("USU1A01", "USU1001"),
        about="Tudo corre bem, com a tela 5.5 e sem a 14.",
    ),
    Row(
        scenario=Scenario.SEM_5_5,
        plates=("SEM5A05", "SEM5505"),
        about="A tela 5.5 (zero km) não aparece.",
    ),
    Row(
        scenario=Scenario.COM_14,
        plates=("COM1A14", "COM1414"),
        about="A tela 14 (corretor anterior) aparece.",
    ),
    Row(
        scenario=Scenario.PLACA_DESCONHECIDA,
        plates=("PLA0A00", "PLA0000"),
        about="A placa não é encontrada; a tela 2 fica.",
        ending="placa_desconhecida",
    ),
    Row(
        scenario=Scenario.CPF_RECUSADO,
        plates=("CPF9A00", "CPF9000"),
        about="O CPF é recusado; a tela 9 fica.",
        ending="cpf_recusado",
    ),
    Row(
        scenario=Scenario.MANUAL,
        plates=("MAN1A00", "MAN1000"),
        about="O tempo se esgota e a cotação vira manual.",
        ending="manual",
    ),
    Row(
        scenario=Scenario.CALCULO_SEM_FIM,
        plates=("FIM0A00", "FIM0000"),
        about="O cálculo chega a 00:00 e nunca termina.",
        ending="calculo_sem_fim",
    ),
    Row(
        scenario=Scenario.LOGIN_RECUSADO,
        plates=("LOG0A00", "LOG0000"),
        about="O login é recusado, mesmo com a senha certa.",
        ending="login_recusado",
    ),
    Row(
        scenario=Scenario.CONTA_DIFERENTE,
        plates=("CTA2A00", "CTA2000"),
        about="O CPF não corresponde à conta; um segundo diálogo pergunta o que fazer.",
    ),
    Row(
        scenario=Scenario.PRECO_AUSENTE,
        plates=("PRE0A00", "PRE0000"),
        about="O resultado chega sem o preço do plano recomendado.",
        ending="resultado_incompleto",
    ),
    Row(
        scenario=Scenario.SEM_ALTERNATIVA,
        plates=("ALT0A00", "ALT0000"),
        about="Só há o plano recomendado.",
    ),
    Row(
        scenario=Scenario.PESQUISA,
        plates=("PES5A00", "PES5000"),
        about="Uma pesquisa de saída cobre a tela 5 e intercepta os cliques.",
    ),
    Row(
        scenario=Scenario.TELA_AUSENTE,
        plates=("TEL9A00", "TEL9000"),
        about="Uma tela nunca chega (a 9, ou a de &tela=).",
        ending="tela_ausente",
        screen="9",
        screens=SCREENS,
    ),
    Row(
        scenario=Scenario.ID_MUDADO,
        plates=("IDM8A00", "IDM8000"),
        about="O id do Continuar mudou (na tela 8, ou na de &tela=); o texto é o mesmo.",
        screen="8",
        screens=WITH_CONTINUE,
    ),
    Row(
        scenario=Scenario.ERRO_SERVIDOR,
        plates=("ERR8A00", "ERR8000"),
        about="O servidor falha ao deixar a tela 8 (ou a de &tela=), e de novo ao repetir.",
        ending="erro_servidor",
        screen="8",
        screens=SCREENS[:-1],
    ),
    Row(
        scenario=Scenario.LENTO,
        plates=("LEN1A00", "LEN1000"),
        about="Tudo demora várias vezes mais.",
    ),
    Row(
        scenario=Scenario.MOTO,
        plates=("MOT1A00", "MOT1000"),
        about="Uma moto: outras palavras, sem kit gás. Escolha Moto na primeira tela.",
    ),
)

ROWS: Mapping[Scenario, Row] = {row.scenario: row for row in TABLE}
PLATES: Mapping[str, Scenario] = {plate: row.scenario for row in TABLE for plate in row.plates}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the start address asked for; `None` leaves the choice to the plate or the server."""

    scenario: Scenario | None = None
    screen: str | None = None
    pace: str | None = None


def read_wish(query: Mapping[str, str]) -> Wish:
    """Read `cenario`, `tela` and `pace` of a start address; ValueError says what is wrong."""
    name, screen, pace = query.get("cenario"), query.get("tela"), query.get("pace")
    if name is not None and name not in set(Scenario):
        raise ValueError(f"cenario={name} não existe; use um de: {', '.join(Scenario)}")
    if pace is not None and pace not in ("fast", "real"):
        raise ValueError(f"pace={pace} não existe; use fast ou real")
    scenario = Scenario(name) if name else None
    if screen is not None:
        allowed = ROWS[scenario].screens if scenario else SCREENS
        if screen not in allowed:
            raise ValueError(f"tela={screen} não vale aqui; use uma de: {', '.join(allowed)}")
    return Wish(scenario=scenario, screen=screen, pace=pace)


def choose(wish: Wish, plate: str | None) -> Scenario:
    """The scenario of a run: the query's, else the plate's, else the usual one."""
    return wish.scenario or PLATES.get(plate or "", Scenario.USUAL)
