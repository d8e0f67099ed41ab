"""The command line: every command of `andamento`, each in the room file that does its work."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from andamento import check, control, evidence, look, operate, quote, show, simulate, snippet

app = typer.Typer(
    name="andamento",
    help="A browser robot works for a person who is waiting: run it, watch it, look into it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(rich_help_panel="Run")(operate.up)
app.command(rich_help_panel="Run")(operate.serve)
app.command(name="run", rich_help_panel="Run")(operate.run_sessions)
app.command(rich_help_panel="Run")(quote.quote)
app.command(rich_help_panel="Run")(simulate.simulate)
app.command(rich_help_panel="Look")(look.sessions)
app.command(rich_help_panel="Look")(show.show)
app.command(rich_help_panel="Look")(look.tail)
app.command(rich_help_panel="Look")(look.snapshot)
app.command(rich_help_panel="Look")(evidence.evidence)
app.command(rich_help_panel="Act")(control.cancel)
app.command(rich_help_panel="Act")(control.pause)
app.command(rich_help_panel="Act")(control.resume)
app.command(rich_help_panel="Act")(control.retry)
app.command(rich_help_panel="Keep")(check.check)
app.command(rich_help_panel="Keep")(snippet.snippet)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"andamento {version('andamento')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A browser robot works for a person who is waiting: run it, watch it, look into it."""
