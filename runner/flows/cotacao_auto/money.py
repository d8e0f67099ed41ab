"""Amounts in reais: from the site's texts to whole centavos, and back to one way of writing them.

1. Pure. Centavos are integers: no amount is ever a float.
2. The site splits an amount over elements ("R$", "1.200", ",00"), so spaces may stand anywhere
   between its parts; after reading, "R$ 1.200,00" is the only spelling.
"""

from __future__ import annotations

import re

# The number without its "R$": thousands by full stops, centavos optional.
NUMBER = r"(\d{1,3}(?:\s?\.\s?\d{3})+|\d+)(?:\s?,\s?(\d{2}))?(?!\d)"
_AMOUNT = re.compile(rf"R\$\s*{NUMBER}")
# "12x de R$ 333,02" is an instalment, not a price.
_INSTALMENT = re.compile(r"\d\s*x\s*(?:de\s*)?$", re.IGNORECASE)


def centavos(whole: str, cents: str | None) -> int:
    """The two groups of NUMBER as centavos."""
    return int(re.sub(r"\D", "", whole)) * 100 + int(cents or 0)


def amounts(text: str) -> list[int]:
    """All amounts in a text, instalments left out, in centavos."""
    return [
        centavos(found[1], found[2])
        for found in _AMOUNT.finditer(text)
        if not _INSTALMENT.search(text[: found.start()])
    ]


def amount(text: str) -> int | None:
    """The one amount in a text, or None where there is none or more than one."""
    found = amounts(text)
    return found[0] if len(found) == 1 else None


def without_amounts(text: str) -> str:
    """The text with its amounts cut out."""
    return " ".join(_AMOUNT.sub(" ", text).split())


def written(value: int) -> str:
    """Centavos as "R$ 1.200,00"."""
    whole, cents = divmod(value, 100)
    return f"R$ {whole:,}".replace(",", ".") + f",{cents:02d}"


def tidy(text: str) -> str:
    """A text with the amounts in it written in the one way."""
    return _AMOUNT.sub(lambda found: written(centavos(found[1], found[2])), text)
