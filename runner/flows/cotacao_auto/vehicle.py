"""Which vehicle screen 3 shows: read from its sentence, whatever elements it is split over."""

from __future__ import annotations

import re

# "O veículo MODELO ANO corresponde a placa ABC-1D23?" (with "à" and other words for a motorbike)
_VEHICLE = re.compile(
    r"\b(?:ve[ií]culo|moto|carro)\s+((?:(?!\bve[ií]culo\b).)*?)\s+corresponde\b", re.IGNORECASE
)
_PLATE = re.compile(r"\bplaca\s+([A-Z]{3})\s?-?\s?(\d[A-Z\d]\d{2})\b", re.IGNORECASE)
# A model and a year; what is longer was read wrongly.
MAX_VEHICLE = 80


def vehicle_in(sentence: str) -> tuple[str, str]:
    """The vehicle (model and year) and the plate that screen 3's sentence names; "" if unread."""
    vehicle = _VEHICLE.search(sentence)
    plate = _PLATE.search(sentence)
    name = vehicle[1] if vehicle and len(vehicle[1]) <= MAX_VEHICLE else ""
    return name, (plate[1] + plate[2]).upper() if plate else ""
