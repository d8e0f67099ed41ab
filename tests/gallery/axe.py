"""axe-core, the judge of accessibility, from npm: its locked package beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.packages import install_packages

HERE = Path(__file__).parent
# WCAG 2.0 to 2.2, A and AA, and what axe holds for good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

JUDGE = """
async ([within, rules]) => {
  // No pictures of the page's elements: nobody here looks at passes.
  const { violations } = await axe.run(within, {
    runOnly: { type: "tag", values: rules }, resultTypes: ["violations"],
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${id} at ${target.flat().join(" ")}: ${failureSummary}`));
}
"""


def axe_source() -> str:
    """The judge's script; skips the test, with the reason, where it cannot be had."""
    missing = install_packages(HERE)
    if missing:
        pytest.skip(missing)
    return (HERE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def verdict(page: Page, within: str = "andamento-modal") -> list[str]:
    """What axe has against this part of the page; its script must be there already."""
    told: list[Any] = page.evaluate(JUDGE, [within, RULES])
    return [str(each) for each in told]
