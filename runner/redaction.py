"""What a process may repeat of a person: nothing. The words of standard error, made harmless.

1. Two nets: the job's own words, whole and in their parts, and whatever has the shape of somebody's
   number or address.
2. It cuts more than it must: this is for the last lines of a process that died, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

_REDACTED = "[…]"
# Five digits and more, also in the spelling of CPF, telephone and date; a plate; an e-mail address.
_PERSONAL = re.compile(
    r"\d(?:[\s.\-/()]{0,2}\d){4,}|\b[A-Z]{3}-?\d[A-Z0-9]\d{2}\b|[^\s@<>\"']+@[^\s@<>\"']+",
    re.IGNORECASE,
)
# Shorter words of an answer ("de", "1") tell nothing; short ones count only where they stand alone,
# or "Ana" would make "analysis" unreadable.
_SHORTEST, _SHORT = 3, 4


def words_of(*values: object) -> list[str]:
    """Every text in `values`, whole and in its parts, the longest first."""
    texts = [text for value in values for text in _texts(value)]
    parts = {part for text in texts for part in (text, *text.split())}
    return sorted((part for part in parts if len(part) >= _SHORTEST), key=len, reverse=True)


def redact(line: str, words: Sequence[str] = ()) -> str:
    """`line` without `words` and without whatever looks like a person's number or address."""
    for word in words:
        found = re.escape(word)
        if len(word) <= _SHORT:
            found = rf"(?<!\w){found}(?!\w)"
        line = re.sub(found, _REDACTED, line, flags=re.IGNORECASE)
    return _PERSONAL.sub(_REDACTED, line)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
