"""Housekeeping: what fails there must not take a service or a runner with it."""

from __future__ import annotations

from typing import cast

import anyio
import pytest
from structlog.testing import capture_logs

from andamento import place
from db.errors import StoreFull
from db.store import Store

pytestmark = pytest.mark.anyio


class FullDisk:
    """A store whose checkpoints fail for a while; `well` is set by the first that does not."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.well = anyio.Event()

    async def checkpoint(self) -> None:
        """Fail, or be well."""
        if self.failures == 0:
            self.well.set()
            return
        self.failures -= 1
        raise StoreFull("data.db")


async def test_a_checkpoint_that_fails_is_said_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place, "HOUSEKEEPING_S", 0)
    store = FullDisk(failures=3)
    with capture_logs() as told:
        async with anyio.create_task_group() as group:
            group.start_soon(place.housekeep, cast(Store, store))
            with anyio.fail_after(10):
                await store.well.wait()
            group.cancel_scope.cancel()
    assert [entry["code"] for entry in told] == ["disco_cheio"]
