"""The vault opens what it sealed, for that session, with that key, and nothing else."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from db.vault import Unreadable, Vault

ANSWERS = {"nome": "Ana Exemplo", "kit_gas": False}


def test_what_was_sealed_opens_again_and_shows_nothing_meanwhile() -> None:
    vault = Vault(Fernet.generate_key())
    sealed = vault.seal("a", ANSWERS)
    assert b"Ana" not in sealed
    assert vault.open("a", sealed) == ANSWERS


def test_a_sealed_text_moved_to_another_session_stays_closed() -> None:
    vault = Vault(Fernet.generate_key())
    with pytest.raises(Unreadable):
        vault.open("b", vault.seal("a", ANSWERS))


@pytest.mark.parametrize("sealed", [b"", b"junk"])
def test_junk_is_unreadable(sealed: bytes) -> None:
    with pytest.raises(Unreadable):
        Vault(Fernet.generate_key()).open("a", sealed)


def test_what_another_key_sealed_is_unreadable() -> None:
    sealed = Vault(Fernet.generate_key()).seal("a", ANSWERS)
    with pytest.raises(Unreadable):
        Vault(Fernet.generate_key()).open("a", sealed)
