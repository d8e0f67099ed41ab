"""The kinds of answers: how a value is read and what a field is called, written beside its type.

1. A kind stands in an `Annotated`, where pydantic runs it and `runner/answers.py` finds what
   to say: `cpf: Cpf`, or `cpf_socio: Annotated[Cpf, named("CPF do sócio", "partner's CPF")]`.
2. Kinds read any spelling (see `runner/spelling.py`) and know nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import (
    CoreSchema,
    no_info_before_validator_function,
    with_info_wrap_validator_function,
)

from runner import spelling
from runner.spelling import Misspelt

# One thing said twice: in Portuguese and in English.
Words = tuple[str, str]
Read = Callable[[Any], Any]

# Brazil has had no summer time since 2019; a fixed offset needs no time zone database.
_SAO_PAULO = timezone(timedelta(hours=-3))


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """How a value is read, and what is advised when that fails.

    `article` is that of the kind's name ("o CPF", "a placa"); without one a sentence begins with
    the field's name.
    """

    read: Read
    advice: Words | None = None
    article: str = ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_before_validator_function(_told(self.read), handler(source))


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The words of a Literal in any spelling; see `choice`."""

    labels: Mapping[str, str]
    spellings: Mapping[str, str]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        if get_origin(source) is not Literal:
            raise TypeError(f"choice() belongs to a Literal, not to {source}")
        labels = {label: word for word, label in self.labels.items()}
        spelt = {**{word: word for word in get_args(source)}, **labels, **self.spellings}
        read = spelling.one_of({spelling.fold(text): word for text, word in spelt.items()})
        return no_info_before_validator_function(_told(read), handler(source))


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """What people call a field; see `named`."""

    title: str = ""
    english: str = ""
    article: str = ""
    says: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class OnlyIf:
    """When a field matters; see `only_if`."""

    name: str
    value: Any

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        may_be_open = type(None) in get_args(source)
        return with_info_wrap_validator_function(self._ask, schema) if may_be_open else schema

    def _ask(self, value: Any, check: Read, info: ValidationInfo) -> Any:
        # Absent from `data` means that it was itself wrong: then this is not judged yet.
        if info.data.get(self.name) != self.value:
            return None
        if value is None:
            raise PydanticCustomError("missing", "misspelt")
        return check(value)


def choice(labels: Mapping[str, str] | None = None, /, **spellings: str) -> Choice:
    """The words of a Literal, however spelt.

    `labels`: how a word is shown, where that differs; `spellings`: a further spelling → its word.
    """
    return Choice(labels or {}, spellings)


def named(title: str, english: str = "", /, *, article: str = "", **says: Words) -> Named:
    """What people call a field: "Início da vigência".

    `article`: the name's own, where the kind's would be wrong; `says`: reason ("missing", "invalid"
    …) → a sentence of its own.
    """
    return Named(title, english or title, article, says)


def only_if(name: str, value: Any) -> OnlyIf:
    """The field matters only if the field `name`, above it, has this value.

    One that may be None is required then, and else None whatever was sent; another keeps what it
    has, and is only not worth showing.
    """
    return OnlyIf(name, value)


def today() -> date:
    """The day in Brazil."""
    return datetime.now(_SAO_PAULO).date()


def _told(read: Read) -> Read:
    """The reader with reasons that pydantic can carry."""

    def check(value: Any) -> Any:
        try:
            return read(value)
        except Misspelt as error:
            raise PydanticCustomError(str(error), "misspelt") from None

    return check


def _for_display(value: Any) -> str | None:
    # What is only shown back must not stop a run: junk is dropped.
    try:
        return spelling.text(value)
    except Misspelt:
        return None


def _of_age(born: str, info: ValidationInfo) -> Any:
    day = (info.context or {}).get("today") or today()
    return _told(lambda value: spelling.of_age(value, day))(born)


_DATE = Kind(spelling.day, ("use DD/MM/AAAA", "use DD/MM/YYYY"), "a")

Name = Annotated[
    str,
    Kind(spelling.name, ("use apenas letras", "use letters only"), "o"),
    named("Nome", "name"),
]
Cpf = Annotated[
    str,
    Kind(spelling.cpf, ("confira os 11 dígitos", "check its 11 digits"), "o"),
    named("CPF", "CPF"),
]
Cep = Annotated[
    str,
    Kind(spelling.cep, ("confira os 8 dígitos", "check its 8 digits"), "o"),
    named("CEP", "postal code"),
]
Mobile = Annotated[
    str,
    Kind(spelling.mobile, ("informe o DDD e os 9 dígitos", "give area code and nine digits"), "o"),
    named("Celular", "mobile number"),
]
Email = Annotated[
    str,
    Kind(spelling.email, ("confira o endereço", "please check it"), "o"),
    named("E-mail", "e-mail address"),
]
Plate = Annotated[
    str,
    Kind(spelling.plate, ("use o formato ABC1D23 ou ABC1234", "use ABC1D23 or ABC1234"), "a"),
    named("Placa", "licence plate"),
]
Day = Annotated[str, _DATE, named("Data", "date")]
BirthDate = Annotated[
    str, _DATE, AfterValidator(_of_age), named("Data de nascimento", "date of birth")
]
YesNo = Annotated[bool, Kind(spelling.boolean)]
Whole = Annotated[int, Kind(spelling.number)]
Number = Annotated[float, Kind(spelling.number), Field(allow_inf_nan=False)]
# Shown back to people and otherwise unused; never required, never wrong.
Shown = Annotated[str | None, BeforeValidator(_for_display)]
