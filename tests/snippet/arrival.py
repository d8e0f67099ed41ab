"""What every road must come to, however bad it was."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service

READY = "Sua cotação está pronta"


def expect_whole(visitor: Visitor, service: Service) -> None:
    """The result is on view; nothing is missing, was told twice, or went back."""
    expect(visitor.title).to_have_text(READY)
    told = visitor.told("progress")
    stamps = [detail["timestamp_atualizacao"] or "" for detail in told]
    assert stamps == sorted(set(stamps))
    assert told[-1] == service.snapshot()["progress"]
    assert len(visitor.told("estimate")) == len(visitor.told("result")) == 1
