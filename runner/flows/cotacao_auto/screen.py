"""The screens 1 to 15 as values: how one is known, what is said, how it is left, what comes next.

1. A screen is entered when one of its marks is visible.
   Its second marks count only after they have held for a while: they stand in for a mark whose id
   has changed.
2. Titles and messages are for the visitor: kind, and without personal data. `{veiculo}` is the only
   word filled in: ": " with a model and a year, or nothing.
3. The order of `next` is the site's: an optional screen stands before the one it leads to.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.flows.cotacao_auto.wait import Candidate

# How long a second mark must hold: the first one comes in the same rendering, if it comes.
SECOND_MARK_S = 1.5

ESTIMATED = "Tempo estimado em"
SUCCESS = "Parabéns, chegamos ao resultado final da cotação"
MANUAL = "Ops, ainda não encontramos resultados para você"
SURVEY_CLOSE = '[id="gtm-telaEstimativaAgoraNaoFechar"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen. `leave` is the id of its Continuar; `next` the ids of the possible successors."""

    id: str
    titulo: str
    entrou: str
    concluiu: str
    marks: tuple[str, ...]
    second: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    leave: str | None = None
    next: tuple[str, ...] = ()
    pulou: str = ""
    slow: bool = False

    def candidates(self) -> list[Candidate]:
        """What to look for to see this screen come."""
        name = f"tela {self.id}"
        found = [Candidate(name=name, how="shown", what=self.marks, clear=True)]
        if self.second:
            second = Candidate(
                name=f"{name} (2)", how="shown", what=self.second, hold=SECOND_MARK_S, clear=True
            )
            found.append(second)
        if self.texts:
            # The waiting screen has a progress bar of its own, so a spinner tells nothing here.
            found = [Candidate(name=name, how="text", what=self.texts)]
        return found


def _id(name: str) -> str:
    return f'[id="{name}"]'


def _group(name: str) -> str:
    return f'div[id="{name}"]'


