"""The one file that sites include is what its sources say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from frontend_snippet.build import packed

# A visitor on a phone waits for each of them.
MOST_BYTES = 15 * 1024
ROOT = Path(__file__).parents[2] / "frontend_snippet"


def test_the_snippet_is_current() -> None:
    command = [sys.executable, str(ROOT / "build.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0


def test_it_does_not_grow_unnoticed() -> None:
    assert packed((ROOT / "andamento.js").read_text(encoding="utf-8")) <= MOST_BYTES


def test_the_snippet_is_one_closure_that_asks_nothing_of_others() -> None:
    text = (ROOT / "andamento.js").read_text(encoding="utf-8")
    head, script = text.split("\n", 1)
    assert head.startswith("/*") and script.startswith("(()=>{") and script.endswith("})();\n")
    for word in ("innerHTML", "outerHTML", "document.write", "document.cookie", "import(", "eval("):
        assert word not in text
    # Files of a size that one reads at a sitting.
    for source in (ROOT / "src").glob("*.mjs"):
        assert len(source.read_text(encoding="utf-8").splitlines()) <= 400
