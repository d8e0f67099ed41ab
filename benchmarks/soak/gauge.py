"""What a soak looks at: one sample a second of the service's process and of its log's size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import anyio
import psutil

from benchmarks.served import Served

PERIOD_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look, `at_s` seconds after the first."""

    at_s: float
    rss_bytes: int
    wal_bytes: int
    descriptors: int
    threads: int


class Gauge:
    """Looks at a service; `samples` grow while `run` runs."""

    def __init__(self, service: Served) -> None:
        self._process = psutil.Process(service.pid)
        self._wal = service.database.with_name(service.database.name + "-wal")
        self._began: float | None = None
        self.samples: list[Sample] = []

    def look(self) -> Sample:
        """What there is now. Raises psutil.Error when the service is gone."""
        now = anyio.current_time()
        if self._began is None:
            self._began = now
        return Sample(
            at_s=now - self._began,
            rss_bytes=self._process.memory_info().rss,
            # Its size by its name: opening the file would be opening a database.
            wal_bytes=self._wal.stat().st_size if self._wal.exists() else 0,
            descriptors=self._process.num_fds(),
            threads=self._process.num_threads(),
        )

    async def run(self, tell: Callable[[Sample], None]) -> None:
        """Look every second until cancelled."""
        while True:
            self.samples.append(self.look())
            tell(self.samples[-1])
            await anyio.sleep(PERIOD_S)


def third(samples: Sequence[Sample], number: int, of: Callable[[Sample], float]) -> float:
    """The median of the `number`th (1, 2, 3) third of the samples."""
    size = max(1, len(samples) // 3)
    part = samples[-size:] if number == 3 else samples[size * (number - 1) : size * number]
    return median(of(sample) for sample in part or samples)
