"""Joins `src/*.mjs` into `andamento.js`, the one file that a site includes.

1. One file to paste, yet no file too long to read: the sources are ordinary modules that Node can
   import, the joined file is one classic script in one closure, so that `document.currentScript`
   works and nothing but the element becomes global.
2. Joined, then minified by terser (npm; the Node is Playwright's): a visitor on a phone waits for
   every byte. Names that others see (events, API, seams, wire keys) are not touched: `OURS` lists
   the few that may be.
3. `--check` fails when `andamento.js` is older than its sources; a test calls it.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

HERE = Path(__file__).parent
TARGET = HERE / "andamento.js"
# Each before the ones that import it, and else where the whole comes out smallest.
ORDER = (
    *("style", "words", "fold", "tag", "node", "form"),
    *("view", "share", "feed", "stage", "element", "boot"),
)
HEAD = "/* made from src/ by build.py */\n"
TAIL = """\
if (typeof module === "object" && module.exports) module.exports = { fold };
"""
TERSER = HERE / "node_modules" / "terser" / "bin" / "terser"
# What our modules call each other's parts by; neither page nor service nor browser knows these.
OURS = "act|actions|again|check|doubted|follow|hush|lay|leave|paint|post|posed|shape|shaped|show"
OPTIONS = (
    *("--module", "--compress", "passes=3,unsafe,unsafe_arrows,ecma=2022"),
    *("--mangle", "--mangle-props", f"regex=/^({OURS})$/"),
)
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_SHEET = re.compile(r"(?<=STYLE = `)[^`]*")


def joined() -> str:
    """The text that `andamento.js` must have. Raises RuntimeError where it cannot be made here."""
    script = "".join(_body(name) for name in ORDER)
    # As a module the minifier takes it for strict, and leaves out the words that make it so.
    closed = _minified(f"(() => {{\n{script}{TAIL}}})();")
    return HEAD + closed.replace("(()=>{", '(()=>{"use strict";', 1)


def packed(text: str) -> int:
    """How many bytes travel: gzip, as the service sends it."""
    return len(gzip.compress(text.encode(), 9, mtime=0))


def _body(name: str) -> str:
    text = _IMPORT.sub("", (HERE / "src" / f"{name}.mjs").read_text(encoding="utf-8"))
    # A template literal is text to the minifier: the sheet's own spaces go here.
    text = _SHEET.sub(lambda sheet: _squeezed(sheet[0]), text)
    return _EXPORT.sub("", _privates(text))


def _squeezed(sheet: str) -> str:
    sheet = re.sub(r"\s*([{};,>!])\s*", r"\1", re.sub(r"\s+", " ", sheet))
    # Not before a colon: there a space is the one between an element and its descendant.
    return sheet.replace(": ", ":").replace(";}", "}").strip()


def _privates(text: str) -> str:
    """Private names by one letter, the most frequent first: terser leaves them as they are."""
    names = [name for name, _ in Counter(re.findall(r"\.#(\w+)", text)).most_common()]
    letters = [f"{chr(97 + place % 26)}{place // 26 or ''}" for place in range(len(names))]
    short = dict(zip(names, letters, strict=True))
    return re.sub(r"(?<=[.\s]#)\w+\b", lambda found: short.get(found[0], found[0]), text)


def _minified(script: str) -> str:
    if not TERSER.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to minify (on Debian or Ubuntu: apt install npm)")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=HERE, check=True)
    node, _ = compute_driver_executable()
    command = [node, str(TERSER), *OPTIONS]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` only compare; the exit code says whether it is current."""
    text = joined()
    if "--check" in arguments:
        current = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print("andamento.js is not what src/ says: run python frontend_snippet/build.py")
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"andamento.js: {packed(text):,} bytes compressed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
