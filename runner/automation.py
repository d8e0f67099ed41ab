"""What can be run: an automation's name, input model, flow and limits.

1. The flow is named, not imported ("module:function"): the service's process validates answers with
   the same model and must not pay for Playwright, and the supervisor never loads it.
2. Answers come only from the visitor and from the model's declared defaults; which defaults were
   used is part of the outcome (`assumed`), never silently mixed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from runner.answers import Answers, Language

__all__ = ["Answers", "Automation", "Intake", "Language"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A visitor's raw input after normalisation.

    `errors` maps field name → one sentence; when it is not empty, `answers` is. `assumed` names the
    fields that came from defaults, `ignored` counts the unknown ones.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    ignored: int = 0
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Automation:
    """One automation.

    `flow` is "module:function", an `async def run(context: Context) -> None` that only the worker
    imports; `total` the number of its numbered screens, `count` that number where it depends on the
    answers; `deadline_s` bounds a whole run, `silence_s` the time without any event.

    Of those that wait a higher `priority` goes first. `limit` is how many of its sessions may run
    at the same time, over all runners; None: as many as there are places. `browser`: whether its
    flow opens a page, so that one is kept ready for it.
    """

    name: str
    title: str
    queue: str
    model: type[Answers]
    flow: str
    total: int
    deadline_s: float = 300
    silence_s: float = 180
    count: Callable[[Mapping[str, Any]], int] | None = None
    priority: int = 0
    limit: int | None = None
    browser: bool = True

    def screens(self, answers: Mapping[str, Any]) -> int:
        """How many numbered screens a run with these answers has."""
        return self.count(answers) if self.count else self.total

    def normalise(self, raw: Mapping[str, Any], *, language: Language = "pt") -> Intake:
        """Validate a visitor's answers; never raises for what a visitor can send."""
        prepared = self.model.prepare(raw)
        known = {name: value for name, value in prepared.items() if name in self.model.model_fields}
        try:
            answers = self.model.model_validate(known, context={"today": self.model.today()})
        except ValidationError as error:
            return Intake(errors=self.model.explain(error, language))
        left_out = set(self.model.model_fields) - answers.model_fields_set
        return Intake(
            answers=answers.model_dump(mode="json"),
            assumed=tuple(sorted(name for name in left_out if getattr(answers, name) is not None)),
            ignored=len(prepared) - len(known),
        )

    def assumptions(
        self, answers: Mapping[str, Any], assumed: Sequence[str]
    ) -> list[dict[str, str]]:
        """The assumed answers that matter, for display; see `Answers.assumptions`."""
        return self.model.assumptions(answers, assumed)
