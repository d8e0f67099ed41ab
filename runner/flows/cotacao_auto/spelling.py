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

_SEPARATORS = re.compile(r"[\s.\-/()+‐-―_]")
_PLATE = re.compile(r"[A-Z]{3}[0-9][A-Z0-9][0-9]{2}")
_MOBILE = re.compile(r"[1-9]{2}9[0-9]{8}")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?", re.ASCII)
_YES = frozenset({"true", "sim", "on", "1", "yes", "s"})
_NO = frozenset({"false", "nao", "off", "0", "no", "n"})


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


def birth_date(value: Any, today: date) -> str:
    """DD/MM/AAAA from that or from ISO; the person is 18 to 120 years old on `today`."""
    clean = text(value)
    if found := _DAY_FIRST.fullmatch(clean):
        day, month, year = (int(part) for part in found.groups())
    elif found := _ISO.fullmatch(clean):
        year, month, day = (int(part) for part in found.groups()[:3])
    else:
        raise Misspelt("invalid")
    try:
        born = date(year, month, day)
    except ValueError:
        raise Misspelt("invalid") from None
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not 18 <= age <= 120:
        raise Misspelt("age")
    return f"{born:%d/%m}/{born.year:04d}"
