"""Input models: a visitor's answers as fields that know their spelling, name, default and errors.

    class HomeAnswers(Answers):
        nome: Annotated[Name, named("Nome completo", "full name")]
        cpf: Cpf
        cep: Cep
        imovel: Annotated[Literal["Casa", "Apartamento"], choice(), named("Imóvel")] = "Casa"
        alarme: YesNo = False
        central: Annotated[Name | None, only_if("alarme", True), named("Central do alarme")] = None

1. Nothing else has to be written: reading, one kind sentence a field and reason in two languages,
   and what is shown of assumed answers follow from kind and name.
2. Nothing is guessed: a value comes from the visitor or from a declared default. Empty values count
   as left out; a field whose default is None is left open, which is no assumption.
3. All errors in one pass; a sentence says what to do and never repeats what was sent.
4. Idempotent: what comes out goes in again unchanged (a flow reads its answers through its model).
5. No Playwright, no store: the service validates with these models before a session exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from runner import kind
from runner.kind import Choice, Kind, Named, OnlyIf, Words
from runner.spelling import ADULT, OLDEST

Language = Literal["pt", "en"]
T = TypeVar("T")

_WRONG: Words = ("Valor inválido", "Invalid value")


class Answers(BaseModel):
    """An input model: fields with defaults are "assumed" when left out."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=True
    )
    # A seam for tests: an age depends on the day of the quote.
    today: ClassVar[Callable[[], date]] = kind.today
    # Further name → the field's own, which wins where both are given.
    other_names: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        above: set[str] = set()
        for name, info in cls.model_fields.items():
            rule = Question.of(info).only_if
            if rule and rule.name not in above:
                raise TypeError(f"{cls.__name__}.{name}: there is no {rule.name!r} above it")
            above.add(name)

    @classmethod
    def prepare(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The answers by the fields' own names, without the empty ones; pure."""
        given = {name: value for name, value in raw.items() if not _empty(value)}
        for other, name in cls.other_names.items():
            if other in given:
                given.setdefault(name, given.pop(other))
        return given

    @classmethod
    def explain(cls, error: ValidationError, language: Language) -> dict[str, str]:
        """Field name → one kind sentence in that language, never an echo of what was sent."""
        sentences: dict[str, str] = {}
        for item in error.errors(include_input=False, include_context=False, include_url=False):
            # A default that waits for a wrong field is no error of its own.
            if item["type"] != "default_factory_not_called":
                name = str(item["loc"][0]) if item["loc"] else "_"
                sentences.setdefault(name, cls.sentence(name, item["type"], language))
        return sentences

    @classmethod
    def sentence(cls, name: str, reason: str, language: Language) -> str:
        """What is said beside a wrong field; `reason` as in spelling, "missing", or pydantic's."""
        info = cls.model_fields.get(name)
        portuguese, english = Question.of(info).sentence(reason) if info else _WRONG
        return portuguese if language == "pt" else english

    @classmethod
    def title(cls, name: str) -> str:
        """What people call the field."""
        question = Question.of(cls.model_fields[name])
        return question.title or name.replace("_", " ").capitalize()

    @classmethod
    def assumptions(
        cls, answers: Mapping[str, Any], assumed: Sequence[str]
    ) -> list[dict[str, str]]:
        """The assumed answers that matter, for display, in the order of the fields.

        `{"campo", "titulo", "valor"}` each. A value is shown only if it *is* the declared default:
        what a visitor sent cannot get in here, whatever `assumed` says.
        """
        rows = []
        for name in cls.model_fields:
            if name in assumed and name in answers and cls.matters(name, answers):
                value = answers[name]
                if value is not None and value == cls._default(name, answers):
                    shown = Question.of(cls.model_fields[name]).show(value)
                    rows.append({"campo": name, "titulo": cls.title(name), "valor": shown})
        return rows

    @classmethod
    def matters(cls, name: str, answers: Mapping[str, Any]) -> bool:
        """Whether these answers make the field worth asking for."""
        rule = Question.of(cls.model_fields[name]).only_if
        return rule is None or answers.get(rule.name) == rule.value

    @classmethod
    def _default(cls, name: str, answers: Mapping[str, Any]) -> Any:
        info = cls.model_fields[name]
        return info.get_default(call_default_factory=True, validated_data=dict(answers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A field as people meet it, read from its annotation."""

    parts: Sequence[Any]
    title: str
    named: Named
    only_if: OnlyIf | None

    @classmethod
    def of(cls, info: FieldInfo) -> Self:
        """The question that a model's field asks."""
        parts = [*reversed(info.metadata), *_inside(info.annotation)]
        named = _first(parts, Named) or Named(english=info.title or "")
        title = info.title or named.title
        return cls(parts=parts, title=title, named=named, only_if=_first(parts, OnlyIf))

    def sentence(self, reason: str) -> Words:
        """One sentence; a reason without its own has that of a wrong value."""
        says = self.named.says
        own = says.get(reason) or (says.get("invalid") if reason != "missing" else None)
        found = _first(self.parts, Kind)
        if own:
            return own
        if found and found.advice and self.title:
            return self._kindly(reason, self.named.article or found.article, found.advice)
        portuguese, english = self._advice(reason)
        return (_led(self.title, portuguese), _led(self.named.english, english))

    def show(self, value: Any) -> str:
        """A value as people read it."""
        if isinstance(value, bool):
            return "Sim" if value else "Não"
        if isinstance(value, float):
            return f"{value:g}".replace(".", ",")
        found = _first(self.parts, Choice)
        return found.labels.get(value, value) if found else str(value)

    def _kindly(self, reason: str, article: str, advice: Words) -> Words:
        title, english = f"{article} {_within(self.title)}", self.named.english
        if reason == "missing":
            return (f"Informe {title}", f"Please give the {english}")
        if reason == "age":
            return (
                f"É preciso ter entre {ADULT} e {OLDEST} anos: confira {title}",
                f"The age must be between {ADULT} and {OLDEST}: check the {english}",
            )
        return (f"{self.title} inválid{article}: {advice[0]}", f"Invalid {english}: {advice[1]}")

    def _advice(self, reason: str) -> Words:
        literal = next((part for part in self.parts if get_origin(part) is Literal), None)
        if literal is not None:
            words = [self.show(word) for word in get_args(literal)]
            return (f"escolha {_listed(words, 'ou')}", f"choose {_listed(words, 'or')}")
        if bool in self.parts:
            return ("responda sim ou não", "answer yes or no")
        if int in self.parts:
            return self._number("um número inteiro", "a whole number")
        if float in self.parts:
            return self._number("um número", "a number")
        if reason == "missing":
            return ("preencha este campo", "please fill in this field")
        return ("confira esta resposta", "please check this answer")

    def _number(self, portuguese: str, english: str) -> Words:
        found = [
            getattr(part, side)
            for side in ("ge", "le")
            for part in self.parts
            if hasattr(part, side)
        ]
        if len(found) != 2:
            return (f"informe {portuguese}", f"enter {english}")
        low, high = found
        return (f"informe {portuguese} de {low} a {high}", f"enter {english} from {low} to {high}")


def _inside(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of, the outermost first."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for part in reversed(get_args(annotation)):
            yield from _inside(part)


def _first(parts: Sequence[Any], wanted: type[T]) -> T | None:
    return next((part for part in parts if isinstance(part, wanted)), None)


def _led(title: str, advice: str) -> str:
    if title:
        return f"{title[0].upper()}{title[1:]}: {advice}"
    return advice[0].upper() + advice[1:]


def _within(title: str) -> str:
    """A name as it stands within a sentence: "CPF" stays, "Nome completo" begins small."""
    return title if title.split()[0].isupper() else title[0].lower() + title[1:]


def _listed(words: Sequence[str], last: str) -> str:
    # An answer that holds a comma or an "ou" of its own would run into the next.
    if any("," in word or " ou " in word for word in words):
        words = [f"“{word}”" for word in words]
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
