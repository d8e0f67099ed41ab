"""Joins `src/*.mjs` into `andamento.js`, the one file that a site includes.

1. One file to paste, yet no file too long to read: the sources are ordinary modules that Node can
   import, the joined file is one classic script in one closure, so that `document.currentScript`
   works and nothing but the element becomes global.
2. Joining only: imports, exports, blank lines and whole-line comments go; no name is touched, so
   that an error on a site still reads like the source.
3. `--check` fails when `andamento.js` is older than its sources; a test calls it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE / "andamento.js"
# Each before the ones that import it; fold first, for it is the contract's half of this file.
ORDER = ("fold", "form", "feed", "style", "view", "element", "boot")
HEAD = """\
/* andamento.js: the visitor's window on a running quote. Usage, once, at the end of a page:
 * <script src="https://SERVICE/snippet/andamento.js" data-form="#cotacao" defer></script>
 * Put together from src/*.mjs by build.py; change it there. */
(() => {
"use strict";
"""
TAIL = """\
if (typeof module === "object" && module.exports) module.exports = { fold };
})();
"""
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_COMMENT = re.compile(r"^ */\*[\s\S]*?\*/\n|^ *//.*\n|^ *\n", re.MULTILINE)


def joined() -> str:
    """The text that `andamento.js` must have."""
    return HEAD + "".join(_body(name) for name in ORDER) + TAIL


def _body(name: str) -> str:
    text = (HERE / "src" / f"{name}.mjs").read_text(encoding="utf-8")
    text = _COMMENT.sub("", _IMPORT.sub("", text))
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` only compare; the exit code says whether it is current."""
    text = joined()
    if "--check" in arguments:
        current = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print("andamento.js is not what src/ says: run python frontend_snippet/build.py")
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
