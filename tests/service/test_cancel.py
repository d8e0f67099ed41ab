"""A visitor's wish to stop."""

from __future__ import annotations

import pytest

from db.store import Wish
from tests.service.conftest import Running, token

pytestmark = pytest.mark.anyio


def path(session: str, **choices: object) -> str:
    return f"/api/rpa/sessions/{session}?token={token(session, **choices)}"


async def test_the_wish_stands_in_the_session_and_twice_is_once(service: Running) -> None:
    session = await service.told(1, ended=False)
    for _ in range(2):
        answer = await service.client.delete(path(session))
        assert answer.status_code == 202
        assert answer.json()["session_id"] == session
        assert answer.json()["status"] == "running"
    assert (await service.store.session(session)).wish is Wish.CANCEL


async def test_an_ended_session_cannot_be_cancelled(service: Running) -> None:
    session = await service.told(1)
    answer = await service.client.delete(path(session))
    assert (answer.status_code, answer.json()["code"]) == (409, "sessao_encerrada")


async def test_only_its_own_token_with_that_right_cancels_a_session(service: Running) -> None:
    mine, theirs = await service.new(), await service.new()
    bare = f"/api/rpa/sessions/{theirs}"
    assert (await service.client.delete(bare)).status_code == 401
    assert (await service.client.delete(f"{bare}?token={token(mine)}")).status_code == 404
    assert (await service.client.delete(path(mine, scopes=["read"]))).status_code == 403
    assert (await service.client.delete(path("nobody"))).status_code == 404
    assert (await service.store.session(theirs)).wish is None
    assert (await service.store.session(mine)).wish is None
