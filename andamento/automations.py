"""What this installation can run, by name. Light: the flows are loaded by their workers only."""

from __future__ import annotations

from collections.abc import Mapping

from runner.automation import Automation
from runner.flows.cotacao_auto import AUTOMATION as COTACAO_AUTO
from runner.flows.simulacao import AUTOMATION as SIMULACAO

AUTOMATIONS: Mapping[str, Automation] = {
    automation.name: automation for automation in (COTACAO_AUTO, SIMULACAO)
}
