"""A service may open as many files as its settings promise streams."""

from __future__ import annotations

import subprocess
import sys

import pytest

from andamento.limit import OTHERS

SCRIPT = """
import resource, sys
from andamento.limit import allow
soft, hard, streams = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow(streams), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def limited(soft: int, hard: int, streams: int) -> tuple[list[int], str]:
    """What a process with these limits gets for so many streams, and what it says."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(soft), str(hard), str(streams)],
        check=True,
        capture_output=True,
        text=True,
    )
    *said, limits = done.stdout.splitlines()
    return [int(limit) for limit in limits.split()], "".join(said) + done.stderr


@pytest.mark.parametrize(
    ("soft", "hard", "reached"),
    [
        (256, 4096, 100 + OTHERS),
        (2048, 4096, 2048),
    ],
)
def test_it_takes_what_it_needs_and_no_more(soft: int, hard: int, reached: int) -> None:
    assert limited(soft, hard, 100) == ([reached, reached], "")


def test_where_the_system_gives_less_it_takes_that_and_says_so() -> None:
    limits, said = limited(256, 512, 100)
    assert limits == [512, 512]
    assert "fewer open files" in said
    assert "512" in said and str(100 + OTHERS) in said
