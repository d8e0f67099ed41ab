"""Settings: every one is a row here (name, type, default, help), read from environment and `.env`.

1. The only room that reads the environment. All names carry the prefix `ANDAMENTO_`.
2. A wrong value stops the start, naming the setting, the value and what is allowed; that of a
   secret is never shown.
3. No secret has a usable default: keys are made on first start, in the data folder, mode 0600.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "ANDAMENTO_"
# Playwright's driver moves small messages: with a small nursery it needs 118 MB in place of 139 at
# the end of a quote, in the same time.
DRIVER_OPTIONS = "--max-semi-space-size=2"
DEFAULT_DB = "sqlite:///andamento.db"
# Short enough to be typed, too long to be tried out.
METRICS_TOKEN_CHARACTERS = 16


class WrongSetting(Exception):
    """A setting has a value that cannot be used."""


class Settings(BaseSettings):
    """All settings of one installation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    db: str = Field(
        DEFAULT_DB, description="Database URL: sqlite:///relative or sqlite:////absolute."
    )
    data_dir: Path = Field(
        Path(".andamento"),
        description="Folder for keys, served snippets and evidence of failures (mode 0700).",
    )
    host: str = Field("127.0.0.1", description="Address that the service listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port; 0 takes a free one.")
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Service processes on the same port. Each counts rates and streams by itself: "
        "their limits hold in each.",
    )
    tls_cert: str = Field(
        "", description="Certificate with its chain, a PEM file: the service speaks HTTPS itself."
    )
    tls_key: str = Field("", description="The certificate's key, a PEM file without a password.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="Address as visitors see it, such as https://robo.example; "
        "empty: taken from each request.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Sites that may use the service, comma-separated: https://site.example, "
        "or https://*.webflow.io for all subdomains.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Proxies whose X-Forwarded-For is believed: addresses or networks."
    )
    token_ttl_s: int = Field(7200, ge=60, description="Life of a visitor's token, in seconds.")
    starts_per_minute: int = Field(
        30, ge=1, description="Quotes that one address may start in a minute."
    )
    requests_per_minute: int = Field(
        600, ge=1, description="Requests of any kind that one address may make in a minute."
    )
    queue_limit: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Visitors that may wait in one queue; who comes after is asked to come back.",
    )
    streams: int = Field(
        12_000,
        ge=1,
        le=1_000_000,
        description="Streams and long polls that one service process holds open, some 35 KB each; "
        "whoever comes after is asked to come back.",
    )
    streams_per_address: int = Field(
        200,
        ge=1,
        description="Of these for one address (IPv6: one /64); carriers put many phones behind "
        "one.",
    )
    streams_per_session: int = Field(
        50, ge=1, description="Of these for one session: a visitor's tabs and an operator."
    )
    stream_ping_s: float = Field(
        15,
        ge=1,
        le=30,
        description="Seconds between two signs of life on a stream: at most 30, for proxies cut "
        "what is silent and the page gives a silent stream up after 45.",
    )
    stream_patience_s: float = Field(
        20,
        le=300,
        description="Seconds after which a reader that takes nothing is cut (up to twice as many); "
        "it loses nothing. More than ANDAMENTO_STREAM_PING_S.",
    )
    stream_life_s: float = Field(
        600,
        ge=10,
        le=86_400,
        description="Seconds after which a stream is renewed, give or take a fifth; shorter than "
        "the longest request that a proxy allows.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Whoever shows it as a bearer token may read /metrics from another machine, 16 "
        "characters at least; empty: only this machine may.",
    )
    capacity: int = Field(
        3, ge=1, le=64, description="Sessions that one runner works on at the same time."
    )
    spares: int = Field(
        1,
        ge=0,
        le=16,
        description="Workers kept ready with an open browser, within the capacity; some 300 MB "
        "each.",
    )
    worker_memory_mb: int = Field(
        1024,
        ge=0,
        description="Memory that one session may use with its browser, in MB, before it is ended; "
        "0: any.",
    )
    stop_grace_s: float = Field(
        8.0,
        ge=0,
        le=600,
        description="Seconds that running sessions get when the runner is told to stop; those that "
        "sent nothing yet go back to the queue.",
    )
    quote_url: str = Field(
        "", pattern=r"^(https?://.+)?$", description="Start address of the quoting site."
    )
    quote_email: str = Field("", description="The broker's account at the quoting site: e-mail.")
    quote_password: SecretStr = Field(
        SecretStr(""), description="The broker's account at the quoting site: password."
    )
    chromium: str = Field(
        "", description="Path of the browser; empty: one found on this machine is taken."
    )
    evidence_days: int = Field(
        14,
        ge=0,
        le=3650,
        description="Days for which screenshots and traces of failed screens are kept; 0: none.",
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, separator, rest = origin.partition("://")
            if scheme not in ("http", "https") or not separator or not rest or "/" in rest:
                raise ValueError("each must look like https://site.example, without a path")
        return value

    @field_validator("stream_patience_s")
    @classmethod
    def _patient(cls, value: float, info: ValidationInfo) -> float:
        # A ping that itself was wrong is said by itself.
        ping = info.data.get("stream_ping_s", 0)
        if value <= ping:
            raise ValueError(f"must be more than {PREFIX}STREAM_PING_S ({ping:g})")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < METRICS_TOKEN_CHARACTERS:
            raise ValueError(f"must have at least {METRICS_TOKEN_CHARACTERS} characters")
        return value

    @field_validator("db")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if not value.startswith("sqlite:///") or value == "sqlite:///":
            raise ValueError("must begin with sqlite:/// and name a file")
        return value


def load(**given: Any) -> Settings:
    """The settings; `given` (from the command line, None = not given) wins over the environment.

    Raises WrongSetting with one line a fault.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise WrongSetting("\n".join(_fault(dict(item)) for item in error.errors())) from None


def foreign_environment() -> dict[str, str]:
    """What a worker and its browser may inherit: this process's environment without our settings.

    A setting may be a secret, and every process of this user can read another's environment.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    kept["NODE_OPTIONS"] = f"{kept.get('NODE_OPTIONS', '')} {DRIVER_OPTIONS}".strip()
    return kept


class Keys:
    """The installation's keys, made on first use. Raises WrongSetting if they cannot be kept."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir

    @property
    def token(self) -> str:
        """The key that signs visitors' tokens."""
        return self._kept("token.key", lambda: secrets.token_urlsafe(48).encode(), 43).decode()

    @property
    def vault(self) -> bytes:
        """The key that seals visitors' answers."""
        # A Fernet key: 32 random bytes, in URL-safe base64.
        return self._kept(
            "vault.key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)), 44
        )

    def _kept(self, name: str, make: Callable[[], bytes], least: int) -> bytes:
        path = self._folder / name
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                self._make(path, make())
            key = path.read_bytes().strip()
        except OSError as error:
            raise WrongSetting(
                f"{PREFIX}DATA_DIR={self._folder}: the key {name} cannot be kept there "
                f"({error.strerror}); name a folder that this user may write to"
            ) from error
        if len(key) < least or not re.fullmatch(rb"[A-Za-z0-9_=-]+", key):
            raise WrongSetting(
                f"{PREFIX}DATA_DIR={self._folder}: {path} is not a key of ours; put the original "
                "back, or remove it for a new one (then earlier answers and tokens are lost)"
            )
        return key

    def _make(self, path: Path, key: bytes) -> None:
        # Written aside and linked: of two first starts one makes the key, the other reads it.
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()


def _fault(item: dict[str, Any]) -> str:
    name = str(item["loc"][0])
    field = Settings.model_fields.get(name)
    secret = field is not None and field.annotation is SecretStr
    value = "(hidden)" if secret else item["input"]
    allowed = field.description if field else ""
    return f"{PREFIX}{name.upper()}={value}: {item['msg']}. Allowed: {allowed}"
