"""The vault: visitors' answers, sealed with the installation's key before they are stored.

1. What is sealed names its session: moved to another row, it does not open there.
2. Nothing of the answers appears in an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken


class Unreadable(Exception):
    """The stored answers cannot be opened with this installation's key."""


class Vault:
    """Seals and opens answers. `key` is a Fernet key (32 bytes, URL-safe base64)."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def seal(self, session_id: str, answers: Mapping[str, Any]) -> bytes:
        """The answers, encrypted and authenticated, for this session only."""
        plain = json.dumps({"session": session_id, "answers": dict(answers)})
        return self._fernet.encrypt(plain.encode())

    def open(self, session_id: str, sealed: bytes) -> dict[str, Any]:
        """The answers that `seal` was given. Raises Unreadable."""
        try:
            content = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise Unreadable(session_id) from error
        if content["session"] != session_id:
            raise Unreadable(session_id)
        answers: dict[str, Any] = content["answers"]
        return answers
