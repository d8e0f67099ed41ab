"""The rooms that must not know each other, read from the imports themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("andamento", "service", "runner", "db", "demo")
FILES = sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py"))
STANDARD = frozenset(__import__("sys").stdlib_module_names)

# The floor below Starlette: it knows events, bytes and time, and no request.
INNER = ("tail", "tally", "window", "broadcast", "sse", "limits", "cursor", "token", "picture",
         "settings")  # fmt: skip


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it the import stands.

    What is imported for the type checker alone is never loaded, so it does not count.
    """
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for node in ast.walk(_Loaded().visit(tree)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import stays within its room.
            yield path.parts[0] if node.level else node.module or ""


class _Loaded(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | None:
        typing_only = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if typing_only else self.generic_visit(node)


def rooms(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_room_imports_only_what_it_may_know(path: Path) -> None:
    strangers = {
        "db": {"service", "runner", "andamento", "demo"},
        "service": {"runner", "andamento", "demo"},
        "runner": {"service", "andamento", "demo"},
        "andamento": {"demo"},
        "demo": {"service", "runner", "db", "andamento"},
    }[path.parts[0]]
    assert not rooms(path) & strangers


@pytest.mark.parametrize("name", ["events", "snapshot", "errors"])
def test_the_ground_is_standard_library_only_and_pure(name: str) -> None:
    path = Path("db") / f"{name}.py"
    assert rooms(path) - {"db"} <= STANDARD
    assert not rooms(path) & {"asyncio", "time", "os", "pathlib", "socket", "threading"}
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]


@pytest.mark.parametrize(
    ("module", "homes"),
    [
        ("starlette", {"service/"}),
        ("hypercorn", {"service/server.py", "service/connection.py"}),
        ("aiosqlite", {"db/connection.py", "db/migration.py"}),
        ("sqlite3", {"db/sqlite.py", "db/connection.py", "db/migration.py"}),
        ("prometheus_client", {"service/metrics.py"}),
        ("typer", {"andamento/"}),
        ("playwright", {"runner/browser.py", "runner/flows/", "demo/"}),
    ],
)
def test_a_foreign_library_lives_only_where_it_belongs(module: str, homes: set[str]) -> None:
    found = {path.as_posix() for path in FILES if module in rooms(path)}
    assert found
    assert not [path for path in found if not path.startswith(tuple(homes))]


def test_the_inner_floor_of_the_service_knows_no_request() -> None:
    for name in INNER:
        assert not rooms(Path("service") / f"{name}.py") & {"starlette", "hypercorn"}, name


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        path.as_posix()
        for path in FILES
        if path.parts[0] != "demo"
        and any(
            isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
            for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        )
    }
    assert readers <= {"andamento/settings.py"}


def test_sql_stands_only_in_the_sql_folder() -> None:
    words = ("SELECT ", "INSERT ", "UPDATE ", "DELETE FROM", "CREATE TABLE")
    for path in FILES:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if text.lstrip().startswith(words)], path


def test_every_module_says_what_it_is_for() -> None:
    for path in FILES:
        assert ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8"))), path


def test_files_and_functions_keep_to_the_walls() -> None:
    for path in FILES:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno <= 50, f"{path}: {node.name}"
