"""One visit in several tabs: one connection, whichever tab comes, goes or hangs."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from demo.landing import Landing
from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service, Stream
from tests.snippet.history import entered, estimate, result, screens

# Long enough for a busy machine: no leader that is alive is taken for a dead one.
ALIVE = {"first": 20_000}
HEARD = """([name, words]) => new Promise((resolve) => {
  const fits = (detail) => !words || detail.mensagem === words;
  document.addEventListener(name, ({ detail }) => fits(detail) && resolve());
  if (left.told.some(([kind, detail]) => kind === name && fits(detail))) resolve();
})"""
LOCKS = "navigator.locks.query().then(({ held, pending }) => [held.length, pending.length])"
LEAVE = "document.querySelector('andamento-modal').remove()"
# Holds the lock, and neither says nor hears anything.
HANG = "BroadcastChannel.prototype.postMessage = () => {}"
# A tab that knows the visit follows it from its first moment on.
EARLY = """
const { define } = CustomElementRegistry.prototype;
CustomElementRegistry.prototype.define = function (name, modal) {
  Object.assign(modal.seams.times, %s);
  define.call(this, name, modal);
};
"""
COUNT_CHANNELS = """
window.channels = 0;
const { BroadcastChannel: Channel } = window;
window.BroadcastChannel = class extends Channel {
  constructor(name) { super(name); channels += 1; }
  close() { super.close(); channels -= 1; }
};
"""


@pytest.fixture
def other(visitor: Visitor, landing: Landing) -> Visitor:
    """The same person's second tab."""
    return Visitor(visitor.page.context.new_page(), landing)


def told(visitor: Visitor, name: str, words: str = "") -> None:
    """Wait until the page is told this; a tab in the background has no frames to look in."""
    visitor.page.evaluate(HEARD, [name, words])


def arrive(visitor: Visitor, **times: float) -> None:
    """Open the page, with these waits for its first moment, too."""
    visitor.page.add_init_script(EARLY % json.dumps(ALIVE | times))
    visitor.arrive(**(ALIVE | times))


def begin(visitor: Visitor, service: Service) -> None:
    """The first tab leads and shows the first screens."""
    arrive(visitor)
    visitor.submit()
    service.wait_for(lambda: service.open_streams == 1)
    service.say(*screens(0, 3))
    told(visitor, "progress", screens(2, 3)[-1][1]["mensagem"])


def join(visitor: Visitor, **times: float) -> None:
    """Another tab knows the visit by its address only, and shows it all the same."""
    arrive(visitor, **times)
    told(visitor, "progress")


def expect_orderly(visitor: Visitor, service: Service, first: int) -> None:
    """Each event from the first one shown on was told once and in order."""
    stamps = [detail["timestamp_atualizacao"] for detail in visitor.told("progress")]
    assert stamps[-(len(service.events) - first) :] == [
        event.at for event in service.events[first:]
    ]
    assert len(stamps) == len(set(stamps))
    assert len(visitor.told("estimate")) == len(visitor.told("result")) == 1


def expect_nothing_held(page: Page) -> None:
    """No lock, held or wished for, and no channel."""
    assert page.evaluate(LOCKS) == [0, 0]
    assert page.evaluate("channels") == 0


