"""The flow of the quote, whole: its 16 screens in `screen`, told apart by `arrival`.

1. What is irreversible begins with screen 9's Continuar (the site then has the visitor's data), and
   is announced before.
"""

from __future__ import annotations

from functools import partial

from runner.flow import Context
from runner.flows.cotacao_auto.desk import Desk
from runner.flows.cotacao_auto.screen import flow
from runner.flows.cotacao_auto.wait import Patience

__all__ = ["flow", "run"]


async def run(context: Context, *, patience: Patience | None = None) -> None:
    """Drive one quote, with another `patience` than the real site's where a test has it."""
    await flow.run(context, visit=partial(Desk, patience=patience or Patience()))
