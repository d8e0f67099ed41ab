"""Bad roads: cut, refused and silent connections, and a service that goes away.

The ways of reading, and when one gives way to the next, are in test_ladder.py.
"""

from __future__ import annotations

from playwright.sync_api import expect

from tests.snippet.arrival import READY, expect_whole
from tests.snippet.conftest import Visitor
from tests.snippet.fake import Service, Stream
from tests.snippet.history import entered, estimate, quote, result, screens

DEAF_TO_CLOSE = """
customElements.whenDefined("andamento-modal").then(({ seams }) => {
  seams.WebSocket = class extends WebSocket { close() {} };
});
"""


def test_a_cut_connection_goes_on_without_loss_or_repeat(
    visitor: Visitor, service: Service
) -> None:
    service.streams.extend([Stream(cut_after=3), Stream(cut_after=1), Stream(cut_after=4)])
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect_whole(visitor, service)
    assert service.followed == [0, 3, 4, 8]
    # Each event once, besides the answer to the start.
    assert len(visitor.told("progress")) == 1 + len(service.events)
    assert len(service.started) == 1


def test_a_refused_connection_is_opened_anew_from_the_cursor(
    visitor: Visitor, service: Service
) -> None:
    service.streams.extend([Stream(cut_after=5), Stream(status=503)])
    service.say(*screens(0, 5), estimate())
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: len(service.followed) == 3)
    service.say(*screens(5), result())
    expect_whole(visitor, service)
    # The look in between has shown all eleven.
    assert service.followed == [0, 5, 11]


def test_half_a_response_head_is_not_the_end(visitor: Visitor, service: Service) -> None:
    # Chromium closes for good then, without having been told an ending.
    service.streams.extend([Stream(cut_after=5), Stream(half_head=True)])
    service.say(*screens(0, 5), estimate())
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: len(service.followed) == 3)
    service.say(*screens(5), result())
    expect_whole(visitor, service)
    assert service.followed == [0, 5, 11]


def test_a_superseded_connection_is_not_heard(visitor: Visitor, service: Service) -> None:
    visitor.page.add_init_script("delete window.EventSource")
    visitor.page.add_init_script(DEAF_TO_CLOSE)
    service.sockets.append(Stream(leave_out=6, cut_after=12))
    service.say(*screens(0, 5), estimate())
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: service.open_sockets == 2)
    # The first one still talks, and then it breaks.
    service.say(*screens(5))
    service.wait_for(lambda: service.open_sockets == 1)
    service.say(result())
    expect_whole(visitor, service)
    assert service.joined == [0, 11]


def test_silence_leads_to_a_new_connection(visitor: Visitor, service: Service) -> None:
    service.streams.append(Stream(silent_after=4))
    service.say(*screens(0, 5), estimate())
    visitor.arrive(silence=1000)
    visitor.submit()
    service.wait_for(lambda: len(service.followed) == 2)
    service.say(*screens(5), result())
    expect_whole(visitor, service)
    assert service.followed == [0, 11]


def test_a_gap_is_healed_from_the_log(visitor: Visitor, service: Service) -> None:
    service.streams.append(Stream(leave_out=6))
    service.say(*screens(0, 5), estimate())
    visitor.arrive()
    visitor.submit()
    service.wait_for(lambda: len(service.followed) == 2)
    service.say(*screens(5), result())
    expect_whole(visitor, service)
    assert service.followed == [0, 11]


def test_a_reset_starts_over_and_arrives(visitor: Visitor, service: Service) -> None:
    service.streams.extend([Stream(cut_after=4), Stream(reset=True)])
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect(visitor.title).to_have_text(READY)
    expect(visitor.modal.locator(".trail li")).to_have_count(14)
    assert len(visitor.told("result")) == 1


def test_an_end_without_an_ending_is_not_believed(visitor: Visitor, service: Service) -> None:
    service.streams.append(Stream(end_early=True))
    service.say(*quote())
    visitor.arrive()
    visitor.submit()
    expect_whole(visitor, service)


def test_a_service_that_is_away_is_named_and_awaited(visitor: Visitor, service: Service) -> None:
    visitor.arrive()
    visitor.submit()
    service.say(entered("1", "Tipo de seguro"))
    expect(visitor.title).to_have_text("Tipo de seguro")
    service.go_away()
    link = visitor.modal.locator(".link")
    expect(link).to_contain_text("Conexão perdida")
    service.say(*screens(0, 5), estimate(), entered("7", "Pernoite"))
    service.come_back()
    expect(visitor.title).to_have_text("Pernoite")
    expect(visitor.modal.locator(".covers h4")).to_have_count(3)
    expect(link).to_be_hidden()
    assert len(service.started) == 1


def test_a_session_that_is_gone_is_said_and_not_asked_for_again(
    visitor: Visitor, service: Service
) -> None:
    visitor.arrive()
    visitor.page.route("**/api/rpa/progress/**", lambda route: route.fulfill(
        status=404, headers={"Access-Control-Allow-Origin": "*"}, json={"success": False}
    ))  # fmt: skip
    service.streams.append(Stream(status=404))
    visitor.submit()
    expect(visitor.title).to_have_text("Esta cotação não está mais disponível")
    expect(visitor.modal.get_by_role("button", name="Tentar de novo")).to_be_visible()
    assert service.followed == [0]
