"""How people write things: each function turns any spelling of a value into the one we keep.

1. Pure, and closed: whatever is given (nested junk, huge numbers, lone surrogates), the answer is a
   value or `Misspelt`, which is a ValueError so that pydantic collects it.
2. `Misspelt` carries a reason, never the value: what a visitor sent is echoed nowhere.
3. Only separators are dropped, never other characters: a CPF with a letter in it is wrong, not
   "the digits that are left".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from email_validator import EmailNotValidError, validate_email
from stdnum.br import cpf as stdnum_cpf

# Longer than any name, address or e-mail of a person; RFC 5321 has 254 for the latter.
MAX_TEXT = 254
MAX_NAME = 120
# Who signs a contract is of age; beyond the oldest person there ever was it is a slip of the keys.
ADULT = 18
OLDEST = 120

_SEPARATORS = re.compile(r"[\s.\-/()+‐-―_]")
_PLATE = re.compile(r"[A-Z]{3}[0-9][A-Z0-9][0-9]{2}")
_MOBILE = re.compile(r"[1-9]{2}9[0-9]{8}")
_BETWEEN = r"[\s./\-‐-―_]+"
_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>\d{4})"
_TIME = r"(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?"
_DATES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        _DAY + _BETWEEN + _MONTH + _BETWEEN + _YEAR,
        _YEAR + _BETWEEN + _MONTH + _BETWEEN + _DAY + _TIME,
        r"(?P<day>\d{2})(?P<month>\d{2})" + _YEAR,
    )
)
_YES = frozenset({"true", "sim", "on", "1", "yes", "s", "verdadeiro"})
_NO = frozenset({"false", "nao", "off", "0", "no", "n", "falso"})


class Misspelt(ValueError):
    """The value is not what the field asks for; the argument is the reason's name."""


def text(value: Any, longest: int = MAX_TEXT) -> str:
    """The value as one line of clean text: composed, trimmed, runs of spaces collapsed."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Misspelt("invalid")
    if isinstance(value, int):
        # Python refuses to print huge integers; no field has more than 18 digits.
        if abs(value) >= 10**18:
            raise Misspelt("invalid")
        value = str(value)
    # Cut before normalising: NFC of an endless string is work for nothing.
    if len(value) > 4 * MAX_TEXT:
        raise Misspelt("invalid")
    clean = " ".join(unicodedata.normalize("NFC", value).split())
    if not clean or len(clean) > longest or not clean.isprintable():
        raise Misspelt("invalid")
    return clean


def fold(value: str) -> str:
    """Without accents, case, spaces and punctuation: for comparing words."""
    bare = unicodedata.normalize("NFKD", value)
    return "".join(char for char in bare.casefold() if char.isalnum() and char.isascii())


def boolean(value: Any) -> bool:
    """true, "true", "sim", "on", 1 … → True; their opposites → False."""
    if isinstance(value, bool):
        return value
    word = fold(text(value))
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Misspelt("invalid")


def number(value: Any) -> Any:
    """A number, or the text of one as a computer writes it ("1.234,5" → "1234.5"); true is none."""
    if isinstance(value, float):
        return value
    clean = text(value)
    return clean.replace(".", "").replace(",", ".") if "," in clean else clean


def one_of(words: Mapping[str, str]) -> Callable[[Any], str]:
    """A reader for a closed set: `words` maps folded spellings to the exact word."""

    def read(value: Any) -> str:
        exact = words.get(fold(text(value)))
        if exact is None:
            raise Misspelt("invalid")
        return exact

    return read


def digits(value: Any) -> str:
    """The digits of a number written with the usual separators; anything else is misspelt."""
    bare = _SEPARATORS.sub("", text(value))
    if not (bare.isascii() and bare.isdigit()):
        raise Misspelt("invalid")
    return bare


def plate(value: Any) -> str:
    """ABC1D23 or ABC1234 from any case, with or without hyphen and spaces."""
    bare = _SEPARATORS.sub("", text(value))
    # "ß".upper() is "SS": only ASCII may be turned into capitals.
    if not bare.isascii() or not _PLATE.fullmatch(bare.upper()):
        raise Misspelt("invalid")
    return bare.upper()


def cpf(value: Any) -> str:
    """Eleven digits whose last two check the others; eleven equal ones do, but are nobody's."""
    bare = digits(value)
    if len(set(bare)) == 1 or not stdnum_cpf.is_valid(bare):
        raise Misspelt("invalid")
    return bare


def cep(value: Any) -> str:
    """Eight digits, not all zero."""
    bare = digits(value)
    if len(bare) != 8 or not int(bare):
        raise Misspelt("invalid")
    return bare


def mobile(value: Any) -> str:
    """Area code, nine, eight digits; the country's +55 and a leading zero are dropped."""
    bare = digits(value)
    if len(bare) > 11:
        bare = bare.removeprefix("00").removeprefix("55")
    bare = bare.removeprefix("0")
    if not _MOBILE.fullmatch(bare):
        raise Misspelt("invalid")
    return bare


def email(value: Any) -> str:
    """The address as email-validator normalises it; no question is put to any DNS."""
    try:
        checked = validate_email(text(value), check_deliverability=False, allow_smtputf8=False)
    except (EmailNotValidError, UnicodeError):
        raise Misspelt("invalid") from None
    return checked.normalized


def name(value: Any) -> str:
    """A person's name: letters, spaces, apostrophes, hyphens and full stops."""
    clean = text(value, MAX_NAME)
    bare = re.sub(r"[ '’.\-]", "", clean)
    if len(bare) < 2 or not all(unicodedata.category(char)[0] in "LM" for char in bare):
        raise Misspelt("invalid")
    return clean


def day(value: Any) -> str:
    """DD/MM/AAAA from a date in that order, in the order of ISO, or from its eight bare digits."""
    clean = text(value)
    found = next(filter(None, (pattern.fullmatch(clean) for pattern in _DATES)), None)
    if found is None:
        raise Misspelt("invalid")
    try:
        given = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        raise Misspelt("invalid") from None
    return f"{given:%d/%m}/{given.year:04d}"


def of_age(born: str, today: date) -> str:
    """The day of birth, as `day` gives it, of somebody who is 18 to 120 years old on `today`."""
    date_of_birth = tuple(int(part) for part in reversed(born.split("/")))
    years = today.year - date_of_birth[0] - ((today.month, today.day) < date_of_birth[1:])
    if not ADULT <= years <= OLDEST:
        raise Misspelt("age")
    return born
