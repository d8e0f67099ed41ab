"""`andamento snippet`: the one line that puts the modal on a site.

1. The tag names one version, with its integrity: a browser runs that and nothing else, whatever
   becomes of the server. An upgrade leaves it alone (service/snippet.py, 3): it is renewed by
   pasting the line again. `/snippet/andamento.js` is the address that renews itself.
2. It is read from this installation's own file, as the service does; no service is asked.
"""

from __future__ import annotations

from html import escape
from typing import Annotated

import typer

from andamento import terminal
from andamento.place import SNIPPET
from andamento.settings import load
from andamento.terminal import Failed, JsonOption, emit, emit_line, err

# Nobody's, by RFC 2606: whoever pastes it unread sees at once that it is missing.
PLACEHOLDER = "https://robot.example"


def snippet(
    form: Annotated[
        str, typer.Option(help="CSS selector of the site's form; empty: none.", metavar="SELECTOR")
    ] = "#cotacao",
    api: Annotated[
        str | None,
        typer.Option(
            help="The service's address as visitors see it (default: ANDAMENTO_PUBLIC_URL).",
            metavar="URL",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print the script tag for a site's pages, of this very version."""
    from service.snippet import read

    with terminal.guarded():
        base = load(public_url=None if api is None else api.rstrip("/")).public_url
        try:
            content = read(SNIPPET)
        except OSError as error:
            raise Failed(f"the snippet cannot be read: {SNIPPET} ({error.strerror})") from error
        url = f"{base or PLACEHOLDER}/snippet/{content.name}"
        tag = _tag(url, content.integrity, form)
        if json:
            sizes = {"bytes": len(content.plain), "bytes_compressed": len(content.packed)}
            emit({"url": url, "integrity": content.integrity, "tag": tag, **sizes})
        else:
            emit_line(tag)
        if not base:
            err.print(
                f"[yellow]{PLACEHOLDER} stands for your service's address:[/] give --api, or set "
                "ANDAMENTO_PUBLIC_URL."
            )


def _tag(url: str, integrity: str, form: str) -> str:
    told = {"src": url, "integrity": integrity, "crossorigin": "anonymous", "data-form": form}
    attributes = [f'{name}="{escape(value)}"' for name, value in told.items() if value]
    return f"<script {' '.join(attributes)} defer></script>"
