"""The newest stretch of a session's history, held in bytes."""

from __future__ import annotations

from db.events import Event, EventType
from service.window import WRITE_BYTES, Frame, Window, encode, join


def frame(seq: int, size: int = 10) -> Frame:
    return Frame(seq=seq, at="", data=b"x" * size, ending=None)


def seqs(window: Window) -> list[int]:
    return [] if window.start is None else list(range(window.start, window.next))


def filled(first: int, last: int, limit: int = 1000) -> Window:
    window = Window(limit)
    for seq in range(first, last + 1):
        window.append(frame(seq))
    return window


def test_a_reader_at_the_edge_is_covered_and_one_before_it_is_not() -> None:
    window = filled(5, 8)
    assert window.covers(4)
    assert not window.covers(3)
    assert not Window().covers(0)


def test_what_is_already_there_is_not_taken_again() -> None:
    window = filled(1, 4)
    window.append(frame(3))
    assert seqs(window) == [1, 2, 3, 4]


def test_a_gap_starts_the_window_anew() -> None:
    window = filled(1, 4)
    window.append(frame(6))
    assert seqs(window) == [6]


def test_a_full_window_drops_its_oldest_and_always_keeps_the_newest() -> None:
    window = filled(1, 9, limit=35)
    assert seqs(window) == [7, 8, 9]
    window.append(frame(10, size=50))
    assert seqs(window) == [10]


def test_a_page_adjoining_in_front_is_taken_as_far_as_it_fits() -> None:
    window = filled(5, 6, limit=45)
    window.merge(0, [frame(seq) for seq in range(1, 5)], last=False)
    assert seqs(window) == [3, 4, 5, 6]


def test_a_page_reaching_beyond_the_window_extends_it() -> None:
    window = filled(5, 6)
    window.merge(0, [frame(seq) for seq in range(1, 9)], last=True)
    assert seqs(window) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_page_that_does_not_adjoin_changes_nothing() -> None:
    window = filled(5, 6)
    window.merge(0, [frame(1), frame(2)], last=False)
    window.merge(8, [frame(9)], last=True)
    assert seqs(window) == [5, 6]


def test_a_page_whose_end_pushes_the_front_out_leaves_no_hole() -> None:
    window = filled(5, 6, limit=30)
    window.merge(0, [frame(seq) for seq in range(1, 9)], last=True)
    assert seqs(window) == [6, 7, 8]


def test_an_empty_page_says_that_the_reader_has_everything() -> None:
    window = Window()
    window.merge(7, [], last=True)
    assert window.covers(7)
    assert window.after(7) is None
    assert not window.covers(6)


def test_a_page_in_the_middle_of_the_log_promises_nothing_about_what_follows() -> None:
    window = Window()
    window.merge(0, [frame(1), frame(2)], last=False)
    assert not window.covers(2)


def test_what_the_only_reader_has_is_forgotten() -> None:
    window = filled(1, 4)
    window.forget(3)
    assert seqs(window) == [4]
    window.forget(9)
    assert window.covers(9)
    assert not window.wants(9)


def test_one_write_is_bounded_and_holds_at_least_one_event() -> None:
    half = WRITE_BYTES // 2
    batch = join([frame(1, half), frame(2, half), frame(3, half)])
    assert batch is not None
    assert batch.cursor == 2
    batch = join([frame(1, WRITE_BYTES * 2), frame(2)])
    assert batch is not None
    assert batch.cursor == 1


def test_readers_at_the_same_cursor_get_the_very_same_bytes() -> None:
    window = filled(1, 4)
    assert window.after(1) is window.after(1)
    before = window.after(1)
    window.append(frame(5))
    after = window.after(1)
    assert before and after
    assert (before.cursor, after.cursor) == (4, 5)


def test_the_terminal_event_brings_its_status_along() -> None:
    body = '{"final":true,"tipo":"cancelado"}'
    event = Event(session_id="s", seq=1, type=EventType.ERROR, at="", body=body)
    assert encode(event).ending == "cancelled"