_ALL = (
    Screen(
        id="1",
        titulo="Tipo de seguro",
        entrou="Abrimos o site de cotação.",
        concluiu="Escolhemos o tipo de seguro.",
        marks=('button:has(img[alt="Icone car"])',),
        next=("2",),
    ),
    Screen(
        id="2",
        titulo="Placa do veículo",
        entrou="Estamos procurando o seu veículo.",
        concluiu="Informamos a placa do veículo.",
        marks=(_id("placaTelaDadosPlaca"),),
        leave="gtm-telaDadosAutoCotarComPlacaContinuar",
        next=("3",),
    ),
    Screen(
        id="3",
        titulo="Confirmação do veículo",
        entrou="Encontramos um veículo. Vamos conferir.",
        concluiu="Veículo confirmado{veiculo}.",
        marks=(_id("gtm-telaInfosAutoContinuar"),),
        second=(_group("confirmarVeiculoTelaInformacoesVeiculo"),),
        leave="gtm-telaInfosAutoContinuar",
        next=("4",),
    ),
    Screen(
        id="4",
        titulo="Seguro atual",
        entrou="O site perguntou se o veículo já tem seguro.",
        concluiu="Respondemos sobre o seguro atual.",
        marks=(_id("gtm-telaRenovacaoVeiculoContinuar"),),
        second=(_group("jaSeguradoTelaRenovacao"),),
        leave="gtm-telaRenovacaoVeiculoContinuar",
        next=("5",),
    ),
    Screen(
        id="5",
        titulo="Estimativa inicial",
        entrou="A estimativa inicial chegou.",
        concluiu="Anotamos a estimativa. Vamos aos detalhes para o valor final.",
        marks=(_id("gtm-telaEstimativaContinuarParaCotacaoFinal"),),
        second=("[role=group][aria-roledescription=slide] b",),
        leave="gtm-telaEstimativaContinuarParaCotacaoFinal",
        next=("5.5", "6"),
        slow=True,
    ),
    Screen(
        id="5.5",
        titulo="Veículo zero km",
        entrou="O site perguntou se o veículo é zero km.",
        concluiu="Respondemos se o veículo é zero km.",
        pulou="O site não precisou perguntar se o veículo é zero km.",
        marks=(_id("gtm-telaZeroKmContinuar"),),
        second=(_group("zerokmTelaZeroKm"),),
        leave="gtm-telaZeroKmContinuar",
        next=("6",),
    ),
    Screen(
        id="6",
        titulo="Itens do veículo",
        entrou="Estamos informando o combustível e os itens do veículo.",
        concluiu="Combustível e itens informados.",
        marks=(_id("gtm-telaItensAutoContinuar"),),
        second=(_group("tipoCombustivelTelaItens"),),
        leave="gtm-telaItensAutoContinuar",
        next=("7",),
    ),
    Screen(
        id="7",
        titulo="Onde o veículo passa a noite",
        entrou="Estamos informando onde o veículo passa a noite.",
        concluiu="Endereço informado.",
        marks=(_id("enderecoTelaEndereco"),),
        leave="gtm-telaPernoiteVeiculoContinuar",
        next=("8",),
    ),
    Screen(
        id="8",
        titulo="Uso do veículo",
        entrou="Estamos informando como o veículo é usado.",
        concluiu="Uso do veículo informado.",
        marks=(_group("finalidadeVeiculoTelaUsoVeiculo"),),
        second=(_id("gtm-telaUsoVeiculoContinuar"),),
        leave="gtm-telaUsoVeiculoContinuar",
        next=("9",),
    ),
    Screen(
        id="9",
        titulo="Seus dados",
        entrou="Estamos preenchendo os seus dados.",
        concluiu="Seus dados foram aceitos.",
        marks=(_id("nomeTelaSegurado"),),
        leave="gtm-telaDadosSeguradoContinuar",
        next=("10",),
    ),
    Screen(
        id="10",
        titulo="Condutor principal",
        entrou="Estamos informando quem dirige o veículo.",
        concluiu="Condutor principal informado.",
        marks=(_id("gtm-telaCondutorPrincipalContinuar"),),
        leave="gtm-telaCondutorPrincipalContinuar",
        next=("11",),
    ),
    Screen(
        id="11",
        titulo="Trabalho e estudo",
        entrou="Estamos informando o uso para trabalho ou estudo.",
        concluiu="Uso para trabalho e estudo informado.",
        marks=(_id("gtm-telaAtividadeVeiculoContinuar"),),
        second=("form input[value=trabalho]",),
        leave="gtm-telaAtividadeVeiculoContinuar",
        next=("12",),
    ),
    Screen(
        id="12",
        titulo="Garagem",
        entrou="Estamos informando se há garagem na residência.",
        concluiu="Garagem informada.",
        marks=(_group("possuiGaragemTelaGaragemResidencia"),),
        second=(_id("gtm-telaGaragemResidenciaContinuar"),),
        leave="gtm-telaGaragemResidenciaContinuar",
        next=("13",),
    ),
    Screen(
        id="13",
        titulo="Jovens na residência",
        entrou="Estamos informando se há jovens de 18 a 26 anos na residência.",
        concluiu="Residentes informados.",
        marks=(_group("usoDependenteTelaUsoResidentes"),),
        second=(_id("gtm-telaUsoResidentesContinuar"),),
        leave="gtm-telaUsoResidentesContinuar",
        next=("14", "15"),
    ),
    Screen(
        id="14",
        titulo="Corretor anterior",
        entrou="O site encontrou uma cotação anterior.",
        concluiu="Respondemos sobre o corretor anterior.",
        pulou="Não havia cotação anterior.",
        marks=(_id("gtm-telaCorretorAnteriorContinuar"),),
        second=(_group("corretorAnteriorTelaCorretorAnterior"),),
        leave="gtm-telaCorretorAnteriorContinuar",
        next=("15",),
    ),
    Screen(
        id="15",
        titulo="Cálculo do seguro",
        entrou="Está tudo preenchido! O seguro está sendo calculado.",
        concluiu="O cálculo terminou.",
        marks=(),
        texts=(ESTIMATED, SUCCESS, MANUAL),
    ),
)
SCREENS = {screen.id: screen for screen in _ALL}
FIRST, LAST = _ALL[0], _ALL[-1]
