"""What must not be read in evidence, as patterns: one set for Python and for the page's script.

1. An answer is found in every spelling that a site, a log or a file may give it: CPF, phone, CEP
   and plate with and without their punctuation, dates in either order, accents dropped,
   percent-encoded, escaped for JSON or HTML.
2. What has the shape of somebody's number or address goes too, whoever it belongs to: a site may
   show another person's.
3. The words of a closed question ("Feminino", "Flex") are every visitor's: dots in their place on a
   page would tell which one was chosen. They go only where actions are told.
4. Patterns keep to what Python and JavaScript read alike; the edge of a word is put in for each.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, urlsplit

DOTS = "•••"

# Shorter words tell nothing ("de", "1"); short ones count only where they stand alone, or "Ana"
# would make "semana" unreadable.
_SHORTEST, _SHORT = 3, 4
# From here on a number is somebody's; shorter ones are years and house numbers.
_NUMBER = 5
# Of these the parts that sites like to show are somebody's too: without area code, or the six
# digits in the middle of a CPF.
_LONG = 10

_LEFT, _RIGHT = "<left>", "<right>"
_EDGES = {
    "python": (r"(?<!\w)", r"(?!\w)"),
    "javascript": (r"(?<![\p{L}\p{N}_])", r"(?![\p{L}\p{N}_])"),
}
# Between the digits of one number: spaces and punctuation, also escaped or percent-encoded.
_GAP = r"(?:%[0-9a-f]{2}|\\?[\s.\-/()+]){0,3}"
_DATES = (
    re.compile(r"(?P<day>\d{1,2})[/.\-](?P<month>\d{1,2})[/.\-](?P<year>\d{4})"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
)
_PLATE = re.compile(r"([A-Z]{3})-?(\d)([A-Z0-9])(\d{2})", re.IGNORECASE)
# The old kind's second digit is the new kind's letter, and either may be shown.
_PLATE_LETTERS = "ABCDEFGHIJ"
_SHAPES = (
    # The quotation mark as a code: within these quotes it would need a backslash of its own, which
    # JavaScript refuses.
    r"[^\s@<>\x22'=,;:()]+@[^\s@<>\x22'=,;:()]+\.[a-z]{2,}",
    r"(?<!\d)\d{3}\.?\d{3}\.?\d{3}-\d{2}(?!\d)",
    r"(?<!\d)\d{11}(?!\d)",
    r"\(\d{2}\)\s?9?\s?\d{4}[\-\s]?\d{4}(?!\d)",
    r"(?<!\d)\d{5}-\d{3}(?!\d)",
    r"(?<!\d)\d{2}/\d{2}/\d{4}(?!\d)",
    rf"{_LEFT}[a-z]{{3}}-?\d[a-z0-9]\d{{2}}{_RIGHT}",
)


# What an address carries behind its path.
_QUERY = re.compile(r"(https?://[^\s\"'?#]*)[?#][^\s\"']*")


class Mask:
    """The patterns for one session: `private` words are dots everywhere, `chosen` in actions only.

    Both are texts as they were answered, whole; names are also looked for in their parts.
    """

    def __init__(self, private: Iterable[str], chosen: Iterable[str] = ()) -> None:
        own = _alternatives(private)
        page = "|".join([*own, *_SHAPES])
        self._page = _compiled(page)
        self._told = _compiled("|".join([*own, *_alternatives(chosen), *_SHAPES]))
        self.script = _edged(page, "javascript")
        """The pattern for the page's own script, with the flags "giu"."""

    def page(self, text: str) -> str:
        """`text` as a page shows it, with dots for what is a person's."""
        return self._page.sub(DOTS, text)

    def told(self, text: str) -> str:
        """`text` that tells of an action, with dots for whatever was answered."""
        return self._told.sub(DOTS, _QUERY.sub(r"\1?•••", text))

    def url(self, url: str) -> str:
        """An address without its query and fragment, where sites put people's data."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return self.page(f"{parts.scheme}://{host}{parts.path}" if host else parts.scheme + ":")


def texts(value: object) -> Iterator[str]:
    """Every text within an answer, or within all of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def _alternatives(answers: Iterable[str]) -> list[str]:
    """Patterns for the texts and their parts, the longest first: it must win over its own parts."""
    words = {part for text in answers for part in (text.strip(), *re.split(r"[\s'’´`]+", text))}
    found = {pattern for word in words if len(word) >= _SHORTEST for pattern in _spellings(word)}
    return sorted(found, key=lambda pattern: (-len(pattern), pattern))


def _spellings(word: str) -> Iterator[str]:
    digits = re.sub(r"\D", "", word)
    dates = [found for kind in _DATES if (found := kind.fullmatch(word))]
    if dates:
        yield from _date(*(dates[0][name] for name in ("day", "month", "year")))
    elif plate := _PLATE.fullmatch(word):
        yield _plate(*plate.groups())
    elif len(digits) >= _NUMBER and not re.search(r"[^\d\s.\-/()+]", word):
        yield from _number(digits)
    else:
        yield from _text(word)


def _date(day: str, month: str, year: str) -> Iterator[str]:
    day, month = f"0?{int(day)}", f"0?{int(month)}"
    yield _GAP.join((day, month, year))
    yield _GAP.join((month, day, year))
    yield _GAP.join((year, month, day))


def _plate(letters: str, digit: str, fifth: str, rest: str) -> str:
    at = _PLATE_LETTERS.find(fifth.upper()) if fifth.isalpha() else int(fifth)
    other = _PLATE_LETTERS[at] + str(at) if 0 <= at < len(_PLATE_LETTERS) else fifth
    return _GAP.join((letters, f"{digit}[{other}]{rest}"))


def _number(digits: str) -> Iterator[str]:
    yield _GAP.join(digits)
    if len(digits) >= _LONG:
        for part in (digits[2:], digits[:6], digits[3:9]):
            yield _GAP.join(part)


def _text(word: str) -> Iterator[str]:
    for spelling in {word, _plain(word)}:
        folded = r"[\s+]+".join("".join(map(_letter, part)) for part in spelling.split())
        short = len(spelling) <= _SHORT
        yield f"{_LEFT}{folded}{_RIGHT}" if short else folded
        escaped = json.dumps(spelling)[1:-1]
        entities = html.escape(spelling)
        for other in (quote(spelling, safe=""), quote_plus(spelling), escaped, entities):
            if other != spelling:
                yield _literal(other)
        if "\\" in escaped:
            # JSON within JSON, as a request's body is told.
            yield _literal(json.dumps(escaped)[1:-1])


def _letter(letter: str) -> str:
    # A letter and its accent may be two characters.
    apart = unicodedata.normalize("NFD", letter)
    return letter if apart == letter and letter.isalnum() else f"(?:{_either(letter, apart)})"


def _either(letter: str, apart: str) -> str:
    if letter in "'’´`":
        return "['’´`]"
    return _literal(letter) if apart == letter else f"{letter}|{apart}"


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _literal(text: str) -> str:
    # `re.escape` escapes more than JavaScript's unicode patterns allow.
    return re.sub(r"[\^$\\.*+?()\[\]{}|/]", r"\\\g<0>", text)


def _edged(pattern: str, language: str) -> str:
    left, right = _EDGES[language]
    return pattern.replace(_LEFT, left).replace(_RIGHT, right)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_edged(pattern, "python"), re.IGNORECASE)
