"""How the command line speaks: one console for people, plain JSON lines for programs.

1. Facts go to standard output, everything else (progress, errors, logs) to standard error, so that
   `--json` output can be piped as it is.
2. Exit codes: 0 done, 1 failed, 2 wrong use. Only `guarded` turns errors into them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import anyio
import typer
from rich.console import Console
from rich.markup import escape

from andamento.settings import WrongSetting
from db.errors import StoreError

# Into a pipe or file lines are wide: whoever reads them there can cut them better than we.
WIDE = 200
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DbOption = Annotated[
    str | None,
    typer.Option("--db", help="Database URL (default: sqlite:///andamento.db)", metavar="URL"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one line a fact.")]
SessionArgument = Annotated[str, typer.Argument(help="The session's id.", metavar="ID")]


class Failed(Exception):
    """What was asked could not be done; the message says what and why."""


class ChildEnded(Exception):
    """A child process ended with `code` and has said itself why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def emit(fact: object) -> None:
    """One fact as one line of JSON on standard output, at once."""
    emit_line(json.dumps(fact, ensure_ascii=False, separators=(",", ":")))


def emit_line(line: str) -> None:
    """One line on standard output, at once, whoever reads it through a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say_stopping(asked: int) -> None:
    """Answer a Ctrl-C, the `asked`-th one, where a person is looking."""
    if sys.stderr.isatty():
        grace = "Stopping: what runs gets its grace. Ctrl-C again stops at once."
        err.print(grace if asked == 1 else "Stopping at once.")


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run one command's coroutine to its end and turn errors into sentence and exit code."""
    with guarded():
        anyio.run(main)


@contextmanager
def guarded() -> Iterator[None]:
    """Errors that people can do something about become one sentence and an exit code."""
    try:
        yield
    except BaseExceptionGroup as group:
        _leave(_only(group))
    except (
        *(StoreError, Failed, WrongSetting, ChildEnded),
        *(KeyboardInterrupt, BrokenPipeError),
    ) as error:
        _leave(error)


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _leave(error: BaseException) -> None:
    match error:
        case KeyboardInterrupt():
            raise typer.Exit(130) from None
        case BrokenPipeError():
            # The reader (`head`, `less`) has seen enough; what was under way was not finished.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        case ChildEnded():
            raise typer.Exit(error.code) from None
        case WrongSetting():
            err.print(f"[red]Error:[/] {_plain(error)}")
            raise typer.Exit(2) from None
        case StoreError() | Failed():
            err.print(f"[red]Error:[/] {_plain(error)}")
            raise typer.Exit(1) from None
        case _:
            raise error


def _plain(error: BaseException) -> str:
    return escape(str(error))
