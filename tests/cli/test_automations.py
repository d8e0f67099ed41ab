"""The automations of other packages: found where they are installed, refused with a reason."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from andamento.automations import AUTOMATIONS, GROUP, Automations, UnknownAutomation
from runner.flows.simulacao import AUTOMATION as SIMULACAO
from tests.cli.conftest import Cli

# As a package would write it: an automation that is a simulation under another name.
MODULE = """
from dataclasses import replace
from runner.flows.simulacao import AUTOMATION as SIMULATION
AUTOMATION = replace(SIMULATION, name={name!r})
"""
BUILT_IN = ["cotacao_auto", "simulacao"]


class Installed:
    """A folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, package: str, module: str, **entries: str) -> None:
        """Install a package of one module that declares these entry points."""
        information = self.folder / f"{package}-1.0.dist-info"
        information.mkdir()
        about = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        (information / "METADATA").write_text(about, encoding="utf-8")
        lines = [f"[{GROUP}]", *(f"{name} = {value}" for name, value in entries.items())]
        (information / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        (self.folder / f"{package}.py").write_text(module, encoding="utf-8")

    def found(self) -> list[EntryPoint]:
        """What the packages of this folder declare."""
        found = distributions(path=[str(self.folder)])
        return [entry for one in found for entry in one.entry_points if entry.group == GROUP]

    @property
    def automations(self) -> Automations:
        """One built-in automation, and those of this folder."""
        return Automations([SIMULACAO], self.found)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installed]:
    """No packages yet; the imported ones are forgotten at the end."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Installed(folder)
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def test_the_built_in_ones_come_first() -> None:
    # Whoever tried the page has another one installed.
    assert list(AUTOMATIONS)[:2] == BUILT_IN
    assert len(AUTOMATIONS) == len(list(AUTOMATIONS))


def test_an_installed_package_brings_its_automation(installed: Installed) -> None:
    installed.add("porta", MODULE.format(name="porta"), porta="porta:AUTOMATION")
    automations = installed.automations

    assert list(automations) == ["simulacao", "porta"]
    assert automations["porta"].name == "porta"
    assert "porta" in automations and automations.get("porta") is automations["porta"]
    assert {one.queue for one in automations.values()} == {"simulacao"}


def test_a_built_in_one_costs_no_look_at_the_others() -> None:
    def never() -> list[EntryPoint]:
        raise AssertionError("nobody asked for the others")

    assert Automations([SIMULACAO], never)["simulacao"] is SIMULACAO


def test_only_the_one_that_is_asked_for_is_imported(installed: Installed) -> None:
    installed.add("porta", MODULE.format(name="porta"), porta="porta:AUTOMATION")
    installed.add("janela", MODULE.format(name="janela"), janela="janela:AUTOMATION")

    assert installed.automations["janela"].name == "janela"
    assert "janela" in sys.modules and "porta" not in sys.modules


def test_an_unknown_name_is_unknown(installed: Installed) -> None:
    with pytest.raises(UnknownAutomation) as caught:
        installed.automations["porta"]

    assert str(caught.value) == "there is no automation 'porta'"
    assert installed.automations.get("porta") is None


@pytest.mark.parametrize(
    ("module", "value", "cause"),
    [
        ("import nenhures", "porta:AUTOMATION", "No module named 'nenhures'; correct the package"),
        ("", "porta:AUTOMATION", "has no attribute 'AUTOMATION'"),
        ("", "porta", "that is a module; name a runner.automation.Automation"),
        ("AUTOMATION = {}", "porta:AUTOMATION", "that is a dict; name a runner"),
        ("raise SystemExit(3)", "porta:AUTOMATION", "SystemExit: 3; correct the package"),
        ("", "porta AUTOMATION", "it must look like package.module:AUTOMATION"),
        (MODULE.format(name="p"), "porta:AUTOMATION", "calls itself 'p'; the two names must be"),
    ],
    ids=["import", "attribute", "module", "kind", "exit", "value", "name"],
)
def test_one_that_cannot_be_used_says_why_and_stops_nothing(
    installed: Installed, module: str, value: str, cause: str
) -> None:
    installed.add("porta", module, porta=value)
    installed.add("janela", MODULE.format(name="janela"), janela="janela:AUTOMATION")
    automations = installed.automations

    with capture_logs() as logs:
        assert list(automations) == ["simulacao", "janela"]
        assert "porta" not in automations and automations.get("porta") is None
    with pytest.raises(UnknownAutomation) as caught:
        automations["porta"]

    declared = f"porta = {value} (package porta)"
    assert cause in str(caught.value) and declared in str(caught.value)
    (log,) = logs
    assert (log["automation"], log["declared"]) == ("porta", declared)
    assert cause in log["cause"] and log["log_level"] == "error"


def test_a_name_that_two_packages_declare_is_nobodys(installed: Installed) -> None:
    installed.add("porta", MODULE.format(name="porta"), porta="porta:AUTOMATION")
    installed.add("portao", MODULE.format(name="porta"), porta="portao:AUTOMATION")
    automations = installed.automations

    assert list(automations) == ["simulacao"]
    with pytest.raises(UnknownAutomation, match="only one package may declare it") as caught:
        automations["porta"]
    assert "(package porta)" in str(caught.value) and "(package portao)" in str(caught.value)


def test_a_built_in_name_cannot_be_taken(installed: Installed) -> None:
    installed.add("porta", MODULE.format(name="simulacao"), simulacao="porta:AUTOMATION")
    automations = installed.automations

    with capture_logs() as logs:
        assert dict(automations) == {"simulacao": SIMULACAO}

    assert automations["simulacao"] is SIMULACAO
    assert "porta" not in sys.modules
    assert [log["cause"] for log in logs] == ["the name is a built-in one's; choose another"]


def test_the_command_line_names_a_broken_one_and_runs_the_others(
    cli: Cli, installed: Installed
) -> None:
    installed.add("porta", "import nenhures", porta="porta:AUTOMATION")
    installed.add("janela", MODULE.format(name="janela"), janela="janela:AUTOMATION")
    places = f"{installed.folder}:{cli.environment['PYTHONPATH']}"

    broken = cli("quote", "--automation", "porta", "--data", "{}", PYTHONPATH=places)
    asked = json.dumps({"etapas": 1, "intervalo_s": 0})
    fine = cli("quote", "--automation", "janela", "--data", asked, PYTHONPATH=places)

    assert broken.returncode == 2
    assert "porta = porta:AUTOMATION (package porta)" in broken.stderr
    assert "No module named 'nenhures'" in broken.stderr
    known = broken.stderr.rpartition("known: ")[2]
    assert [name for name in (*BUILT_IN, "janela") if name not in known] == []
    assert fine.returncode == 0, fine.stderr
