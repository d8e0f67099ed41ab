"""What the quote asks of a visitor: the fields, their defaults, and what is said when one is wrong.

1. No Playwright here: the service validates with this model before a session exists.
2. Nothing is guessed: a value comes from the visitor or from a default declared below. Empty values
   count as left out; fields that have no default of their own are None, and are not "assumed".
3. All errors in one pass: what depends on another field is checked at the later field, so that one
   wrong answer does not hide the others. A sentence never repeats what was sent.
4. Idempotent: what comes out goes in again unchanged (the flow reads its answers through it).
5. A field that was not asked for is not judged: the driver's data matter only when the driver is
   another person, the youngest resident's only when there is one who drives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from runner.automation import Answers, Language
from runner.flows.cotacao_auto import spelling
from runner.flows.cotacao_auto.sentence import sentence
from runner.flows.cotacao_auto.spelling import Misspelt

Read = Callable[[Any], Any]

# Brazil has had no summer time since 2019; a fixed offset needs no time zone database.
_SAO_PAULO = timezone(timedelta(hours=-3))


def _as(read: Read) -> BeforeValidator:
    """The reader as pydantic runs it: before its own checks, with reasons it can carry."""

    def validate(value: Any) -> Any:
        if value is None:
            return None
        try:
            return read(value)
        except Misspelt as error:
            raise PydanticCustomError(str(error), "misspelt") from None

    return BeforeValidator(validate)


def _choice(*exact: str, **others: str) -> BeforeValidator:
    """The exact words, however spelt; `others` are further folded spellings."""
    return _as(spelling.one_of({**{spelling.fold(word): word for word in exact}, **others}))


def _for_display(value: Any) -> str | None:
    """Words that are only shown back: junk is dropped, it must not stop a quote."""
    try:
        return spelling.text(value)
    except Misspelt:
        return None


def _today() -> date:
    return datetime.now(_SAO_PAULO).date()


Flag = Annotated[bool, _as(spelling.boolean)]
Name = Annotated[str, _as(spelling.name)]
Cpf = Annotated[str, _as(spelling.cpf)]
Shown = Annotated[str | None, BeforeValidator(_for_display)]
Sex = Annotated[
    Literal["Masculino", "Feminino"],
    _choice("Masculino", "Feminino", m="Masculino", f="Feminino"),
]
Marital = Annotated[
    Literal["Casado ou União Estável", "Divorciado", "Separado", "Solteiro", "Viúvo"],
    _choice(
        "Casado ou União Estável",
        "Divorciado",
        "Separado",
        "Solteiro",
        "Viúvo",
        casado="Casado ou União Estável",
        casada="Casado ou União Estável",
        casadaouuniaoestavel="Casado ou União Estável",
        uniaoestavel="Casado ou União Estável",
        divorciada="Divorciado",
        separada="Separado",
        solteira="Solteiro",
        viuva="Viúvo",
    ),
]

# Asked only when something else was answered, or only shown back: None is no assumption.
DRIVER = (
    "nome_condutor",
    "cpf_condutor",
    "data_nascimento_condutor",
    "sexo_condutor",
    "estado_civil_condutor",
)
YOUNGEST = ("sexo_do_menor", "faixa_etaria_menor_mais_novo")
DISPLAY = ("marca", "modelo", "ano", "endereco", "numero", "bairro", "cidade", "uf")
YOUNG_DRIVER = "Sim e utilizam o veículo"
Gate = Literal["Eletronico", "Manual", "Não possui"]


class QuoteAnswers(Answers):
    """The visitor's answers, in the words that the site's screens use."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=True
    )
    # A seam for tests: the age depends on the day of the quote.
    today: ClassVar[Callable[[], date]] = _today

    tipo_veiculo: Annotated[
        Literal["carro", "moto"],
        _choice("carro", "moto", automovel="carro", motocicleta="moto"),
    ] = "carro"
    placa: Annotated[str, _as(spelling.plate)]
    zero_km: Flag = False
    combustivel: Annotated[
        Literal["Flex", "Gasolina", "Álcool", "Diesel", "Híbrido", "Elétrico"],
        _choice("Flex", "Gasolina", "Álcool", "Diesel", "Híbrido", "Elétrico", etanol="Álcool"),
    ] = "Flex"
    kit_gas: Flag = False
    blindado: Flag = False
    financiado: Flag = False
    veiculo_segurado: Flag = False
    cep: Annotated[str, _as(spelling.cep)]
    uso_veiculo: Annotated[
        Literal["Pessoal", "Profissional", "Motorista de aplicativo", "Taxi"],
        _choice(
            "Pessoal",
            "Profissional",
            "Motorista de aplicativo",
            "Taxi",
            particular="Pessoal",
            motoristadeapp="Motorista de aplicativo",
        ),
    ] = "Pessoal"
    nome: Name
    cpf: Cpf
    data_nascimento: str
    sexo: Sex
    estado_civil: Marital
    email: Annotated[str, _as(spelling.email)]
    celular: Annotated[str, _as(spelling.mobile)]
    condutor_principal: Flag = True
    nome_condutor: Name | None = None
    cpf_condutor: Cpf | None = None
    data_nascimento_condutor: str | None = None
    sexo_condutor: Sex | None = None
    estado_civil_condutor: Marital | None = None
    local_de_trabalho: Flag = False
    local_de_estudo: Flag = False
    estacionamento_proprio_local_de_trabalho: Flag = False
    estacionamento_proprio_local_de_estudo: Flag = False
    garagem_residencia: Flag = True
    portao_eletronico: Annotated[
        Gate, _choice("Eletronico", "Manual", "Não possui", nao="Não possui")
    ] = Field(default_factory=lambda known: _gate(known))
    reside_18_26: Annotated[
        Literal["Não", "Sim, mas não utilizam o veículo", "Sim e utilizam o veículo"],
        _choice("Não", "Sim, mas não utilizam o veículo", YOUNG_DRIVER),
    ] = "Não"
    sexo_do_menor: (
        Annotated[
            Literal["Feminino", "Masculino", "Ambos"],
            _choice("Feminino", "Masculino", "Ambos", f="Feminino", m="Masculino"),
        ]
        | None
    ) = None
    faixa_etaria_menor_mais_novo: (
        Annotated[
            Literal["18 a 24 anos", "25 anos"],
            _choice("18 a 24 anos", "25 anos", **{"1824": "18 a 24 anos", "25": "25 anos"}),
        ]
        | None
    ) = None
    continuar_com_corretor_anterior: Flag = True
    marca: Shown = None
    modelo: Shown = None
    ano: Shown = None
    endereco: Shown = None
    numero: Shown = None
    bairro: Shown = None
    cidade: Shown = None
    uf: Shown = None

    @classmethod
    def prepare(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Empty values are left out, `telefone` becomes `celular`; pure."""
        given = {key: value for key, value in raw.items() if not _empty(value)}
        phone = given.pop("telefone", None)
        if phone is not None:
            given.setdefault("celular", phone)
        return {**dict.fromkeys((*DRIVER, *YOUNGEST, *DISPLAY)), **given}

    @classmethod
    def explain(cls, error: ValidationError, language: Language) -> dict[str, str]:
        """Field name → one kind sentence, never an echo of what was sent."""
        sentences: dict[str, str] = {}
        for item in error.errors(include_input=False, include_context=False, include_url=False):
            # A default that waits for a wrong field is no error of its own.
            if item["type"] != "default_factory_not_called":
                field = str(item["loc"][0]) if item["loc"] else "_"
                sentences.setdefault(field, sentence(field, item["type"], language))
        return sentences

    @field_validator("data_nascimento", "data_nascimento_condutor", mode="before")
    @classmethod
    def _birth(cls, value: Any) -> Any:
        if value is None:
            return None
        try:
            return spelling.birth_date(value, cls.today())
        except Misspelt as error:
            raise PydanticCustomError(str(error), "misspelt") from None

    @field_validator(*DRIVER, mode="wrap")
    @classmethod
    def _driver(cls, value: Any, check: Read, info: ValidationInfo) -> Any:
        # Absent from `data` means that it was itself wrong: then the driver is not judged yet.
        return _asked(value, check, info.data.get("condutor_principal") is False)

    @field_validator(*YOUNGEST, mode="wrap")
    @classmethod
    def _youngest(cls, value: Any, check: Read, info: ValidationInfo) -> Any:
        return _asked(value, check, info.data.get("reside_18_26") == YOUNG_DRIVER)

    @field_validator("portao_eletronico", mode="after")
    @classmethod
    def _fits_the_garage(cls, value: str, info: ValidationInfo) -> str:
        if value == "Não possui" and info.data.get("garagem_residencia") is True:
            raise PydanticCustomError("contradiction", "misspelt")
        return value


def _asked(value: Any, check: Read, asked: bool) -> Any:
    if not asked:
        return None
    if value is None:
        raise PydanticCustomError("missing", "misspelt")
    return check(value)


def _gate(known: dict[str, Any]) -> Gate:
    return "Não possui" if known.get("garagem_residencia") is False else "Eletronico"


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
