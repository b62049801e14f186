"""Times when nobody could be heard: merged, bounded, and not counted as silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain import MINUTE
from rules.state.outages import MAX_OUTAGES, SETTLE_MS, Outages


def noted(*spans: tuple[int, int | None]) -> Outages:
    outages = Outages()
    for begin, end in spans:
        outages.record(begin, end)
    return outages


def test_touching_and_overlapping_outages_are_one() -> None:
    assert noted((0, 10), (10, 20), (15, 30), (50, 60)).closed == [(0, 30), (50, 60)]


def test_an_open_outage_is_closed_from_its_earliest_beginning() -> None:
    outages = noted((10, None), (5, None))
    assert outages.open_since == 5
    outages.record(8, 20)
    assert outages == Outages([(5, 20)], None)


def test_an_outage_that_was_over_before_the_open_one_began_leaves_it_open() -> None:
    outages = noted((100, None), (10, 20))
    assert (outages.open_since, outages.closed) == (100, [(10, 20)])


def test_only_what_falls_into_the_silence_postpones_it() -> None:
    outages = noted((0, 10), (20, 30), (100, 200))
    assert outages.deadline(5, 10) == 20
    assert outages.deadline(5, 16) == 36
    assert outages.deadline(40, 50) == 90
    assert outages.deadline(40, 61) == 201


def test_while_an_outage_is_open_one_looks_again_a_minute_later() -> None:
    assert noted((10, None)).retry_time(10) == 10 + MINUTE
    assert noted((10, None)).retry_time(9) is None
    assert noted((10, 20)).retry_time(15) is None


def test_the_oldest_are_forgotten() -> None:
    assert len(noted(*((n * 10, n * 10 + 5) for n in range(MAX_OUTAGES + 5))).closed) == MAX_OUTAGES


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30))), st.integers(0, 200), st.integers(1, 100))
def test_by_the_deadline_exactly_the_patience_was_spent_in_hearing(
    spans: list[tuple[int, int]], readings: int, patience: int
) -> None:
    outages = noted(*((begin, begin + length) for begin, length in spans))
    deadline = outages.deadline(readings, patience)
    deaf = sum(1 for t in range(readings, deadline) if any(begin <= t < end for begin, end in outages.closed))
    assert deadline - readings - deaf == patience


def test_what_was_over_in_an_outage_is_believed_a_moment_after_it_and_at_once_while_one_lasts() -> None:
    outages = Outages()
    outages.record(100_000, 200_000)
    settled = 200_000 + SETTLE_MS
    assert [outages.settle_time(due) for due in (99_999, 100_000, settled - 1, settled)] == [
        None, settled, settled, None,
    ]  # fmt: skip
    outages.record(300_000, None)
    assert outages.settle_time(310_000) is None
