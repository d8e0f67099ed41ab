"""Who is asking, what they may, and how much of it."""

from __future__ import annotations

import jwt
import pytest

from service.address import canonical, grouped, networks, visitor
from service.cursor import Cursor, parse
from service.limits import Gate, Limit, NoRoom
from service.settings import Pace
from service.token import Scope, TokenExpired, TokenInvalid, check, digest, mint

SECRET = "x" * 32
TRUSTED = networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.1", "", "203.0.113.1"),
        ("203.0.113.1", "198.51.100.7", "203.0.113.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.9", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("::1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:203.0.113.1", "", "203.0.113.1"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("", "198.51.100.7", ""),
    ],
)
def test_the_visitor_is_the_right_most_address_that_is_no_trusted_proxy(
    peer: str, forwarded: str, seen: str
) -> None:
    assert visitor(peer, forwarded, TRUSTED) == seen


def test_addresses_have_one_spelling_and_ipv6_counts_by_its_network() -> None:
    assert canonical("2001:DB8:0::0001") == "2001:db8::1"
    assert grouped("2001:db8::1") == grouped("2001:db8::ffff")
    assert grouped("2001:db8::1") != grouped("2001:db8:0:1::1")
    assert grouped("203.0.113.1") == "203.0.113.1"


def test_a_proxy_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(ValueError, match="proxy"):
        networks(["proxy.example"])


@pytest.mark.parametrize(
    ("given", "cursor"),
    [
        ([], Cursor()),
        (["", " "], Cursor()),
        (["7", "x", "12"], Cursor(seq=12)),
        (["x"], Cursor(readable=False)),
        (["0"], Cursor()),
        (["²", "７"], Cursor(readable=False)),
    ],
)
def test_the_largest_valid_cursor_counts(given: list[str], cursor: Cursor) -> None:
    assert parse(given) == cursor


def test_a_token_says_for_which_session_and_what() -> None:
    granted = check(SECRET, mint(SECRET, "s", scopes=[Scope.READ]))
    assert (granted.session_id, granted.scopes) == ("s", frozenset({"read"}))


def test_an_old_token_is_expired_and_anything_else_is_invalid() -> None:
    with pytest.raises(TokenExpired):
        check(SECRET, mint(SECRET, "s", ttl_s=-1))
    for forged in ("", "a.b.c", mint("y" * 32, "s"), "é", mint(SECRET, "s")[:-3]):
        with pytest.raises(TokenInvalid):
            check(SECRET, forged)


@pytest.mark.parametrize(
    ("claims", "algorithm"),
    [
        ({"sub": "s", "scope": ["read"], "exp": 9e9}, "none"),
        ({"sub": "s", "scope": ["read"], "exp": 9e9}, "HS512"),
        ({"sub": "s", "scope": ["read"]}, "HS256"),
        ({"scope": ["read"], "exp": 9e9}, "HS256"),
        ({"sub": "s", "exp": 9e9}, "HS256"),
        ({"sub": 7, "scope": ["read"], "exp": 9e9}, "HS256"),
        ({"sub": "s", "scope": "read", "exp": 9e9}, "HS256"),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_made_otherwise_is_no_token(claims: dict[str, object], algorithm: str) -> None:
    key = "" if algorithm == "none" else SECRET
    forged = jwt.encode(claims, key, algorithm=algorithm)
    with pytest.raises(TokenInvalid):
        check(SECRET, forged)


def test_a_digest_depends_on_key_purpose_and_value_and_not_on_the_order_of_fields() -> None:
    one = digest(SECRET, "a", {"x": 1, "y": "é"})
    assert one == digest(SECRET, "a", {"y": "é", "x": 1})
    assert len({one, digest("y" * 32, "a", {"x": 1, "y": "é"}), digest(SECRET, "b", "x")}) == 3


def gate(**limits: int) -> Gate:
    given = {"starts_per_minute": 2, "requests_per_minute": 2, "streams": 2,
             "streams_per_address": 1, "streams_per_session": 9, **limits}  # fmt: skip
    return Gate(**given)


def refused(counted: Gate, address: str, session_id: str = "s") -> Limit | None:
    """The limit that stands in the way of one more stream."""
    try:
        with counted.stream(address, session_id):
            return None
    except NoRoom as full:
        return full.limit


def test_each_address_has_its_own_allowance() -> None:
    counted = gate()
    for _ in range(2):
        counted.request("203.0.113.1")
    with pytest.raises(NoRoom) as caught:
        counted.request("203.0.113.1")
    assert (caught.value.mine, 1 <= caught.value.wait_s <= 60) == (True, True)
    counted.request("203.0.113.2")


def test_starts_and_requests_are_counted_apart() -> None:
    counted = gate()
    for _ in range(2):
        counted.request("203.0.113.1")
        counted.start("203.0.113.1")
    with pytest.raises(NoRoom):
        counted.start("203.0.113.1")


def test_this_machine_may_ask_often_but_starts_are_counted() -> None:
    counted = gate()
    for _ in range(9):
        counted.request("127.0.0.1")
        counted.request("")
        counted.start("")
    for _ in range(2):
        counted.start("127.0.0.1")
    with pytest.raises(NoRoom):
        counted.start("127.0.0.1")


def test_streams_are_counted_by_address_and_in_all_and_given_back() -> None:
    counted = gate()
    with counted.stream("203.0.113.1", "a"):
        assert refused(counted, "203.0.113.1") is Limit.ADDRESS
        with counted.stream("203.0.113.2", "b"):
            assert refused(counted, "203.0.113.3") is Limit.STREAMS
    assert counted.streams == 0
    with counted.stream("127.0.0.1", "a"), counted.stream("127.0.0.1", "a"):
        assert counted.streams == 2
    assert refused(counted, "203.0.113.1") is None
    assert counted.refused == {Limit.ADDRESS: 1, Limit.STREAMS: 1}


def test_an_ipv6_visitor_has_one_allowance_for_a_whole_network() -> None:
    counted = gate()
    with counted.stream("2001:db8::1", "a"):
        assert refused(counted, "2001:db8::ffff") is Limit.ADDRESS
        assert refused(counted, "2001:db8:0:1::1") is None


def test_a_session_has_so_many_watchers_wherever_they_are() -> None:
    counted = gate(streams=9, streams_per_session=2)
    with counted.stream("203.0.113.1", "s"), counted.stream("203.0.113.2", "s"):
        assert refused(counted, "203.0.113.3", "s") is Limit.SESSION
        assert refused(counted, "203.0.113.3", "other") is None
        assert refused(counted, "127.0.0.1", "s") is None
    assert refused(counted, "203.0.113.3", "s") is None


def test_only_the_limit_of_all_is_nobodys_own() -> None:
    assert [limit for limit in Limit if not NoRoom(limit, wait_s=1).mine] == [Limit.STREAMS]


def test_a_patience_that_no_ping_interrupts_is_refused() -> None:
    Pace(ping_s=5, patience_s=5.1)
    with pytest.raises(ValueError, match=r"patience_s \(5\) must be longer than ping_s \(5\)"):
        Pace(ping_s=5, patience_s=5)
