"""What a flow is given and how it fails: context in, events and typed failures out.

1. A flow knows neither seq, lease nor SQL: it calls the reporter's verbs and raises `Failure`.
2. Playwright's types do not appear here; only `runner/browser.py` and `runner/flows/` load it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol


class Report(Protocol):
    """The flow's voice. Every call is durable when it returns, and visible to the visitor."""

    async def entered(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The screen `etapa` is on view."""
        ...

    async def done(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The screen `etapa` was answered and left."""
        ...

    async def skipped(self, etapa: str, titulo: str, mensagem: str) -> None:
        """The optional screen `etapa` did not come."""
        ...

    async def notice(self, mensagem: str, *, restante_s: tuple[int, int] | None = None) -> None:
        """Something worth saying within the current screen."""
        ...

    async def submitting(self, mensagem: str) -> None:
        """Call before the first irreversible step: from here on `dados_enviados` is true."""
        ...

    async def estimate(self, data: Mapping[str, Any]) -> None:
        """The first estimate, in the contract's shape."""
        ...

    async def result(self, data: Mapping[str, Any]) -> None:
        """The ending: a quote or a manual quote, in the contract's shape."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a flow goes and with which account. The password never leaves the worker."""

    url: str
    email: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a flow is given.

    `answers` are normalised; `page` opens a fresh browser page (a Playwright `Page`) and closes
    everything behind it; a flow without a browser never calls it.
    """

    answers: Mapping[str, Any]
    report: Report
    site: Site
    page: Callable[[], AbstractAsyncContextManager[Any]]