def test_two_tabs_have_one_connection_and_both_show_everything(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    for tab in (visitor, other):
        tab.page.add_init_script(COUNT_CHANNELS)
    begin(visitor, service)
    join(other)
    # Told what the leader shows, though nothing has happened since.
    assert other.told("progress")[-1] == service.snapshot()["progress"]
    service.say(*screens(3, 5), estimate())
    for tab in (visitor, other):
        told(tab, "estimate")
    assert (service.followed, service.open_streams) == ([0], 1)
    service.say(*screens(5), result())
    for tab in (visitor, other):
        told(tab, "result")
        expect_orderly(tab, service, 6)
        assert tab.told("progress")[-1] == service.snapshot()["progress"]
    service.wait_for(lambda: service.open_streams == 0)
    assert (service.followed, service.joined) == ([0], [])
    assert service.asked("GET /api/rpa/progress/") == 0
    for tab in (visitor, other):
        expect_nothing_held(tab.page)


def test_when_the_leading_tab_is_closed_the_other_goes_on(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    begin(visitor, service)
    join(other)
    visitor.page.close()
    service.wait_for(lambda: len(service.followed) == 2)
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    told(other, "result")
    expect_orderly(other, service, 6)
    assert service.followed == [0, 6]


def test_a_tab_that_stops_leaves_the_lead_to_another(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    visitor.page.add_init_script(COUNT_CHANNELS)
    begin(visitor, service)
    join(other)
    visitor.page.evaluate(LEAVE)
    service.wait_for(lambda: service.followed == [0, 6] and service.open_streams == 1)
    assert visitor.page.evaluate("channels") == 0
    assert visitor.page.evaluate(LOCKS) == [1, 0]
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    told(other, "result")
    expect_orderly(other, service, 6)
    assert len(visitor.told("progress")) == 1 + 6


def test_a_follower_that_stops_disturbs_nobody(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    other.page.add_init_script(COUNT_CHANNELS)
    begin(visitor, service)
    join(other)
    other.page.evaluate(LEAVE)
    assert other.page.evaluate("channels") == 0
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    told(visitor, "result")
    expect_orderly(visitor, service, 6)
    assert service.followed == [0]


def test_a_reload_goes_on_from_one_look(visitor: Visitor, service: Service) -> None:
    begin(visitor, service)
    visitor.page.reload()
    told(visitor, "progress")
    service.wait_for(lambda: len(service.followed) == 2)
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    told(visitor, "result")
    expect_orderly(visitor, service, 5)
    assert service.followed == [0, 6]
    assert service.asked("GET /api/rpa/progress/") == 1


def test_a_reload_of_the_leading_tab_leaves_no_gap(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    begin(visitor, service)
    join(other)
    visitor.page.reload()
    told(visitor, "progress")
    service.wait_for(lambda: service.followed == [0, 6] and service.open_streams == 1)
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    for tab in (visitor, other):
        told(tab, "result")
    expect_orderly(other, service, 6)
    expect_orderly(visitor, service, 5)
    assert service.followed == [0, 6]


def test_a_frozen_leader_loses_the_lead_and_gives_way_when_it_wakes(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    begin(visitor, service)
    join(other, first=100, silence=1500)
    debugger = visitor.page.context.new_cdp_session(visitor.page)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")
    service.wait_for(lambda: len(service.followed) == 2)
    service.say(*screens(3, 5), estimate())
    told(other, "estimate")
    debugger.send("Debugger.disable")
    service.wait_for(lambda: service.open_streams == 1)
    # What the sleeper slept through it now hears from the other, like all the rest.
    service.say(*screens(5), result())
    for tab in (visitor, other):
        told(tab, "result")
        expect_orderly(tab, service, 6)
    assert service.followed[:2] == [0, 6]


def test_a_newcomer_does_not_wait_for_a_leader_that_hangs(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    begin(visitor, service)
    visitor.page.evaluate(HANG)
    join(other, first=100)
    service.wait_for(lambda: service.followed == [0, 6] and service.open_streams == 1)
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    for tab in (visitor, other):
        told(tab, "result")
    expect_orderly(visitor, service, 6)
    expect_orderly(other, service, 5)


def test_what_a_leader_says_that_was_put_aside_is_not_heard(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    begin(visitor, service)
    join(other)
    session = service.snapshot()["session_id"]
    late = {"cursor": 99, "terminal": True, "progress": service.snapshot()["progress"]}
    other.page.evaluate(
        "([name, late]) => new BroadcastChannel(name).postMessage([1, 'snapshot', late])",
        [session, late],
    )
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    for tab in (visitor, other):
        told(tab, "result")
        expect_orderly(tab, service, 6)
    assert service.followed == [0]


@pytest.mark.parametrize(
    "missing",
    [
        "delete window.BroadcastChannel",
        "delete Navigator.prototype.locks",
        "navigator.locks && (navigator.locks.request = () => Promise.reject(new DOMException()))",
    ],
    ids=["channel", "locks", "forbidden"],
)
def test_tabs_that_cannot_share_follow_each_for_itself(
    visitor: Visitor, other: Visitor, service: Service, missing: str
) -> None:
    for tab in (visitor, other):
        tab.page.add_init_script(missing)
    begin(visitor, service)
    join(other)
    service.wait_for(lambda: service.open_streams == 2)
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    for tab in (visitor, other):
        told(tab, "result")
        expect_orderly(tab, service, 6)
    assert service.followed == [0, 6]


def test_a_lost_connection_is_said_in_every_tab(
    visitor: Visitor, other: Visitor, service: Service
) -> None:
    begin(visitor, service)
    join(other)
    service.go_away()
    for tab in (visitor, other):
        expect(tab.modal.locator(".link")).to_contain_text("Conexão perdida")
    service.come_back()
    service.say(entered("7", "Pernoite"))
    for tab in (visitor, other):
        told(tab, "progress", "Preenchendo: pernoite.")


def test_polls_are_shared_too(visitor: Visitor, other: Visitor, service: Service) -> None:
    service.streams.extend([Stream(status=503)] * 9)
    service.sockets.extend([Stream(status=503)] * 9)
    arrive(visitor)
    visitor.submit()
    service.say(*screens(0, 3))
    told(visitor, "progress", screens(2, 3)[-1][1]["mensagem"])
    join(other)
    service.say(*screens(3, 5), estimate(), *screens(5), result())
    for tab in (visitor, other):
        told(tab, "result")
        assert tab.told("progress")[-1] == service.snapshot()["progress"]
    assert (service.followed[2:], service.joined[2:]) == ([], [])
