"""What this installation can run, by name: the built-in automations, and those of other packages.

1. A package declares one as an entry point of the group `andamento.automations`: its name is the
   automation's, its value "package.module:AUTOMATION". `docs/flows.md` shows it.
2. Light: flows are loaded by their workers only, and a declared automation is imported when it is
   asked for. A built-in one is there without a look at what else is installed (some 2 ms).
3. A declaration that cannot be used stops nothing else: its name counts as unknown, and what is
   wrong with it is logged once, with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from runner.automation import Automation
from runner.flows.cotacao_auto import AUTOMATION as COTACAO_AUTO
from runner.flows.simulacao import AUTOMATION as SIMULACAO

GROUP = "andamento.automations"


class UnknownAutomation(KeyError):
    """There is no such automation, or it cannot be used; the message says why, and what to do."""

    def __str__(self) -> str:
        # A KeyError would show the sentence in quotes.
        return str(self.args[0])


class Automations(Mapping[str, Automation]):
    """Those `built_in`, and those that `declared` finds; a name that cannot be used is none.

    `self[name]` raises UnknownAutomation.
    """

    def __init__(
        self, built_in: Iterable[Automation], declared: Callable[[], Iterable[EntryPoint]]
    ) -> None:
        self._built_in = {automation.name: automation for automation in built_in}
        self._declared = declared
        self._known: dict[str, Automation | UnknownAutomation] = {}

    def __getitem__(self, name: str) -> Automation:
        if name in self._built_in:
            return self._built_in[name]
        if name not in self._found:
            raise UnknownAutomation(f"there is no automation {name!r}")
        if name not in self._known:
            self._known[name] = _loaded(name, self._found[name])
        known = self._known[name]
        if isinstance(known, UnknownAutomation):
            raise known.with_traceback(None)
        return known

    def __iter__(self) -> Iterator[str]:
        yield from self._built_in
        yield from (name for name in sorted(self._found) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _found(self) -> dict[str, list[EntryPoint]]:
        found: dict[str, list[EntryPoint]] = {}
        for entry in self._declared():
            if entry.name in self._built_in:
                _refused(entry.name, [entry], "the name is a built-in one's; choose another")
            else:
                found.setdefault(entry.name, []).append(entry)
        return found


def _loaded(name: str, entries: list[EntryPoint]) -> Automation | UnknownAutomation:
    if len(entries) > 1:
        return _refused(name, entries, "only one package may declare it; uninstall the others")
    entry = entries[0]
    if EntryPoint.pattern.match(entry.value) is None:
        return _refused(name, entries, "it must look like package.module:AUTOMATION")
    try:
        found = entry.load()
    # A foreign module may raise anything; the others must go on.
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}"
        return _refused(name, entries, f"{cause}; correct the package and install it again")
    if not isinstance(found, Automation):
        kind = type(found).__name__
        return _refused(name, entries, f"that is a {kind}; name a runner.automation.Automation")
    if found.name != name:
        cause = f"that one calls itself {found.name!r}; the two names must be the same"
        return _refused(name, entries, cause)
    return found


def _refused(name: str, entries: list[EntryPoint], cause: str) -> UnknownAutomation:
    # Where nothing is wrong, no worker pays for the import.
    import structlog

    values = ", ".join(_told(entry) for entry in entries)
    log = structlog.get_logger()
    log.error("automation cannot be used", automation=name, declared=values, cause=cause)
    return UnknownAutomation(f"the automation {name!r} cannot be used: {values}: {cause}")


def _told(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist else "?"
    return f"{entry.name} = {entry.value} (package {package})"


AUTOMATIONS: Mapping[str, Automation] = Automations(
    (COTACAO_AUTO, SIMULACAO), lambda: entry_points(group=GROUP)
)
