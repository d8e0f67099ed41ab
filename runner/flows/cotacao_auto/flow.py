"""The flow of the quote: its 16 screens in `screen`, told apart by `arrival`.

1. What is irreversible begins with screen 9's Continuar (the site then has the visitor's data), and
   is announced before.
"""

from __future__ import annotations

from functools import partial

from runner.failure import Failure
from runner.flow import Context
from runner.flows.cotacao_auto.desk import Desk
from runner.flows.cotacao_auto.screen import flow
from runner.flows.cotacao_auto.wait import Patience


async def run(context: Context, *, patience: Patience | None = None) -> None:
    """Drive one quote to its result, or raise Failure; `patience` is for tests."""
    if not (context.site.email and context.site.password):
        # The result could never be opened: better known before the visitor's data leave.
        raise Failure("sem_conta")
    await flow.run(context, visit=partial(Desk, patience=patience or Patience()))
