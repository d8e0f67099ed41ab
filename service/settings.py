"""What an installation may choose about the service; the roof fills it in.

1. A plain value: nothing here reads the environment or a file.
2. What a test or a benchmark must be able to shorten is here too, with the reason for its default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.token import TOKEN_TTL_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A stream's times, in seconds."""

    # Proxies cut what is silent for a minute; three missed ones tell a page that it is alone.
    ping_s: float = 15
    # A connection is renewed now and then, or a deployment would never see the last of them go.
    lifetime_s: float = 600
    lifetime_spread: float = 0.2
    # A reader that takes nothing for this long, or up to twice as long, is cut (it resumes where it
    # stopped). That it is longer than `ping_s` is what lets an idle stream live: see stream.py.
    patience_s: float = 20
    # When told to leave, clients come back within this, spread out.
    return_s: tuple[float, float] = (1, 5)

    def __post_init__(self) -> None:
        if self.patience_s <= self.ping_s:
            raise ValueError(
                f"patience_s ({self.patience_s}) must be longer than ping_s ({self.ping_s})"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """All choices. `public_url` is the address as visitors see it; empty: each request's own."""

    version: str = "0"
    public_url: str = ""
    cors_origins: Sequence[str] = ()
    # Addresses or networks whose X-Forwarded-For, -Proto and -Host are believed.
    trusted_proxies: Sequence[str] = ()
    default_automation: str = "cotacao_auto"
    token_ttl_s: float = TOKEN_TTL_S
    # The largest honest form is 3 KB.
    body_limit: int = 64 * 1024
    # A phone on a bad line sends 3 KB in less; whoever is slower holds a connection on purpose.
    body_s: float = 10
    # A double click, a reload, a browser that sends the form again.
    repeat_within_s: float = 30
    # Sessions that may wait in one queue; beyond it nobody would wait for the queue's end.
    queue_limit: int = 100
    starts_per_minute: int = 30
    requests_per_minute: int = 600
    # Some 35 KB each: 12,000 are 420 MB. One that does not read holds 800 KB until it is cut, if
    # there is so much to tell it: a quote is 20 KB.
    streams: int = 12_000
    # Mobile carriers put many subscribers behind one address.
    streams_per_address: int = 200
    # A visitor's tabs, also those that the network has lost and nobody has noticed; an operator.
    streams_per_session: int = 50
    pace: Pace = Pace()
    # Whoever shows it may read the metrics from elsewhere; empty: only this machine may.
    metrics_token: str = ""
    # Which of several service processes this is; empty: there is one.
    worker: str = ""
    snippet_path: Path | None = None
    # A folder of our own for what was served, so that pages that name it keep it.
    snippet_archive: Path | None = None
    # Where the database lies, for the health's look at free space.
    disk_path: Path = Path()
    disk_free_bytes: int = 256 * 1024 * 1024
