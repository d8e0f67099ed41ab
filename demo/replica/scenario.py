"""Which misfortune a run of the replica meets, and the plate that calls for it.

1. One table: the guide page, the server and the tests read the same rows, so a plate can never
   mean two things.
2. A plate that is not in the table is the usual case: any visitor's own plate must work.
3. What a test can bring about by its visitor's answers (an unknown CEP, a name that the site
   refuses) is no scenario.
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
WITH_CONTROLS = tuple(screen for screen in WITH_CONTINUE if screen != "5")
# Screen 1 is what an address opens, and a question that may be skipped has no fixed "before".
WITH_A_BEFORE = tuple(screen for screen in SCREENS if screen not in ("1", "5.5", "14"))
BEFORE_THE_PERSON = SCREENS[: SCREENS.index("9")]


class Scenario(StrEnum):
    """The closed set of scenarios; the value is the name used in `?cenario=`."""

    USUAL = "usual"
    SEM_5_5 = "sem_5_5"
    COM_14 = "com_14"
    MOTO = "moto"
    LENTO = "lento"
    PESQUISA = "pesquisa"
    OUTRA_VERSAO = "outra_versao"
    ERRO_PASSAGEIRO = "erro_passageiro"
    RELOGIO_PARADO = "relogio_parado"
    LOGIN_TARDIO = "login_tardio"
    SEM_LOGIN = "sem_login"
    CONTA_DIFERENTE = "conta_diferente"
    RESULTADO_TARDIO = "resultado_tardio"
    SEM_ALTERNATIVA = "sem_alternativa"
    MANUAL = "manual"
    PLACA_DESCONHECIDA = "placa_desconhecida"
    OUTRO_VEICULO = "outro_veiculo"
    CPF_RECUSADO = "cpf_recusado"
    LOGIN_RECUSADO = "login_recusado"
    LOGIN_DE_NOVO = "login_de_novo"
    ERRO_SERVIDOR = "erro_servidor"
    INSTAVEL = "instavel"
    TELA_AUSENTE = "tela_ausente"
    ESTIMATIVA_SEM_FIM = "estimativa_sem_fim"
    ESTIMATIVA_INCOMPLETA = "estimativa_incompleta"
    CALCULO_SEM_FIM = "calculo_sem_fim"
    PRECO_AUSENTE = "preco_ausente"
    PRECO_PROVISORIO = "preco_provisorio"
    ALTERNATIVA_INCOMPLETA = "alternativa_incompleta"
    ID_MUDADO = "id_mudado"
    CONTROLE_MUDADO = "controle_mudado"
    TELA_ESTRANHA = "tela_estranha"


class Chapter(StrEnum):
    """Under which heading the guide page lists a scenario."""

    WAYS = "Caminhos até o resultado"
    REFUSED = "O site recusa"
    FAILING = "O site falha"
    CHANGED = "O site mudou"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario: its plates (Mercosul and old kind), what happens, what ends the run.

    `ending` is the value of `ending` in the record of a person who goes on wherever the page lets
    them. `screen` is the screen that `&tela=` chooses by default, where the scenario has one;
    `screens` are the ones allowed there.
    """

    scenario: Scenario
    chapter: Chapter
    plates: tuple[str, str]
    about: str
    ending: str = "resultado"
    screen: str | None = None
    screens: tuple[str, ...] = ()


