"""What happens on the way: the service goes, the network goes, and bad roads between the two.

Where the visitor's page has seen one event before the next one happens, it is told each of them,
whatever it reads by: none is left out, and none comes twice.
"""

from __future__ import annotations

import pytest
from anyio.from_thread import BlockingPortal

from tests.modal.road import Hold, Road
from tests.modal.service import Service
from tests.modal.visitor import FIRST_HALF, QUOTE, SECOND_HALF, Visitor

# What happens while nobody can be told.
AWAY, AFTERWARDS = SECOND_HALF[:4], SECOND_HALF[4:]
# How long an answer may take before another way of reading is tried, in ms.
SOON = 300


def test_a_service_killed_and_started_again_is_found_again(
    visitor: Visitor, service: Service
) -> None:
    # Without a road between: a connection is refused while nobody listens.
    visitor.landing.api = service.url
    visitor.prepare()
    robot = visitor.ask()
    visitor.follow(robot, FIRST_HALF)
    service.kill()
    robot.say(*AWAY)
    service.start()
    visitor.hears(AWAY[-1])
    visitor.follow(robot, AFTERWARDS)
    visitor.saw_result()
    assert len(visitor.told("result")) == 1


def test_offline_and_back_again_nothing_is_missing(
    visitor: Visitor, path: Road, portal: BlockingPortal
) -> None:
    visitor.prepare()
    robot = visitor.ask()
    visitor.follow(robot, FIRST_HALF)
    visitor.context.set_offline(True)
    # A browser that plays offline keeps what is open.
    portal.call(path.cut)
    visitor.sees(visitor.dialog.get_by_text("Conexão perdida").first)
    assert visitor.page.evaluate("navigator.onLine") is False
    robot.say(*AWAY)
    portal.call(path.mend)
    visitor.context.set_offline(False)
    visitor.hears(AWAY[-1])
    visitor.follow(robot, AFTERWARDS)
    visitor.saw_result()


def test_without_event_source_a_web_socket_tells_all(visitor: Visitor, path: Road) -> None:
    visitor.context.add_init_script("delete window.EventSource")
    visitor.prepare()
    visitor.follow(visitor.ask(), QUOTE)
    visitor.saw_all(QUOTE)
    assert path.took("ws") and not path.took("events")


def test_without_event_source_and_web_socket_long_polls_tell_all(
    visitor: Visitor, path: Road
) -> None:
    visitor.context.add_init_script("delete window.EventSource; delete window.WebSocket")
    visitor.prepare()
    visitor.follow(visitor.ask(), QUOTE)
    visitor.saw_all(QUOTE)
    assert path.took("progress") and not path.took("ws") and not path.took("events")


@pytest.mark.parametrize("how", Hold)
def test_a_stream_held_back_by_a_proxy_gives_way_to_a_web_socket(
    visitor: Visitor, path: Road, portal: BlockingPortal, how: Hold
) -> None:
    portal.call(path.hold, how, "events")
    visitor.prepare(first=SOON)
    visitor.follow(visitor.ask(), QUOTE)
    visitor.saw_all(QUOTE)
    assert path.took("events") and path.took("ws")


def test_a_proxy_that_holds_back_streams_and_web_sockets_is_beaten_by_long_polls(
    visitor: Visitor, path: Road, portal: BlockingPortal
) -> None:
    portal.call(path.hold, Hold.SWALLOWED, "events", "ws")
    visitor.prepare(first=SOON)
    visitor.follow(visitor.ask(), QUOTE)
    visitor.saw_all(QUOTE)
    assert path.took("ws") and path.took("progress")
