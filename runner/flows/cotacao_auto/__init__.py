"""The automation `cotacao_auto`: its name, its input model and where its flow is.

1. Nothing here loads Playwright: the service validates answers with the same model.
"""

from __future__ import annotations

from runner.automation import Automation
from runner.flows.cotacao_auto.answers import QuoteAnswers

AUTOMATION = Automation(
    name="cotacao_auto",
    title="Cotação de seguro auto",
    queue="navegador",
    model=QuoteAnswers,
    flow="runner.flows.cotacao_auto.flow:flow",
    total=15,
    # Successful runs of the predecessor took up to 141 s, manual quotes up to 233 s.
    deadline_s=300,
    # The calculation is the longest silence; the flow speaks every 10 s while it waits.
    silence_s=180,
)

__all__ = ["AUTOMATION"]
