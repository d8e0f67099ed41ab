"""The screens 1 to 15: what the visitor reads about each, and how it is answered.

1. One function a screen; it puts the visitor's answers into the site's controls and leaves.
2. Titles and messages are for the visitor: kind, and without personal data. Only the vehicle that
   screen 3 shows is named (model and year).
3. Values where the site's labels are uncertain (use of the vehicle, yes and no), labels where its
   values are (fuel, residents, earlier broker).
4. What an answer makes appear comes after a moment: it is waited for, never assumed.
5. The weights are the real site's median seconds, as far as they were seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.failure import Failure
from runner.flow import Flow
from runner.flows.cotacao_auto import script
from runner.flows.cotacao_auto.answers import YOUNG_DRIVER, QuoteAnswers
from runner.flows.cotacao_auto.arrival import arrive
from runner.flows.cotacao_auto.calculation import calculate
from runner.flows.cotacao_auto.desk import Desk
from runner.flows.cotacao_auto.estimate import COVERAGES, estimate
from runner.flows.cotacao_auto.form import Box
from runner.flows.cotacao_auto.vehicle import vehicle_in
from runner.flows.cotacao_auto.wait import Candidate, ask, race
from runner.flows.opening import goto

_YES, _NO = ("sim",), ("nao", "não")
_USES = {
    "Pessoal": "Particular",
    "Profissional": "Profissional",
    "Motorista de aplicativo": "Motorista de App",
    "Taxi": "Taxi",
}
_WORK = 'input[value="trabalho"]'
_STUDY = 'input[value="estudo"]'

flow: Flow[Desk] = Flow(QuoteAnswers, Desk, arrive)


@flow.opening
async def open_site(desk: Desk) -> None:
    """The landing page; nothing of it matters but the buttons of screen 1."""
    if not (desk.site.email and desk.site.password):
        # The result could never be opened: better known before the visitor's data leave.
        raise Failure("sem_conta")
    await goto(desk.page, desk.site.url, within=desk.patience.opening)


@flow.screen(
    "1",
    "Tipo de seguro",
    entered="Abrimos o site de cotação.",
    done="Escolhemos o tipo de seguro.",
    sees='button:has(img[alt="Icone car"])',
    weight=0.6,
)
async def kind(desk: Desk) -> None:
    """Car or motorbike; the click itself leads on, so nothing is left to settle."""
    icon = "car" if desk.answers.tipo_veiculo == "carro" else "motorcycle"
    await desk.form.click(f'button:has(img[alt="Icone {icon}"])', f"Icone {icon}")


@flow.screen(
    "2",
    "Placa do veículo",
    entered="Estamos procurando o seu veículo.",
    done="Informamos a placa do veículo.",
    sees='[id="placaTelaDadosPlaca"]',
    weight=1.1,
)
async def plate(desk: Desk) -> None:
    """The plate; its mask adds a hyphen."""
    await desk.form.fill("placaTelaDadosPlaca", desk.answers.placa, "plate")
    await desk.leave("gtm-telaDadosAutoCotarComPlacaContinuar")


@flow.screen(
    "3",
    "Confirmação do veículo",
    entered="Encontramos um veículo. Vamos conferir.",
    sees='[id="gtm-telaInfosAutoContinuar"]',
    weight=0.1,
)
async def confirm(desk: Desk) -> str:
    """The vehicle shown must have the visitor's plate.

    Raises Failure `veiculo_diferente`, or `site_mudou` when no plate can be read.
    """
    sentence = await ask(desk.page, script.VEHICLE, desk.patience.control, {}) or ""
    vehicle, plate = vehicle_in(sentence)
    if not plate:
        raise Failure("site_mudou", detail={"procurado": "frase com veículo e placa"})
    if plate != desk.answers.placa:
        raise Failure("veiculo_diferente")
    await desk.form.radio("confirmarVeiculoTelaInformacoesVeiculo", *_YES, name="confirmar")
    await desk.leave("gtm-telaInfosAutoContinuar")
    return f"Veículo confirmado: {vehicle}." if vehicle else "Veículo confirmado."


@flow.screen(
    "4",
    "Seguro atual",
    entered="O site perguntou se o veículo já tem seguro.",
    done="Respondemos sobre o seguro atual.",
    sees='[id="gtm-telaRenovacaoVeiculoContinuar"]',
    # The estimate is calculated before its screen comes.
    timeout_s=90,
    weight=5,
)
async def insured(desk: Desk) -> None:
    """Insured already? The insurer, asked after a yes, may stay empty."""
    answer = _yes_no(desk.answers.veiculo_segurado)
    await desk.form.radio("jaSeguradoTelaRenovacao", *answer, name="jaSegurado")
    await desk.leave("gtm-telaRenovacaoVeiculoContinuar")


@flow.screen(
    "5",
    "Estimativa inicial",
    entered="A estimativa inicial chegou.",
    done="Anotamos a estimativa. Vamos aos detalhes para o valor final.",
    sees='[id="gtm-telaEstimativaContinuarParaCotacaoFinal"]',
    weight=0.5,
)
async def first_estimate(desk: Desk) -> None:
    """Read the cards and report them before going on; the survey may come over it."""
    cards = await ask(desk.page, script.CARDS, desk.patience.grid, {"cards": COVERAGES})
    await desk.report.estimate(estimate(cards))
    async with desk.survey_closed():
        await desk.leave("gtm-telaEstimativaContinuarParaCotacaoFinal")


@flow.screen(
    "5.5",
    "Veículo zero km",
    entered="O site perguntou se o veículo é zero km.",
    done="Respondemos se o veículo é zero km.",
    skipped="O site não precisou perguntar se o veículo é zero km.",
    sees='[id="gtm-telaZeroKmContinuar"]',
    optional=True,
    weight=0.1,
)
async def brand_new(desk: Desk) -> None:
    """A new vehicle?"""
    await desk.form.radio("zerokmTelaZeroKm", *_yes_no(desk.answers.zero_km), name="zeroKm")
    await desk.leave("gtm-telaZeroKmContinuar")


@flow.screen(
    "6",
    "Itens do veículo",
    entered="Estamos informando o combustível e os itens do veículo.",
    done="Combustível e itens informados.",
    sees='[id="gtm-telaItensAutoContinuar"]',
    weight=0.2,
)
async def items(desk: Desk) -> None:
    """Fuel and extras; a motorbike is not asked for a gas kit."""
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
    await desk.leave("gtm-telaItensAutoContinuar")


@flow.screen(
    "7",
    "Onde o veículo passa a noite",
    entered="Estamos informando onde o veículo passa a noite.",
    done="Endereço informado.",
    sees='[id="enderecoTelaEndereco"]',
    weight=0.5,
)
async def address(desk: Desk) -> None:
    """The postal code, then the first address that the site offers for it.

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
    await desk.leave("gtm-telaPernoiteVeiculoContinuar")


