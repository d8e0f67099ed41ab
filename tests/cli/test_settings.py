"""The limits of streams as settings: what is allowed, and what is said where it is not."""

from __future__ import annotations

import pytest

from andamento.serving import _service_settings
from andamento.settings import WrongSetting, load


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stream_ping_s": 20}, "ANDAMENTO_STREAM_PATIENCE_S=20: .* ANDAMENTO_STREAM_PING_S .20"),
        ({"stream_patience_s": 15}, "ANDAMENTO_STREAM_PATIENCE_S=15: .* ANDAMENTO_STREAM_PING_S"),
        ({"stream_ping_s": 31}, "ANDAMENTO_STREAM_PING_S=31: .* less than or equal to 30"),
        ({"streams": 0}, "ANDAMENTO_STREAMS=0: .* greater than or equal to 1"),
        ({"metrics_token": "short"}, "ANDAMENTO_METRICS_TOKEN=.hidden.: .* at least 16 characters"),
    ],
    ids=str,
)
def test_a_limit_that_cannot_work_stops_the_start_and_says_why(
    given: dict[str, object], said: str
) -> None:
    with pytest.raises(WrongSetting, match=said):
        load(**given)


def test_each_limit_reaches_the_service() -> None:
    settings = _service_settings(
        load(
            streams=7, streams_per_address=6, streams_per_session=5, stream_ping_s=4,
            stream_patience_s=8, stream_life_s=10, metrics_token="a token that is long",
        )
    )  # fmt: skip
    assert (settings.streams, settings.streams_per_address) == (7, 6)
    assert settings.streams_per_session == 5
    pace = settings.pace
    assert (pace.ping_s, pace.patience_s, pace.lifetime_s) == (4, 8, 10)
    assert settings.metrics_token == "a token that is long"
