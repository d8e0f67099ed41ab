"""The instruments of `make bench`, each once at a small size, on real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib import image

from benchmarks import appends, burst, delivery, peer, picture, snapshots, streams
from benchmarks.client import Take
from benchmarks.figure import Figure, facts, machine, table
from benchmarks.peers.payload import event
from benchmarks.served import folder_of_its_own, serve
from db.events import wire
from db.sqlite import SqliteStore

TAKE = Take(deliveries=1000, seconds=0.5, lost=0, repeated=0, faults=0, busy=0.3)
SLOWER = Take(deliveries=1000, seconds=2.0, lost=0, repeated=0, faults=0, busy=0.3)


def nothing() -> None:
    """Nobody watches the progress of a test."""


def installed(turn: Callable[[], Take]) -> Take:
    """What a peer's turn gives, where that peer is installed."""
    try:
        return turn()
    except peer.Missing as error:
        pytest.skip(str(error))


def test_a_burst_of_the_product_reaches_every_watcher_once_and_in_order() -> None:
    take = burst.ours(20, 50)
    assert take.whole
    assert take.deliveries == 1000


def test_a_burst_of_nchan_is_whole() -> None:
    assert installed(lambda: burst.nchan(20, 50, workers=2)).deliveries == 1000


def test_a_burst_of_redis_is_whole() -> None:
    assert installed(lambda: burst.redis(20, 50)).deliveries == 1000


def test_events_are_timed_from_the_commit_and_from_the_append_to_the_client() -> None:
    delays = delivery.ours(5, 10, 200)
    assert len(delays["ours"]) == len(delays["append"]) == 50
    assert all(0 < delay < 10_000 for delay in delays["append"])
    assert sum(delays["ours"]) < sum(delays["append"])


def test_the_polling_peer_delivers_everything_late() -> None:
    delays = delivery.polling(3, 10, 100)
    assert len(delays) == 30
    assert max(delays) > 100


@pytest.mark.anyio
async def test_peers_get_events_of_the_same_size_as_the_product_s() -> None:
    with folder_of_its_own() as folder, serve(folder) as service:
        session_id = service.prepare(1)[0]["session_id"]
        service.write([session_id], events=3, rate=0)
        async with SqliteStore(service.database, create=False) as store:
            ours = wire((await store.events(session_id))[0])
    assert abs(len(ours) - len(event(session_id, 1, 3))) <= 2


def test_a_snapshot_costs_what_was_measured_against_a_bare_route() -> None:
    figures = snapshots.measure(seconds=0.4, events={"short": 5, "long": 50}, advance=nothing)
    assert [figure.key for figure in figures] == [
        "snapshot_short", "snapshot_long", "snapshot_cost",
    ]  # fmt: skip
    assert all(figure.ratio and figure.ratio > 0 for figure in figures)


def test_appends_of_several_processes_are_measured_beside_bare_inserts() -> None:
    figures = appends.measure(seconds=0.2, rounds=1, processes=2, advance=nothing)
    assert set(figures[0].raw) == {"ours", "bare", "indexed"}
    assert all(one["count"] > 0 for one in figures[0].raw.values())


def test_open_streams_are_all_served_and_weighed() -> None:
    (figure,) = streams.measure(streams=50, advance=nothing)
    assert figure.raw["served"] == 50
    assert figure.raw["idle_kb"] > 0
    # Fifty cannot show what is asked of ten thousand.
    assert figure.reached is not True


def test_a_peer_that_is_missing_is_left_out_with_its_reason() -> None:
    figures = burst.figures({"ours": [TAKE], "nchan_1": []}, {"nchan_1": "no nginx here"}, 1, 1)
    assert figures[0].peer == "no nginx here"
    assert figures[0].reached is None


def test_a_peer_is_missing_where_its_program_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peer, "PATH", str(tmp_path))
    with pytest.raises(peer.Missing, match="nginx is not installed"):
        burst.nchan(1, 1, workers=1)
    with pytest.raises(peer.Missing, match="redis-server is not installed"):
        burst.redis(1, 1)


def test_the_faster_of_both_nchans_is_the_peer() -> None:
    takes = {"ours": [TAKE], "nchan_1": [SLOWER], "nchan_2": [TAKE], "redis": [SLOWER]}
    nchan, redis = burst.figures(takes, {}, 1, 1)
    assert (nchan.ratio, nchan.reached) == (1.0, False)
    assert (redis.ratio, redis.reached) == (4.0, None)


def test_the_figures_are_drawn_from_what_was_kept(tmp_path: Path) -> None:
    figures = [
        *delivery.figures(
            {"ours": [0.1, 0.2], "append": [0.3, 0.4], "polling": [100, 400]},
            {"redis": "none"},
            "few",
        ),
        *burst.figures({"ours": [TAKE], "nchan_1": [SLOWER]}, {}, 1, 1),
        Figure(name="without numbers", value="1"),
    ]
    assert table(figures).row_count == len(figures)
    kept = json.loads(json.dumps({"machine": machine(), "figures": facts(figures)}))
    assert picture.draw(kept, tmp_path / "bench.png")
    pixels = image.imread(tmp_path / "bench.png")
    # Opaque white behind everything: it is read on dark pages, too.
    assert list(pixels[0, 0]) == [1, 1, 1, 1]


def test_figures_without_a_picture_leave_none(tmp_path: Path) -> None:
    figures = [Figure(name="without numbers", value="1")]
    kept = {"machine": machine(), "figures": facts(figures)}
    assert not picture.draw(kept, tmp_path / "bench.png")
    assert list(tmp_path.iterdir()) == []
