"""When a message of a device is a duplicate, and when it only looks like one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain import HOUR, MINUTE
from ingest.decoding.duplicates import CAPACITY_MAX, CAPACITY_MIN, DuplicateWindow

NOW = 1767225660000


def is_duplicate(
    window: DuplicateWindow, seq: int | None, at: int | None, *, late: int = 0, digest: int = 1, danger: bool = False
) -> bool:
    return window.is_duplicate(seq, at, NOW + late, digest, danger)


def test_the_newest_message_with_another_time_is_a_duplicate() -> None:
    window = DuplicateWindow()
    assert [False, True] == [is_duplicate(window, 7, NOW), is_duplicate(window, 7, NOW + 1_000)]


def test_a_danger_with_another_time_or_one_that_the_first_did_not_have_is_no_duplicate() -> None:
    window = DuplicateWindow()
    assert [False, False] == [
        is_duplicate(window, 7, NOW, danger=True),
        is_duplicate(window, 7, NOW + 1_000, danger=True),
    ]
    assert [False, False] == [
        is_duplicate(window, 9, NOW, digest=3),
        is_duplicate(window, 9, NOW, digest=2, danger=True),
    ]


def test_a_device_that_counts_from_the_beginning_again_is_no_duplicate() -> None:
    window = DuplicateWindow()
    assert [False] * 3 == [is_duplicate(window, seq, NOW + seq) for seq in (1, 2, 3)]
    assert [False] * 3 == [is_duplicate(window, seq, NOW + HOUR + seq) for seq in (1, 2, 3)]
    assert is_duplicate(window, 2, NOW + HOUR + 2)


def test_without_a_time_a_seq_counts_for_a_while() -> None:
    window = DuplicateWindow()
    assert [False, True, False] == [
        is_duplicate(window, 1, None),
        is_duplicate(window, 1, None, late=9 * MINUTE),
        is_duplicate(window, 1, None, late=20 * MINUTE),
    ]


def test_a_seq_with_a_time_once_and_without_it_the_other_time_is_a_repetition() -> None:
    window = DuplicateWindow()
    assert [False, True, False, True] == [
        is_duplicate(window, 1, NOW),
        is_duplicate(window, 1, None),
        is_duplicate(window, 2, None),
        is_duplicate(window, 2, NOW),
    ]


def test_the_same_time_and_values_with_a_new_seq_are_a_repetition() -> None:
    window = DuplicateWindow()
    assert [False, True, False] == [
        is_duplicate(window, 1, NOW),
        is_duplicate(window, 2, NOW),
        is_duplicate(window, 3, NOW, digest=2),
    ]


def test_a_number_in_another_column_is_not_taken_for_it() -> None:
    window = DuplicateWindow()
    assert [False, False] == [is_duplicate(window, NOW, NOW - 1), is_duplicate(window, None, NOW - 5)]
    assert not is_duplicate(window, NOW - 1, NOW - 9)


def test_a_window_is_bounded_and_grows_with_the_batches_of_its_device() -> None:
    window = DuplicateWindow()
    for seq in range(100):
        is_duplicate(window, seq, NOW + seq)
    assert CAPACITY_MIN * 3 == len(window.entries)
    window.reserve(100_000)
    assert CAPACITY_MAX == window.capacity


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=14))
def test_any_message_sent_again_at_once_is_a_duplicate(messages: list[tuple[int, int]]) -> None:
    window = DuplicateWindow()
    for seq, minute in messages:
        is_duplicate(window, seq, NOW + minute)
        assert is_duplicate(window, seq, NOW + minute)


@given(st.lists(st.tuples(st.none() | st.integers(0, 5), st.none() | st.integers(0, 5), st.booleans()), max_size=40))
def test_a_restored_window_finds_the_same_duplicates(messages: list[tuple[int | None, int | None, bool]]) -> None:
    first = second = DuplicateWindow()
    for seq, minute, danger in messages:
        at = None if minute is None else NOW + minute
        second = (
            DuplicateWindow.from_state(second.state())
            if second is not first
            else DuplicateWindow.from_state(first.state())
        )
        assert is_duplicate(first, seq, at, danger=danger) == is_duplicate(second, seq, at, danger=danger)
