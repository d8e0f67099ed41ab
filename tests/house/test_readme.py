"""The README names every command, setting, route and make target; nothing it names is missing."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from andamento.cli import app
from andamento.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> set[str]:
    group = typer.main.get_command(app)
    return set(group.commands)  # type: ignore[attr-defined] # a typer app is a click group


def test_it_names_every_command() -> None:
    assert not [name for name in commands() if f"`{name}`" not in README]


def test_it_names_every_setting_with_its_default_and_its_help() -> None:
    for name, field in Settings.model_fields.items():
        row = next(
            (
                line
                for line in README.splitlines()
                if line.startswith(f"| `{PREFIX}{name.upper()}` ")
            ),
            "",
        )
        assert field.description and field.description in row, name


def test_it_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", README))
    assert named <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_it_names_every_route() -> None:
    source = (ROOT / "service" / "app.py").read_text(encoding="utf-8")
    routes = re.findall(r'Route\("([^"]+)"', source)
    assert len(routes) > 5
    written = [re.sub(r"\{hash(:\w+)?\}", "<hash>", route) for route in routes]
    assert not [route for route in written if route not in README]


def test_it_names_every_make_target_and_file_that_it_points_to() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for pair in re.findall(r"^make ([a-z]+)|`make ([a-z]+)", README, re.MULTILINE)
        for name in pair
    }
    assert named - {""} <= targets
    for place in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / place).exists(), place