@flow.screen(
    "8",
    "Uso do veículo",
    entered="Estamos informando como o veículo é usado.",
    done="Uso do veículo informado.",
    sees='div[id="finalidadeVeiculoTelaUsoVeiculo"]',
    weight=0.2,
)
async def use(desk: Desk) -> None:
    """What the vehicle is used for, by value (two labels are uncertain)."""
    value = _USES[desk.answers.uso_veiculo]
    await desk.form.radio("finalidadeVeiculoTelaUsoVeiculo", value, name="finalidadeVeiculo")
    await desk.leave("gtm-telaUsoVeiculoContinuar")


@flow.screen(
    "9",
    "Seus dados",
    entered="Estamos preenchendo os seus dados.",
    done="Seus dados foram aceitos.",
    sees='[id="nomeTelaSegurado"]',
    weight=1,
)
async def person(desk: Desk) -> None:
    """The insured person."""
    answers = desk.answers
    await _identity(desk, "TelaSegurado", answers.nome, answers.cpf, answers.data_nascimento)
    await desk.form.fill("emailTelaSegurado", answers.email)
    await desk.form.type("celularTelaSegurado", answers.celular, "digits")
    await desk.form.listbox("sexoTelaSegurado", answers.sexo)
    await desk.form.listbox("estadoCivilTelaSegurado", answers.estado_civil)
    await desk.leave(
        "gtm-telaDadosSeguradoContinuar",
        announce="Estamos enviando os seus dados para o cálculo.",
    )


