"""The snippet's fold against the golden vectors that bind it to `db/snapshot.py`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.snippet.fake import SNIPPET, Service

VECTORS: list[dict[str, Any]] = [
    vector
    for path in sorted((Path(__file__).parents[1] / "vectors").glob("*.json"))
    for vector in json.loads(path.read_text(encoding="utf-8"))
    if "events" in vector
]
FOLD_IN_NODE = """
const { fold } = require(process.argv[1]);
const histories = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const snapshot = (events) => fold.render(events.reduce(fold.step, fold.empty()));
console.log(JSON.stringify(histories.map(snapshot)));
"""
FOLD_IN_BROWSER = """(histories) => {
  const { fold } = customElements.get("andamento-modal");
  return histories.map((events) => fold.render(events.reduce(fold.step, fold.empty())));
}"""


def expect_golden(snapshots: list[dict[str, Any]]) -> None:
    """Each vector's snapshot, named where it differs."""
    assert len(snapshots) == len(VECTORS) > 0
    for vector, snapshot in zip(VECTORS, snapshots, strict=True):
        assert snapshot == vector["snapshot"], vector["name"]


def test_the_browser_folds_every_vector(page: Page, service: Service) -> None:
    service.page = (
        "<form id=f></form><script src=/snippet/andamento.js data-form='#f' defer></script>"
    )
    page.goto(service.url)
    expect_golden(page.evaluate(FOLD_IN_BROWSER, [vector["events"] for vector in VECTORS]))


def test_node_folds_every_vector() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine; the browser's half is tested above")
    histories = json.dumps([vector["events"] for vector in VECTORS])
    command = [node, "-e", FOLD_IN_NODE, str(SNIPPET)]
    done = subprocess.run(command, input=histories, capture_output=True, text=True, check=True)
    expect_golden(json.loads(done.stdout))
