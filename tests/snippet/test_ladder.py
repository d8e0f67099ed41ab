"""The ways of reading: each rung of the ladder, each fall to the next, and one cursor on all."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.snippet.arrival import expect_whole
from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service, Stream
from tests.snippet.history import entered, estimate, quote, result, screens

NO_STREAM = "delete window.EventSource"
NO_SOCKET = "delete window.WebSocket"
REFUSED = [Stream(status=503)] * 9
SWALLOWED = [Stream(hang=True)] * 9
POLLED = "GET /api/rpa/progress/"
DELAYS = """
window.delays = [];
const later = window.setTimeout;
window.setTimeout = (work, delay, ...rest) => {
  delays.push(delay);
  return later(work, delay, ...rest);
};
"""


def test_where_streams_work_nothing_else_is_tried(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: service.open_streams == 1)
    service.say(*quote())
    expect_whole(visitor, service)
    assert service.joined == []
    assert service.asked(POLLED) == 0


def test_a_proxy_that_swallows_streams_leaves_the_socket(
    visitor: Visitor, service: Service
) -> None:
    service.streams.extend(SWALLOWED)
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: service.open_sockets == 1)
    service.say(*screens(0, 5), estimate())
    expect(visitor.modal.locator(".covers h4")).to_have_count(3)
    service.say(*screens(5), result())
    expect_whole(visitor, service)
    assert (service.followed, service.joined) == ([0], [0])
    # Each event by itself, besides the answer to the start: not one was polled for.
    assert len(visitor.told("progress")) == 1 + len(service.events)


def test_a_proxy_that_swallows_both_leaves_the_long_poll(
    visitor: Visitor, service: Service
) -> None:
    service.streams.extend(SWALLOWED)
    service.sockets.extend(SWALLOWED)
    visitor.arrive(first=150)
    visitor.submit()
    service.wait_for(lambda: service.asked(POLLED) == 1)
    service.say(*quote())
    expect_whole(visitor, service)
    assert (service.followed, service.joined) == ([0], [0])


@pytest.mark.parametrize("missing", [NO_STREAM, f"{NO_STREAM}; {NO_SOCKET}"])
def test_what_the_browser_lacks_is_left_out(
    visitor: Visitor, service: Service, missing: str
) -> None:
    visitor.page.add_init_script(missing)
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: service.open_sockets + service.asked(POLLED) == 1)
    service.say(*screens(0, 5), estimate())
    expect(visitor.title).to_have_text("Estimativa inicial")
    service.say(*screens(5))
    expect(visitor.title).to_have_text("Cálculo final")
    service.say(result())
    expect_whole(visitor, service)
    assert (service.followed, service.joined) == ([], [] if NO_SOCKET in missing else [0])


def test_a_socket_that_the_page_may_not_open_is_left_out(
    visitor: Visitor, service: Service
) -> None:
    # What browsers do by the page's policy, and for ws: in an https page.
    visitor.page.add_init_script(
        f"{NO_STREAM}; window.WebSocket = class {{ constructor() {{ throw new DOMException() }} }}"
    )
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect_whole(visitor, service)
    assert (service.followed, service.joined) == ([], [])


def test_a_stream_refused_twice_gives_way_to_the_socket(visitor: Visitor, service: Service) -> None:
    service.streams.extend(REFUSED)
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: service.open_sockets == 1)
    service.say(*quote())
    expect_whole(visitor, service)
    assert (service.followed, service.joined) == ([0, 0], [0])


def test_a_socket_refused_twice_gives_way_to_polling(visitor: Visitor, service: Service) -> None:
    service.streams.extend(REFUSED)
    service.sockets.extend(REFUSED)
    service.long_poll = False
    visitor.arrive()
    visitor.submit()
    # One look before each second try.
    service.wait_for(lambda: service.asked(POLLED) >= 5)
    service.say(*quote())
    expect_whole(visitor, service)
    assert (service.followed, service.joined) == ([0, 0], [0, 0])


def test_a_stream_cut_before_its_first_word_counts_as_refused(
    visitor: Visitor, service: Service
) -> None:
    service.streams.extend([Stream(cut_after=0)] * 9)
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: service.open_sockets == 1)
    service.say(*quote())
    expect_whole(visitor, service)
    assert (service.followed, service.joined) == ([0, 0], [0])


def test_a_swallowed_stream_is_given_up_once_the_snapshot_moves_on(
    visitor: Visitor, service: Service
) -> None:
    service.streams.append(Stream(mute=True))
    service.sockets.append(Stream(mute=True))
    visitor.arrive(first=150)
    visitor.submit()
    service.wait_for(lambda: service.open_streams == 1)
    service.say(*screens(0, 5), estimate())
    # On a busy machine the first byte itself may be too late, and then nothing was missed yet.
    service.wait_for(lambda: service.joined in ([11], [0]))
    # Even what came while nobody spoke was shown.
    expect(visitor.title).to_have_text("Estimativa inicial")
    service.say(*screens(5))
    service.wait_for(lambda: service.open_sockets == 0)
    expect(visitor.title).to_have_text("Cálculo final")
    service.say(result())
    expect_whole(visitor, service)
    assert service.followed == [0]


@pytest.mark.parametrize("missing", ["", NO_STREAM])
def test_a_quiet_session_keeps_its_connection(
    visitor: Visitor, service: Service, missing: str
) -> None:
    service.streams.append(Stream(mute=True))
    service.sockets.append(Stream(mute=True))
    visitor.page.add_init_script(missing)
    visitor.arrive(first=500)
    visitor.submit()
    service.wait_for(lambda: service.asked(POLLED) >= 4)
    assert service.open_streams + service.open_sockets == 1


@pytest.mark.parametrize(
    "how",
    [
        Stream(cut_after=3),
        Stream(cut_after=3, code=1001),
        Stream(cut_after=3, code=1012),
        Stream(silent_after=4),
        Stream(leave_out=6),
        Stream(end_early=True),
        Stream(reset=True, cut_after=4),
    ],
    ids=["cut", "renewed", "restarting", "silent", "gap", "end", "reset"],
)
def test_a_socket_that_misbehaves_is_opened_anew(
    visitor: Visitor, service: Service, how: Stream
) -> None:
    service.sockets.append(how)
    service.say(*screens(0, 5), estimate())
    visitor.page.add_init_script(NO_STREAM)
    visitor.arrive(silence=1000)
    visitor.submit()
    service.wait_for(lambda: len(service.joined) == 2)
    service.say(*screens(5), result())
    expect_whole(visitor, service)
    assert service.joined == [0, 11]


def test_a_service_that_restarts_says_when_to_come_back(visitor: Visitor, service: Service) -> None:
    service.sockets.append(Stream(cut_after=1, code=1012, retry_ms=54321))
    service.say(entered("1", "Tipo de seguro"))
    visitor.page.add_init_script(f"{NO_STREAM}; {DELAYS}")
    visitor.arrive()
    visitor.submit()
    expect(visitor.modal.locator(".link")).to_contain_text("Conexão perdida")
    assert 54321 in visitor.page.evaluate("delays")
    assert service.joined == [0]


def test_one_cursor_leads_down_the_whole_ladder(visitor: Visitor, service: Service) -> None:
    service.streams.extend([Stream(cut_after=4), *REFUSED])
    service.sockets.extend([Stream(cut_after=6), *REFUSED])
    service.say(*screens(0, 2))
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: len(service.joined) == 1)
    service.say(*screens(2, 5))
    service.wait_for(lambda: len(service.joined) == 3)
    service.say(estimate(), *screens(5), result())
    expect_whole(visitor, service)
    # Streams, sockets, then polls: each from where the one before it had come to.
    assert (service.followed, service.joined) == ([0, 4, 4], [4, 10, 10])
    assert len(visitor.told("progress")) >= 1 + 10 + 1


def test_polling_too_outlives_a_restart(visitor: Visitor, service: Service) -> None:
    visitor.page.add_init_script(f"{NO_STREAM}; {NO_SOCKET}")
    visitor.arrive()
    visitor.submit()
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    service.go_away()
    expect(visitor.modal.locator(".link")).to_contain_text("Conexão perdida")
    service.come_back()
    service.say(*quote())
    expect_whole(visitor, service)