@flow.screen(
    "10",
    "Condutor principal",
    entered="Estamos informando quem dirige o veículo.",
    done="Condutor principal informado.",
    sees='[id="gtm-telaCondutorPrincipalContinuar"]',
    weight=0.2,
)
async def driver(desk: Desk) -> None:
    """The main driver; another person's data are asked for after a no."""
    answers = desk.answers
    await desk.form.radio(None, *_yes_no(answers.condutor_principal), name="condutorPrincipal")
    if not answers.condutor_principal:
        screen = "TelaCondutorPrincipal"
        await desk.form.appears(f'[id="nome{screen}"]', f"nome{screen}")
        name, cpf = answers.nome_condutor or "", answers.cpf_condutor or ""
        await _identity(desk, screen, name, cpf, answers.data_nascimento_condutor or "")
        await desk.form.listbox(f"sexo{screen}", answers.sexo_condutor or "")
        await desk.form.listbox(f"estadoCivil{screen}", answers.estado_civil_condutor or "")
    await desk.leave("gtm-telaCondutorPrincipalContinuar")


@flow.screen(
    "11",
    "Trabalho e estudo",
    entered="Estamos informando o uso para trabalho ou estudo.",
    done="Uso para trabalho e estudo informado.",
    sees='[id="gtm-telaAtividadeVeiculoContinuar"]',
    weight=0.1,
)
async def activity(desk: Desk) -> None:
    """Driven to work or school; each reveals a switch for a parking place in its own block."""
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
    await desk.leave("gtm-telaAtividadeVeiculoContinuar")


@flow.screen(
    "12",
    "Garagem",
    entered="Estamos informando se há garagem na residência.",
    done="Garagem informada.",
    sees='div[id="possuiGaragemTelaGaragemResidencia"]',
    weight=0.2,
)
async def garage(desk: Desk) -> None:
    """A garage, and then its gate."""
    answers = desk.answers
    group = "possuiGaragemTelaGaragemResidencia"
    await desk.form.radio(group, *_yes_no(answers.garagem_residencia), name="possuiGaragem")
    if answers.garagem_residencia:
        gate = "tipoPortaoTelaGaragemResidencia"
        await desk.form.appears(f'div[id="{gate}"]', "tipoPortao")
        value = "eletronico" if answers.portao_eletronico == "Eletronico" else "manual"
        await desk.form.radio(gate, value, name="tipoPortao")
    await desk.leave("gtm-telaGaragemResidenciaContinuar")


@flow.screen(
    "13",
    "Jovens na residência",
    entered="Estamos informando se há jovens de 18 a 26 anos na residência.",
    done="Residentes informados.",
    sees='div[id="usoDependenteTelaUsoResidentes"]',
    weight=0.3,
)
async def residents(desk: Desk) -> None:
    """Young residents, by label; one of the answers asks for the youngest one's sex and age."""
    answers = desk.answers
    await desk.form.option("usoDependenteTelaUsoResidentes", answers.reside_18_26, "usoDependente")
    if answers.reside_18_26 == YOUNG_DRIVER:
        # The two groups' ids are only a convention: their labels' words are unique on the screen.
        await desk.form.option(None, answers.sexo_do_menor or "", "sexoDependente")
        age = answers.faixa_etaria_menor_mais_novo or ""
        await desk.form.option(None, age, "faixaEtaria")
    await desk.leave("gtm-telaUsoResidentesContinuar")


@flow.screen(
    "14",
    "Corretor anterior",
    entered="O site encontrou uma cotação anterior.",
    done="Respondemos sobre o corretor anterior.",
    skipped="Não havia cotação anterior.",
    sees='[id="gtm-telaCorretorAnteriorContinuar"]',
    optional=True,
    weight=0.1,
)
async def broker(desk: Desk) -> None:
    """Stay with the earlier broker or not, by label."""
    stay = desk.answers.continuar_com_corretor_anterior
    text = "Sim, continuar com meu corretor" if stay else "Não, quero outro corretor"
    await desk.form.option(None, text, "corretorAnterior")
    await desk.leave("gtm-telaCorretorAnteriorContinuar")


@flow.screen(
    "15",
    "Cálculo do seguro",
    entered="Está tudo preenchido! O seguro está sendo calculado.",
    done="O cálculo terminou.",
    # Known by its texts, not by a selector.
    sees="body",
    # The run's own deadline is shorter than what is left here.
    timeout_s=300,
    weight=60,
)
async def calculation(desk: Desk) -> Mapping[str, Any]:
    """The site calculates; its result, or that it leaves the quote to a person, ends the run."""
    return await calculate(desk)


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
