"""What the servers of this process hold, seen from inside."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypercorn.protocol.h2 import H2Protocol

from service.connection import Connection


async def until(true: Callable[[], object]) -> None:
    """Let everybody else go on until this is true."""
    with anyio.fail_after(10):
        while not true():
            await checkpoint()


class Served:
    """The connections of this process's servers that have not ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open: set[Connection] = set()
        run = Connection.run

        async def counted(connection: Connection) -> None:
            self._open.add(connection)
            try:
                await run(connection)
            finally:
                self._open.discard(connection)

        monkeypatch.setattr(Connection, "run", counted)

    def __len__(self) -> int:
        return len(self._open)

    def stuck(self) -> bool:
        """Whether one waits for its client to take something."""
        return any(
            one.send_lock.locked() and one.writer.transport.get_write_buffer_size() > 0
            for one in self._open
        )

    def buffers(self) -> list[int]:
        """What is held back for each stream of all HTTP/2 connections, in bytes."""
        protocols = [one.protocol.protocol for one in self._open]
        return [
            len(buffer.buffer)
            for protocol in protocols
            if isinstance(protocol, H2Protocol)
            for buffer in protocol.stream_buffers.values()
        ]