TABLE: tuple[Row, ...] = (
    Row(
        scenario=Scenario.USUAL,
        chapter=Chapter.WAYS,
        plates=("USU1A01", "USU1001"),
        about="Tudo corre bem, com a tela 5.5 e sem a 14.",
    ),
    Row(
        scenario=Scenario.SEM_5_5,
        chapter=Chapter.WAYS,
        plates=("SEM5A05", "SEM5505"),
        about="A tela 5.5 (zero km) não aparece.",
    ),
    Row(
        scenario=Scenario.COM_14,
        chapter=Chapter.WAYS,
        plates=("COM1A14", "COM1414"),
        about="A tela 14 (corretor anterior) aparece.",
    ),
    Row(
        scenario=Scenario.MOTO,
        chapter=Chapter.WAYS,
        plates=("MOT1A00", "MOT1000"),
        about="Uma moto: outras palavras, sem kit gás. Escolha Moto na primeira tela.",
    ),
    Row(
        scenario=Scenario.LENTO,
        chapter=Chapter.WAYS,
        plates=("LEN1A00", "LEN1000"),
        about="Tudo demora várias vezes mais.",
    ),
    Row(
        scenario=Scenario.PESQUISA,
        chapter=Chapter.WAYS,
        plates=("PES5A00", "PES5000"),
        about="Uma pesquisa de saída cobre a tela 5 e intercepta os cliques.",
    ),
    Row(
        scenario=Scenario.OUTRA_VERSAO,
        chapter=Chapter.WAYS,
        plates=("VER2A00", "VER2000"),
        about="O mesmo site escrito de outro modo: rótulos, valores, textos, preços inteiros; e "
        "com a tela 14.",
    ),
    Row(
        scenario=Scenario.ERRO_PASSAGEIRO,
        chapter=Chapter.WAYS,
        plates=("ERR1A00", "ERR1000"),
        about="O servidor falha uma vez ao deixar a tela 8 (ou a de &tela=); repetir funciona.",
        screen="8",
        screens=SCREENS[:-1],
    ),
    Row(
        scenario=Scenario.RELOGIO_PARADO,
        chapter=Chapter.WAYS,
        plates=("REL0A00", "REL0000"),
        about="A contagem chega a 00:00 e fica parada; só depois vem o resultado.",
    ),
    Row(
        scenario=Scenario.LOGIN_TARDIO,
        chapter=Chapter.WAYS,
        plates=("LOG9A00", "LOG9000"),
        about="O login demora a cobrir a tabela.",
    ),
    Row(
        scenario=Scenario.SEM_LOGIN,
        chapter=Chapter.WAYS,
        plates=("LOG1A00", "LOG1000"),
        about="O login não é pedido; os preços vêm sozinhos.",
    ),
    Row(
        scenario=Scenario.CONTA_DIFERENTE,
        chapter=Chapter.WAYS,
        plates=("CTA2A00", "CTA2000"),
        about="O CPF não corresponde à conta; um segundo diálogo pergunta o que fazer.",
    ),
    Row(
        scenario=Scenario.RESULTADO_TARDIO,
        chapter=Chapter.WAYS,
        plates=("TAR9A00", "TAR9000"),
        about="A tabela se preenche aos poucos: preço, linhas, depois o segundo plano.",
    ),
    Row(
        scenario=Scenario.SEM_ALTERNATIVA,
        chapter=Chapter.WAYS,
        plates=("ALT0A00", "ALT0000"),
        about="Só há o plano recomendado.",
    ),
    Row(
        scenario=Scenario.MANUAL,
        chapter=Chapter.WAYS,
        plates=("MAN1A00", "MAN1000"),
        about="O tempo se esgota e a cotação vira manual.",
        ending="manual",
    ),
    Row(
        scenario=Scenario.PLACA_DESCONHECIDA,
        chapter=Chapter.REFUSED,
        plates=("PLA0A00", "PLA0000"),
        about="A placa não é encontrada; a tela 2 fica.",
        ending="placa_desconhecida",
    ),
    Row(
        scenario=Scenario.OUTRO_VEICULO,
        chapter=Chapter.REFUSED,
        plates=("VEI2A00", "VEI2000"),
        about="A tela 3 mostra um veículo de outra placa.",
        ending="outro_veiculo",
    ),
    Row(
        scenario=Scenario.CPF_RECUSADO,
        chapter=Chapter.REFUSED,
        plates=("CPF9A00", "CPF9000"),
        about="O CPF do segurado é recusado na tela 9 (ou o do condutor, na 10).",
        ending="cpf_recusado",
        screen="9",
        screens=("9", "10"),
    ),
    Row(
        scenario=Scenario.LOGIN_RECUSADO,
        chapter=Chapter.REFUSED,
        plates=("LOG0A00", "LOG0000"),
        about="O login é recusado, mesmo com a senha certa.",
        ending="login_recusado",
    ),
    Row(
        scenario=Scenario.LOGIN_DE_NOVO,
        chapter=Chapter.REFUSED,
        plates=("LOG2A00", "LOG2000"),
        about="O CPF não corresponde à conta e, mantida a conta, o login é pedido de novo.",
        ending="login_de_novo",
    ),
    Row(
        scenario=Scenario.ERRO_SERVIDOR,
        chapter=Chapter.FAILING,
        plates=("ERR8A00", "ERR8000"),
        about="O servidor falha ao deixar a tela 8 (ou a de &tela=; na 15, ao entrar), e de novo "
        "ao repetir.",
        ending="erro_servidor",
        screen="8",
        screens=SCREENS,
    ),
    Row(
        scenario=Scenario.INSTAVEL,
        chapter=Chapter.FAILING,
        plates=("INS6A00", "INS6000"),
        about="O servidor falha ao deixar a tela 6 (ou a de &tela=); a visita seguinte, com a "
        "mesma placa, corre bem.",
        ending="erro_servidor",
        screen="6",
        screens=BEFORE_THE_PERSON,
    ),
    Row(
        scenario=Scenario.TELA_AUSENTE,
        chapter=Chapter.FAILING,
        plates=("TEL9A00", "TEL9000"),
        about="Uma tela nunca chega (a 9, ou a de &tela=).",
        ending="tela_ausente",
        screen="9",
        screens=SCREENS,
    ),
    Row(
        scenario=Scenario.ESTIMATIVA_SEM_FIM,
        chapter=Chapter.FAILING,
        plates=("EST0A00", "EST0000"),
        about="A estimativa nunca chega; o esqueleto fica.",
        ending="estimativa_sem_fim",
    ),
    Row(
        scenario=Scenario.ESTIMATIVA_INCOMPLETA,
        chapter=Chapter.FAILING,
        plates=("EST5A00", "EST5000"),
        about="Um dos cartões da estimativa vem sem preço.",
    ),
    Row(
        scenario=Scenario.CALCULO_SEM_FIM,
        chapter=Chapter.FAILING,
        plates=("FIM0A00", "FIM0000"),
        about="O cálculo chega a 00:00 e nunca termina.",
        ending="calculo_sem_fim",
    ),
    Row(
        scenario=Scenario.PRECO_AUSENTE,
        chapter=Chapter.FAILING,
        plates=("PRE0A00", "PRE0000"),
        about="O resultado chega sem o preço do plano recomendado.",
        ending="resultado_incompleto",
    ),
    Row(
        scenario=Scenario.PRECO_PROVISORIO,
        chapter=Chapter.FAILING,
        plates=("PRE1A00", "PRE1000"),
        about="Depois do login, os preços provisórios (R$ 100,00) nunca mudam.",
        ending="preco_provisorio",
    ),
    Row(
        scenario=Scenario.ALTERNATIVA_INCOMPLETA,
        chapter=Chapter.FAILING,
        plates=("ALT1A00", "ALT1000"),
        about="Falta uma linha do plano alternativo.",
        ending="resultado_incompleto",
    ),
    Row(
        scenario=Scenario.ID_MUDADO,
        chapter=Chapter.CHANGED,
        plates=("IDM8A00", "IDM8000"),
        about="O id do Continuar mudou (na tela 8, ou na de &tela=); o texto é o mesmo.",
        screen="8",
        screens=WITH_CONTINUE,
    ),
    Row(
        scenario=Scenario.CONTROLE_MUDADO,
        chapter=Chapter.CHANGED,
        plates=("CON9A00", "CON9000"),
        about="O id do último campo ou grupo mudou (na tela 9, ou na de &tela=).",
        screen="9",
        screens=WITH_CONTROLS,
    ),
    Row(
        scenario=Scenario.TELA_ESTRANHA,
        chapter=Chapter.CHANGED,
        plates=("TEL7A00", "TEL7000"),
        about="Uma tela que ninguém conhece vem antes da 7 (ou da de &tela=).",
        screen="7",
        screens=WITH_A_BEFORE,
    ),
)

ROWS: Mapping[Scenario, Row] = {row.scenario: row for row in TABLE}
PLATES: Mapping[str, Scenario] = {plate: row.scenario for row in TABLE for plate in row.plates}
