"""`GET /metrics`: what this process does and how the log stands, for Prometheus.

1. The one room that knows Prometheus. All others keep plain numbers (tally.py) which are read here,
   when somebody asks: a delivery pays for an addition, never for a metric.
2. Nothing is global: a service has its own registry, and two in one process do not mix.
3. Readable from this machine itself (a peer with a forwarded header is somebody else, behind a
   proxy here), or with the metrics' own token. Names of routes and codes only: no path, no session,
   no address is ever a label.
4. A store that does not answer takes its own figures with it, and no others.
5. Each service process tells of itself; `worker` says which one where there are several.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, Protocol

import anyio
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response

from db.errors import StoreError
from db.store import Standing
from service.address import canonical, is_local
from service.errors import Refusal
from service.limits import Limit
from service.parts import Parts
from service.sessions import age_s
from service.tally import Ending, Histogram

# As the health's: the store answers in a millisecond, or waits for a lock that somebody holds.
PATIENCE_S = 2.0

_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


class Metrics:
    """The route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)

    async def __call__(self, request: Request) -> Response:
        """The figures in Prometheus' text format. Raises Refusal."""
        _authorise(request, self._parts.settings.metrics_token)
        page = _Page(self._registry, self._parts, await self._standing())
        return Response(generate_latest(page), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def _standing(self) -> tuple[Standing, int] | None:
        store = self._parts.store
        try:
            with anyio.fail_after(PATIENCE_S):
                return await store.standing(), await store.head()
        except (StoreError, TimeoutError):
            return None


def _authorise(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if not token or not hmac.compare_digest(given.strip().encode(), token.encode()):
            raise Refusal("nao_autorizado")
        return
    peer = canonical(request.client.host) if request.client else ""
    if not is_local(peer) or any(name in request.headers for name in _FORWARDED):
        raise Refusal("nao_autorizado" if token else "metricas_restritas")


class _Collector(Protocol):
    def collect(self) -> Iterable[Metric]: ...


class _Page:
    """All figures of one moment."""

    def __init__(
        self, registry: _Collector, parts: Parts, standing: tuple[Standing, int] | None
    ) -> None:
        self._registry = registry
        self._parts = parts
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        """Each figure, with the process's constant label on every sample."""
        worker = self._parts.settings.worker
        for metric in self._figures():
            if worker:
                metric.samples = [
                    sample._replace(labels={**sample.labels, "worker": worker})
                    for sample in metric.samples
                ]
            yield metric

    def _figures(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield from _streams(self._parts)
        yield from _requests(self._parts)
        yield from _snapshots(self._parts)
        yield _gauge("store_up", "1 while the database answers.", self._standing is not None)
        yield from _tail(self._parts, self._standing)
        if self._standing is not None:
            yield from _sessions(self._standing[0])


def _streams(parts: Parts) -> Iterator[Metric]:
    tally, gate = parts.tally, parts.gate
    ended = sum(tally.ended.values())
    yield _gauge("streams_open", "Streams and WebSockets open now.", tally.opened - ended)
    yield _gauge("places_taken", "Places taken by streams and long polls.", gate.streams)
    yield _gauge("places", "Places for streams and long polls.", parts.settings.streams)
    yield _counter("streams_opened", "Streams and WebSockets begun.", tally.opened)
    yield _counters(
        "streams_ended", "Streams and WebSockets ended.", "reason",
        {reason: tally.ended[reason] for reason in Ending},
    )  # fmt: skip
    yield _counters(
        "refused", "Requests and streams refused by a limit.", "limit",
        {limit: gate.refused[limit] for limit in Limit},
    )  # fmt: skip
    yield _counter("streams_resumed", "Streams that went on from a cursor.", tally.resumed)
    yield _counters("stream_resets", "Cursors of no use.", "motive", tally.resets)
    yield _counter("events_delivered", "Events written to streams.", tally.events)
    yield _counter("stream_sent_bytes", "Bytes of events and words around them.", tally.bytes)
    delay = HistogramMetricFamily(
        "andamento_delivery_seconds",
        "From the commit of a write's newest event until it was written.",
    )
    delay.add_metric([], *_buckets(tally.delay))
    yield delay


def _requests(parts: Parts) -> Iterator[Metric]:
    tally = parts.tally
    family = HistogramMetricFamily(
        "andamento_request_seconds", "Until an answer began.", labels=["route", "status"]
    )
    for labels, histogram in tally.requests.items():
        family.add_metric(labels, *_buckets(histogram))
    yield family
    yield _counters("starts", "Requests to run something.", "outcome", tally.starts)
    build = GaugeMetricFamily("andamento_build", "1; the version is its label.", labels=["version"])
    build.add_metric([parts.settings.version], 1)
    yield build


def _snapshots(parts: Parts) -> Iterator[Metric]:
    gallery = parts.gallery
    yield _gauge("pictures", "Snapshots kept.", gallery.kept)
    yield _gauge("picture_bytes", "Memory of the snapshots kept, estimated.", gallery.bytes)
    yield _counter("picture_hits", "Snapshots that were up to date as kept.", gallery.hits)
    yield _counter("picture_folds", "Snapshots that were folded on.", gallery.folds)
    yield _counter("picture_checks", "Kept snapshots compared with a whole fold.", gallery.checks)
    yield _counter(
        "picture_check_failures", "Kept snapshots that were another one.", gallery.failures
    )


def _tail(parts: Parts, standing: tuple[Standing, int] | None) -> Iterator[Metric]:
    tail, tally = parts.tail, parts.tally
    yield _gauge("tail_trouble", "1 while the log cannot be followed.", tail.trouble is not None)
    yield _counter("bell_rings", "Times that a bell said to look.", tally.rings)
    yield _counter("bell_misses", "Commits found with no bell rung.", tally.misses)
    if standing is not None:
        lag = 0 if tail.position is None else max(standing[1] - tail.position, 0)
        yield _gauge("tail_lag_events", "Events committed and not yet handed on.", lag)


def _sessions(standing: Standing) -> Iterator[Metric]:
    family = GaugeMetricFamily("andamento_sessions", "Sessions not ended.", labels=["status"])
    for status, count in (
        ("queued", standing.queued), ("running", standing.running), ("paused", standing.paused),
    ):  # fmt: skip
        family.add_metric([status], count)
    yield family
    yield _gauge("sessions_held", "Sessions in a runner's hands.", standing.held)
    yield _gauge(
        "oldest_queued_seconds", "Age of the oldest session in nobody's hands.",
        age_s(standing.oldest_queued_at),
    )  # fmt: skip
    if standing.journal is not None:
        journal = standing.journal
        yield _gauge("wal_bytes", "Size of the write-ahead log's file.", journal.bytes)
        yield _gauge(
            "wal_left_frames", "Frames that the last checkpoint here had to leave.",
            journal.left_frames,
        )  # fmt: skip
        yield _gauge(
            "checkpoint_age_seconds", "Since this process's last complete checkpoint, or start.",
            journal.checkpoint_age_s,
        )  # fmt: skip


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"andamento_{name}", help, value=value)


def _counter(name: str, help: str, value: float) -> Metric:
    return CounterMetricFamily(f"andamento_{name}", help, value=value)


def _counters(name: str, help: str, label: str, values: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(f"andamento_{name}", help, labels=[label])
    for key, value in values.items():
        family.add_metric([str(key)], value)
    return family


def _buckets(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    # Prometheus counts what is at or under each bound.
    under = list(accumulate(histogram.counts))
    bounds = [*map(str, histogram.bounds), "+Inf"]
    return list(zip(bounds, map(float, under), strict=True)), histogram.total_s
