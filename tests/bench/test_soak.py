"""The soak: its readers notice what is wrong, its verdicts tell growth from noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.soak import __main__ as soak
from benchmarks.soak.gauge import Sample
from benchmarks.soak.picture import draw
from benchmarks.soak.reader import Tally
from benchmarks.soak.verdict import MB, judge
from benchmarks.soak.wire import Answer, Block

# Chunks end where the server's buffers do, not where blocks do.
CHUNKS = (
    b": andamento\nretry: 2000\n",
    b'id: 1\nevent: progress\ndata: {"a":1}\n\nevent: pi',
    b"ng\ndata: {}\n\nid",
    b': 2\nevent: result\ndata: {"b":2}\n\n',
    b"",
)
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
    b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in CHUNKS
)


def sample(at_s: float, *, rss: float = 100, wal: float = 4, descriptors: int = 20) -> Sample:
    """One look; sizes in MB."""
    return Sample(
        at_s=at_s,
        rss_bytes=int(rss * MB),
        wal_bytes=int(wal * MB),
        descriptors=descriptors,
        threads=5,
    )


def verdicts(samples: list[Sample], tally: Tally, *, left: int = 20) -> list[str]:
    """The names of what is violated."""
    after = sample(200, descriptors=left)
    return [
        verdict.name
        for verdict in judge(samples, tally, sample(0), after, 1.0)
        if not verdict.holds
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_blocks_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    answer = Answer()
    blocks: list[Block] = []
    for start in range(0, len(STREAM), size):
        blocks += answer.feed(STREAM[start : start + size])
    assert (answer.status, answer.over) == (200, True)
    assert blocks == [
        Block(name="progress", id=1),
        Block(name="ping", id=None),
        Block(name="result", id=2),
    ]


def test_a_calm_soak_is_good() -> None:
    assert not verdicts([sample(at, rss=100 + at % 3) for at in range(100)], Tally())


def test_memory_that_grows_is_a_violation() -> None:
    grown = [sample(at, rss=100 + at / 5) for at in range(100)]
    assert verdicts(grown, Tally()) == ["memory, middle third → last third"]


def test_memory_that_caches_take_once_is_none() -> None:
    filled = [sample(at, rss=100 + min(at, 35) / 5) for at in range(100)]
    assert not verdicts(filled, Tally())


def test_a_long_wal_a_descriptor_left_and_a_gap_are_violations() -> None:
    tally = Tally()
    tally.faults["gap"] += 1
    samples = [sample(at, wal=25 if at == 50 else 4) for at in range(100)]
    assert verdicts(samples, tally, left=21) == [
        "gaps, repeats, refusals", "WAL, at most", "open files after all have left",
    ]  # fmt: skip


def test_a_short_soak_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for the readers; what is left open later is the long soak's to see.
    monkeypatch.setattr(soak, "SETTLE_S", 0.5)
    kept = tmp_path / "soak.json"
    sizes = ["--minutes", "0.05", "--sessions", "4", "--rate", "60", "--readers", "12"]
    soak.main([*sizes, "--json", str(kept)])
    report = json.loads(kept.read_text(encoding="utf-8"))
    assert report["faults"] == {}
    assert report["deliveries"] > 0
    assert report["finished"] > 0


def test_memory_and_wal_are_drawn_over_time(tmp_path: Path) -> None:
    draw([sample(at) for at in range(10)], tmp_path / "soak.png")
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
