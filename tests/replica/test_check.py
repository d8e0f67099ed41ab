"""What the site accepts in a field, and what it invents."""

from __future__ import annotations

import json
from datetime import date

import pytest

from demo.replica import PLATES, TABLE
from demo.replica.check import Refused, cpf_check_digits, read_birth, read_cpf, read_mobile
from demo.replica.invention import addresses, estimate, plans


def test_amounts_depend_on_seed_and_plate_and_on_nothing_else() -> None:
    assert plans(1, "XYZ1D23") == plans(1, "XYZ1D23")
    assert len({json.dumps(plans(seed, plate)) for seed in (1, 2) for plate in PLATES}) == 4 * len(
        TABLE
    )
    assert estimate(1, "XYZ1D23") != estimate(2, "XYZ1D23")
    ranges = {
        card["nome_cobertura"]: (card["valores"]["de"], card["valores"]["ate"])
        for card in estimate(0, "XYZ1D23")
    }
    assert ranges == {
        "Compreensiva": ("R$ 1.200,00", "R$ 1.700,00"),
        "Roubo e Furto": ("R$ 1.200,00", "R$ 1.500,00"),
        "RCF": ("R$ 900,00", "R$ 1.400,00"),
    }


def test_addresses_are_invented_for_any_cep_that_can_exist() -> None:
    assert addresses("00000000") == []
    found = addresses("90010000")
    assert found == addresses("90010000")
    assert found[0]["completo"].endswith("Porto Alegre/RS")


@pytest.mark.parametrize("text", ["31/02/1990", "1990-01-01", "01/01/1880", "21/11/2007", ""])
def test_an_implausible_birth_date_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_birth(text, today=date(2025, 11, 20))


def test_an_eighteenth_birthday_is_old_enough() -> None:
    assert read_birth("20/11/2007", today=date(2025, 11, 20)) == "20/11/2007"


def test_a_cpf_needs_its_own_check_digits() -> None:
    assert cpf_check_digits("111444777") == "35"
    assert read_cpf("111.444.777-35") == "11144477735"
    for wrong in ("111.444.777-36", "000.000.000-00", "123"):
        with pytest.raises(Refused):
            read_cpf(wrong)


def test_a_phone_of_one_digit_is_refused() -> None:
    with pytest.raises(Refused):
        read_mobile("(1")
