"""What the quote asks of a visitor: the fields, their defaults, and what they depend on.

1. No Playwright here: the service validates with this model before a session exists.
2. A field that was not asked for is not judged: the driver's data matter only when the driver is
   another person, the youngest resident's only when there is one who drives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from runner.answers import Answers
from runner.kind import (
    BirthDate,
    Cep,
    Cpf,
    Email,
    Mobile,
    Name,
    Plate,
    Shown,
    YesNo,
    choice,
    named,
    only_if,
)

Sex = Annotated[
    Literal["Masculino", "Feminino"],
    choice(m="Masculino", f="Feminino"),
    named("Sexo", "sex"),
]
Marital = Annotated[
    Literal["Casado ou União Estável", "Divorciado", "Separado", "Solteiro", "Viúvo"],
    choice(
        casado="Casado ou União Estável",
        casada="Casado ou União Estável",
        casada_ou_uniao_estavel="Casado ou União Estável",
        uniao_estavel="Casado ou União Estável",
        divorciada="Divorciado",
        separada="Separado",
        solteira="Solteiro",
        viuva="Viúvo",
    ),
    named("Estado civil", "marital status"),
]

# Only shown back to people: no screen of the site asks for these.
DISPLAY = ("marca", "modelo", "ano", "endereco", "numero", "bairro", "cidade", "uf")
YOUNG_DRIVER = "Sim e utilizam o veículo"
Gate = Literal["Eletronico", "Manual", "Não possui"]

_OTHER_DRIVER = only_if("condutor_principal", False)
_YOUNG = only_if("reside_18_26", YOUNG_DRIVER)


class QuoteAnswers(Answers):
    """The visitor's answers, in the words that the site's screens use."""

    other_names: ClassVar[Mapping[str, str]] = {"telefone": "celular"}

    tipo_veiculo: Annotated[
        Literal["carro", "moto"],
        choice({"carro": "Carro", "moto": "Moto"}, automovel="carro", motocicleta="moto"),
        named("Tipo do veículo", "kind of vehicle"),
    ] = "carro"
    placa: Annotated[
        Plate,
        named(
            "Placa",
            "licence plate",
            missing=("Informe a placa do veículo", "Please give the licence plate"),
        ),
    ]
    zero_km: Annotated[YesNo, named("Veículo zero km", "new vehicle")] = False
    combustivel: Annotated[
        Literal["Flex", "Gasolina", "Álcool", "Diesel", "Híbrido", "Elétrico"],
        choice(etanol="Álcool"),
        named("Combustível", "fuel"),
    ] = "Flex"
    kit_gas: Annotated[YesNo, only_if("tipo_veiculo", "carro"), named("Kit gás", "gas kit")] = False
    blindado: Annotated[YesNo, named("Veículo blindado", "armoured vehicle")] = False
    financiado: Annotated[YesNo, named("Veículo financiado", "financed vehicle")] = False
    veiculo_segurado: Annotated[YesNo, named("Já tem seguro", "insured already")] = False
    cep: Cep
    uso_veiculo: Annotated[
        Literal["Pessoal", "Profissional", "Motorista de aplicativo", "Taxi"],
        choice(
            {"Taxi": "Táxi"},
            particular="Pessoal",
            motorista_de_app="Motorista de aplicativo",
        ),
        named("Uso do veículo", "use of the vehicle"),
    ] = "Pessoal"
    nome: Annotated[Name, named("Nome completo", "full name")]
    cpf: Cpf
    data_nascimento: BirthDate
    sexo: Sex
    estado_civil: Marital
    email: Email
    celular: Annotated[Mobile, named("Celular com DDD", "mobile number with area code")]
    condutor_principal: Annotated[
        YesNo, named("Você é o condutor principal", "you are the main driver")
    ] = True
    nome_condutor: Annotated[
        Name | None, _OTHER_DRIVER, named("Nome do condutor principal", "main driver's name")
    ] = None
    cpf_condutor: Annotated[
        Cpf | None, _OTHER_DRIVER, named("CPF do condutor principal", "main driver's CPF")
    ] = None
    data_nascimento_condutor: Annotated[
        BirthDate | None,
        _OTHER_DRIVER,
        named("Data de nascimento do condutor principal", "main driver's date of birth"),
    ] = None
    sexo_condutor: Annotated[
        Sex | None, _OTHER_DRIVER, named("Sexo do condutor principal", "main driver's sex")
    ] = None
    estado_civil_condutor: Annotated[
        Marital | None,
        _OTHER_DRIVER,
        named("Estado civil do condutor principal", "main driver's marital status"),
    ] = None
    local_de_trabalho: Annotated[
        YesNo, named("Uso para ir ao trabalho", "vehicle driven to work")
    ] = False
    local_de_estudo: Annotated[
        YesNo, named("Uso para ir ao local de estudo", "vehicle driven to school")
    ] = False
    estacionamento_proprio_local_de_trabalho: Annotated[
        YesNo,
        only_if("local_de_trabalho", True),
        named("Estacionamento próprio no trabalho", "parking at work"),
    ] = False
    estacionamento_proprio_local_de_estudo: Annotated[
        YesNo,
        only_if("local_de_estudo", True),
        named("Estacionamento próprio no local de estudo", "parking at school"),
    ] = False
    garagem_residencia: Annotated[YesNo, named("Garagem na residência", "garage at home")] = True
    portao_eletronico: Annotated[
        Gate,
        choice({"Eletronico": "Eletrônico"}, nao="Não possui"),
        only_if("garagem_residencia", True),
        named(
            "Portão da garagem",
            "garage gate",
            contradiction=(
                "Com garagem na residência, informe se o portão é eletrônico ou manual",
                "With a garage at home, say whether its gate is electric or manual",
            ),
        ),
    ] = Field(default_factory=lambda known: _gate(known))
    reside_18_26: Annotated[
        Literal["Não", "Sim, mas não utilizam o veículo", "Sim e utilizam o veículo"],
        choice(),
        named("Alguém de 18 a 26 anos mora com você", "someone aged 18 to 26 lives with you"),
    ] = "Não"
    sexo_do_menor: Annotated[
        Annotated[Literal["Feminino", "Masculino", "Ambos"], choice(f="Feminino", m="Masculino")]
        | None,
        _YOUNG,
        named("Sexo do residente mais novo", "youngest resident's sex"),
    ] = None
    faixa_etaria_menor_mais_novo: Annotated[
        Annotated[
            Literal["18 a 24 anos", "25 anos"],
            choice(**{"18-24": "18 a 24 anos", "25": "25 anos"}),
        ]
        | None,
        _YOUNG,
        named("Faixa etária do residente mais novo", "youngest resident's age band"),
    ] = None
    continuar_com_corretor_anterior: Annotated[
        YesNo,
        named("Continuar com o corretor anterior, se houver", "stay with the earlier broker"),
    ] = True
    marca: Shown = None
    modelo: Shown = None
    ano: Shown = None
    endereco: Annotated[Shown, named("Endereço")] = None
    numero: Annotated[Shown, named("Número")] = None
    bairro: Shown = None
    cidade: Shown = None
    uf: Annotated[Shown, named("UF")] = None

    @field_validator("portao_eletronico", mode="after")
    @classmethod
    def _fits_the_garage(cls, value: str, info: ValidationInfo) -> str:
        if value == "Não possui" and info.data.get("garagem_residencia") is True:
            raise PydanticCustomError("contradiction", "misspelt")
        return value


def _gate(known: dict[str, Any]) -> Gate:
    return "Não possui" if known.get("garagem_residencia") is False else "Eletronico"
