"""The right to one session: a signed token that names it, what may be done, and until when.

1. Only HS256 is accepted, whatever a token's header claims.
2. A token is made for one session (`sub`); whether it fits the session asked for is the caller's
   question, since the answer to a stranger must be the same as for a session that does not exist.
3. Digests made here are keyed with the installation's secret: what is stored beside a session says
   "the same again" and nothing about the visitor.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import Any

import jwt

# RFC 7518 section 3.2: an HS256 key has at least the size of its hash.
SECRET_BYTES = 32
TOKEN_TTL_S = 2 * 60 * 60
# Some 500 bytes each.
KNOWN_TOKENS = 4096


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    CANCEL = "cancel"


class TokenInvalid(Exception):
    """This is no token of ours."""


class TokenExpired(TokenInvalid):
    """The token was ours, but its time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a valid token says."""

    session_id: str
    scopes: frozenset[str]


def new_session_id() -> str:
    """A name for a new session: `rpa_v5_<UTC yyyymmdd_hhmmss>_<128 random bits>`."""
    return f"rpa_v5_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(16)}"


def mint(
    secret: str,
    session_id: str,
    *,
    ttl_s: float = TOKEN_TTL_S,
    scopes: Iterable[Scope] = tuple(Scope),
) -> str:
    """A token for this session, valid for `ttl_s` seconds."""
    now = datetime.now(UTC)
    claims = {
        "sub": session_id,
        "scope": [str(scope) for scope in scopes],
        "iat": now,
        "exp": now + timedelta(seconds=ttl_s),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def check(secret: str, token: str) -> Grant:
    """What the token grants; raises TokenExpired, TokenInvalid."""
    granted, expires = _verified(secret, token)
    if expires <= time():
        raise TokenExpired
    return granted


# Whoever polls shows the same token again and again; only what is genuine is remembered.
@lru_cache(maxsize=KNOWN_TOKENS)
def _verified(secret: str, token: str) -> tuple[Grant, float]:
    try:
        claims = jwt.decode(
            token, secret, algorithms=["HS256"], options={"require": ["sub", "exp", "scope"]}
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.InvalidTokenError, UnicodeError) as error:
        raise TokenInvalid from error
    scopes = claims["scope"]
    if not isinstance(scopes, list):
        raise TokenInvalid
    granted = Grant(session_id=claims["sub"], scopes=frozenset(map(str, scopes)))
    return granted, float(claims["exp"])


def digest(secret: str, purpose: str, value: Mapping[str, Any] | str) -> str:
    """A keyed digest of `value`, of no use for any other `purpose`; 64 hex digits."""
    text = json.dumps([purpose, value], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hmac.new(secret.encode(), text.encode("ascii"), sha256).hexdigest()
