"""What is done on each screen, 1 to 14: the visitor's answers into the site's controls.

1. One function a screen, all with the same shape; `ACTS` says which belongs to which.
2. Values where the site's labels are uncertain (use of the vehicle, yes and no), labels where its
   values are (fuel, residents, earlier broker).
3. What an answer makes appear comes after a moment: it is waited for, never assumed.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from playwright.async_api import Page

from runner.failure import Failure
from runner.flow import Report
from runner.flows.cotacao_auto import script
from runner.flows.cotacao_auto.answers import YOUNG_DRIVER, QuoteAnswers
from runner.flows.cotacao_auto.estimate import COVERAGES, estimate
from runner.flows.cotacao_auto.form import Box, Form
from runner.flows.cotacao_auto.wait import Candidate, Patience, ask, race

_YES, _NO = ("sim",), ("nao", "não")
_USES = {
    "Pessoal": "Particular",
    "Profissional": "Profissional",
    "Motorista de aplicativo": "Motorista de App",
    "Taxi": "Taxi",
}
# "O veículo MODELO ANO corresponde a placa ABC-1D23?" (with "à" and other words for a motorbike)
_VEHICLE = re.compile(
    r"\b(?:ve[ií]culo|moto|carro)\s+((?:(?!\bve[ií]culo\b).)*?)\s+corresponde\b", re.IGNORECASE
)
_PLATE = re.compile(r"\bplaca\s+([A-Z]{3})\s?-?\s?(\d[A-Z\d]\d{2})\b", re.IGNORECASE)
# A model and a year; what is longer was read wrongly.
MAX_VEHICLE = 80
_WORK = 'input[value="trabalho"]'
_STUDY = 'input[value="estudo"]'


@dataclass(slots=True, kw_only=True)
class Desk:
    """What the acts work with; `vehicle` is what screen 3 showed (": MODEL YEAR", or nothing),
    `form` is new on each screen."""

    page: Page
    answers: QuoteAnswers
    report: Report
    patience: Patience
    form: Form
    vehicle: str = ""


Act = Callable[[Desk], Awaitable[None]]


async def kind(desk: Desk) -> None:
    """1: car or motorbike; the click itself leads on, so nothing is left to settle."""
    icon = "car" if desk.answers.tipo_veiculo == "carro" else "motorcycle"
    await desk.form.click(f'button:has(img[alt="Icone {icon}"])', f"Icone {icon}")


async def plate(desk: Desk) -> None:
    """2: the plate; its mask adds a hyphen."""
    await desk.form.fill("placaTelaDadosPlaca", desk.answers.placa, "plate")


async def confirm(desk: Desk) -> None:
    """3: the vehicle shown must have the visitor's plate.

    Raises Failure `veiculo_diferente`, or `site_mudou` when no plate can be read.
    """
    sentence = await ask(desk.page, script.VEHICLE, desk.patience.control, {}) or ""
    vehicle, plate = vehicle_in(sentence)
    if not plate:
        raise Failure("site_mudou", detail={"procurado": "frase com veículo e placa"})
    if plate != desk.answers.placa:
        raise Failure("veiculo_diferente")
    desk.vehicle = f": {vehicle}" if vehicle else ""
    await desk.form.radio("confirmarVeiculoTelaInformacoesVeiculo", *_YES, name="confirmar")


async def insured(desk: Desk) -> None:
    """4: insured already? The insurer, asked after a yes, may stay empty."""
    answer = _yes_no(desk.answers.veiculo_segurado)
    await desk.form.radio("jaSeguradoTelaRenovacao", *answer, name="jaSegurado")


async def first_estimate(desk: Desk) -> None:
    """5: read the cards and report them before going on."""
    cards = await ask(desk.page, script.CARDS, desk.patience.grid, {"cards": COVERAGES})
    await desk.report.estimate(estimate(cards))


async def brand_new(desk: Desk) -> None:
    """5.5: a new vehicle?"""
    await desk.form.radio("zerokmTelaZeroKm", *_yes_no(desk.answers.zero_km), name="zeroKm")


async def items(desk: Desk) -> None:
    """6: fuel and extras; a motorbike is not asked for a gas kit."""
    answers = desk.answers
    await desk.form.option("tipoCombustivelTelaItens", answers.combustivel, "tipoCombustivel")
    group = 'div[id="outrosTelaItens"]'
    gas = Box(scope=group, input='input[value="Kit Gás"]')
    wanted = {
        gas: answers.kit_gas,
        Box(scope=group, input='input[value="Blindado"]'): answers.blindado,
        Box(scope=group, input='input[value="Financiado"]'): answers.financiado,
    }
    may_lack = answers.tipo_veiculo == "moto" or not answers.kit_gas
    await desk.form.boxes(wanted, frozenset({gas}) if may_lack else frozenset())


async def address(desk: Desk) -> None:
    """7: the postal code, then the first address that the site offers for it.

    Raises Failure `endereco_nao_encontrado` when it offers none.
    """
    field = "enderecoTelaEndereco"
    option = f'[role=option][id="{field}-option-0"]'
    await desk.form.type(field, desk.answers.cep, "digits")
    offered = Candidate(name="opção", how="shown", what=(option,))
    none = Candidate(name="nenhum", how="text", what=("Nenhum endereço encontrado",), hold=1)
    arrival = await race(desk.page, offered, none, within=desk.patience.address)
    if arrival is None or arrival.name == "nenhum":
        raise Failure("endereco_nao_encontrado", detail={"sem_resposta": arrival is None})
    await desk.form.click(option, "endereço")
    # "Rua …, Bairro - Cidade/UF": only a chosen address holds a slash.
    desk.form.must_hold(field, "/")


async def use(desk: Desk) -> None:
    """8: what the vehicle is used for, by value (two labels are uncertain)."""
    value = _USES[desk.answers.uso_veiculo]
    await desk.form.radio("finalidadeVeiculoTelaUsoVeiculo", value, name="finalidadeVeiculo")


async def person(desk: Desk) -> None:
    """9: the insured person."""
    answers = desk.answers
    await _identity(desk, "TelaSegurado", answers.nome, answers.cpf, answers.data_nascimento)
    await desk.form.fill("emailTelaSegurado", answers.email)
    await desk.form.type("celularTelaSegurado", answers.celular, "digits")
    await desk.form.listbox("sexoTelaSegurado", answers.sexo)
    await desk.form.listbox("estadoCivilTelaSegurado", answers.estado_civil)


async def driver(desk: Desk) -> None:
    """10: the main driver; another person's data are asked for after a no."""
    answers = desk.answers
    await desk.form.radio(None, *_yes_no(answers.condutor_principal), name="condutorPrincipal")
    if answers.condutor_principal:
        return
    await desk.form.appears('[id="nomeTelaCondutorPrincipal"]', "nomeTelaCondutorPrincipal")
    await _identity(
        desk,
        "TelaCondutorPrincipal",
        answers.nome_condutor or "",
        answers.cpf_condutor or "",
        answers.data_nascimento_condutor or "",
    )
    await desk.form.listbox("sexoTelaCondutorPrincipal", answers.sexo_condutor or "")
    await desk.form.listbox("estadoCivilTelaCondutorPrincipal", answers.estado_civil_condutor or "")


