"""Bad networks under clients that were not made for this service: nothing lost, nothing doubled.

1. Whatever the line does, a client's user sees each event once, in order, and no `reset`.
2. Afterwards the client stops by itself: it came once more with the last cursor, was told 204, and
   nobody came after that.
3. Half of each session is history when the client comes, the other half happens while it reads.
4. Chromium takes half a head for a whole one (over plain HTTP; not over TLS), misses the content
   type in it, and gives up for good. No server can help that: a page that finds its `EventSource`
   CLOSED without an ending opens another.
5. A native `EventSource` and the npm package know no silence (pages of ours do, by the pings):
   under them a dead line must end some time, as it does in the world.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import pytest
from playwright.async_api import BrowserContext

from tests.packages import install_packages
from tests.service.conftest import Pen, Running
from tests.stream.client import (
    WITH_HTTPX,
    Client,
    Told,
    with_chromium,
    with_curl,
    with_node,
)
from tests.stream.proxy import BUFFER_BYTES, Ending, Fault, Proxy, cuts, proxying

pytestmark = pytest.mark.anyio

HISTORY, EVENTS = 6, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network: the faults of the coming connections, and how many at least must have struck.

    `size` is the length of an event's message; `ended` says if the user surely sees `end`.
    """

    faults: list[Fault]
    strikes: int = 0
    size: int = 20
    ended: bool = True


CASES = {
    "cut before the first byte": Case(faults=[Fault(after_bytes=0)], strikes=1),
    "cut in the head": Case(faults=[Fault(after_bytes=900), Fault(after_bytes=40)], strikes=2),
    "cut between events": Case(
        faults=[Fault(after_events=3), Fault(after_events=2), Fault(after_events=4)], strikes=3
    ),
    "cut inside a block": Case(
        # In the id, in the data, and between the two ends of line that end the block.
        faults=[Fault(after_events=count, inside=inside) for count, inside in
                ((1, 250), (3, 40), (2, 1))],
        strikes=3,
    ),
    "cut between the last event and the end": Case(
        faults=[Fault(after_events=EVENTS)], strikes=1, ended=False
    ),
    "reset": Case(
        faults=[
            Fault(after_events=3, ending=Ending.RST),
            Fault(after_events=2, inside=40, ending=Ending.RST),
        ],
        strikes=2,
    ),
    "cut and reset anywhere": Case(
        faults=[Fault(after_bytes=900), *cuts(5, 12, least=700, most=1800)],
        strikes=3,
        size=200,
        ended=False,
    ),
    "silence": Case(faults=[Fault(after_events=8, ending=Ending.SILENCE)], strikes=1),
    "one byte at a time": Case(faults=[Fault(piece=1)]),
    "late": Case(faults=[Fault(piece=300, late=30)]),
    "a buffer of 100 KB": Case(faults=[Fault(buffered=BUFFER_BYTES)], size=20_000),
}  # fmt: skip


MATRIX = [
    pytest.param(client, case, id=f"{client}, {name}")
    for client in ("curl", "httpx-sse", "eventsource", "Chromium")
    for name, case in CASES.items()
    if (client, name) != ("Chromium", "cut in the head")
]


@pytest.fixture
async def client(
    request: pytest.FixtureRequest, browser: BrowserContext, site: str, tmp_path: Path
) -> AsyncIterator[Client]:
    """One client, ready to follow."""
    if request.param == "curl":
        yield with_curl(tmp_path)
    elif request.param == "httpx-sse":
        yield WITH_HTTPX
    elif request.param == "eventsource":
        if missing := install_packages(Path(__file__).parent):
            pytest.skip(missing)
        yield with_node()
    else:
        page = await browser.new_page()
        await page.goto(site)
        yield with_chromium(page)
        await page.close()


async def live(pen: Pen, proxy: Proxy, client: Client, case: Case) -> None:
    """The session's other half: what happens once the client is there."""
    await proxy.until(lambda: len(proxy.asked) > 0)
    for _ in range(HISTORY, EVENTS - 1):
        await pen.progress(mensagem="x" * case.size)
    if case.faults[0].ending is Ending.SILENCE:
        # The ending itself happens while the line is dead.
        await proxy.until(lambda: proxy.struck > 0)
    await pen.result()
    if not client.hears_silence:
        proxy.let_go()


@pytest.mark.parametrize(("client", "case"), MATRIX, indirect=["client"])
async def test_a_user_sees_each_event_once_and_the_client_stops(
    service: Running, client: Client, case: Case
) -> None:
    session = await service.new()
    pen = await service.pen(session)
    await pen.progress(HISTORY, mensagem="x" * case.size)
    told: list[Told] = []
    async with proxying(int(service.url.rpartition(":")[2]), case.faults) as proxy:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(live, pen, proxy, client, case)
                told = await client.follow(proxy.address(service.url + service.events(session)))
        await assert_nobody_comes_any_more(proxy)
    assert_each_once(told, case)
    assert proxy.struck >= case.strikes


async def assert_nobody_comes_any_more(proxy: Proxy) -> None:
    """Only the last request had the last cursor, and the next one is ours."""
    proxy.behave()
    asked = [request.last_event_id for request in proxy.asked]
    assert asked.index(str(EVENTS)) == len(asked) - 1
    async with httpx.AsyncClient(base_url=proxy.address("http://service")) as stranger:
        assert (await stranger.get("/livez")).status_code == 200
    assert [request.path for request in proxy.asked[len(asked) :]] == ["/livez"]


def assert_each_once(told: list[Told], case: Case) -> None:
    """What the user saw is the session, and perhaps its end."""
    names = [one.name for one in told]
    events = told[:EVENTS]
    assert [json.loads(one.data)["seq"] for one in events] == list(range(1, EVENTS + 1))
    assert [one.id for one in events] == [str(seq) for seq in range(1, EVENTS + 1)]
    assert names[:EVENTS] == ["progress"] * (EVENTS - 1) + ["result"]
    assert names[EVENTS:] in ([["end"]] if case.ended else [[], ["end"]])