async def activity(desk: Desk) -> None:
    """11: driven to work or school; each reveals a switch for a parking place in its own block."""
    answers = desk.answers
    work, study = answers.local_de_trabalho, answers.local_de_estudo
    await desk.form.boxes({Box(input=_WORK): work, Box(input=_STUDY): study}, frozenset())
    parking: dict[Box, bool] = {}
    if work:
        parking[_switch(_WORK, _STUDY)] = answers.estacionamento_proprio_local_de_trabalho
    if study:
        parking[_switch(_STUDY, _WORK)] = answers.estacionamento_proprio_local_de_estudo
    for switch in parking:
        await desk.form.appears(switch.label, "estacionamento próprio")
    if parking:
        await desk.form.boxes(parking, frozenset())


async def garage(desk: Desk) -> None:
    """12: a garage, and then its gate."""
    answers = desk.answers
    group = "possuiGaragemTelaGaragemResidencia"
    await desk.form.radio(group, *_yes_no(answers.garagem_residencia), name="possuiGaragem")
    if not answers.garagem_residencia:
        return
    gate = "tipoPortaoTelaGaragemResidencia"
    await desk.form.appears(f'div[id="{gate}"]', "tipoPortao")
    value = "eletronico" if answers.portao_eletronico == "Eletronico" else "manual"
    await desk.form.radio(gate, value, name="tipoPortao")


async def residents(desk: Desk) -> None:
    """13: young residents, by label; one of the answers asks for the youngest one's sex and age."""
    answers = desk.answers
    await desk.form.option("usoDependenteTelaUsoResidentes", answers.reside_18_26, "usoDependente")
    if answers.reside_18_26 != YOUNG_DRIVER:
        return
    # The two groups' ids are only a convention: their labels' words are unique on the screen.
    await desk.form.option(None, answers.sexo_do_menor or "", "sexoDependente")
    await desk.form.option(None, answers.faixa_etaria_menor_mais_novo or "", "faixaEtaria")


async def broker(desk: Desk) -> None:
    """14: stay with the earlier broker or not, by label."""
    stay = desk.answers.continuar_com_corretor_anterior
    text = "Sim, continuar com meu corretor" if stay else "Não, quero outro corretor"
    await desk.form.option(None, text, "corretorAnterior")


ACTS: Mapping[str, Act] = {
    "1": kind,
    "2": plate,
    "3": confirm,
    "4": insured,
    "5": first_estimate,
    "5.5": brand_new,
    "6": items,
    "7": address,
    "8": use,
    "9": person,
    "10": driver,
    "11": activity,
    "12": garage,
    "13": residents,
    "14": broker,
}


def vehicle_in(sentence: str) -> tuple[str, str]:
    """The vehicle (model and year) and the plate that screen 3's sentence names; "" if unread."""
    vehicle = _VEHICLE.search(sentence)
    plate = _PLATE.search(sentence)
    name = vehicle[1] if vehicle and len(vehicle[1]) <= MAX_VEHICLE else ""
    return name, (plate[1] + plate[2]).upper() if plate else ""


async def _identity(desk: Desk, screen: str, name: str, cpf: str, born: str) -> None:
    await desk.form.fill(f"nome{screen}", name)
    await desk.form.fill(f"cpf{screen}", cpf, "digits")
    await desk.form.fill(f"dataNascimento{screen}", born, "digits")


def _switch(own: str, other: str) -> Box:
    """The switch of a block: in what holds this box and not the other."""
    return Box(
        scope=f"div:has({own}):not(:has({other}))",
        input="input[type=checkbox]:not([value=trabalho], [value=estudo])",
    )


def _yes_no(answer: bool) -> tuple[str, ...]:
    return _YES if answer else _NO
