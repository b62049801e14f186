"""Outages, in which nothing could be received: merged, bounded, and not counted as silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain import MINUTE
from rules.state.outages import MAX_OUTAGES, SETTLE_MS, Outages


def outages_of(*spans: tuple[int, int | None]) -> Outages:
    outages = Outages()
    for begin, end in spans:
        outages.record(begin, end)
    return outages


def test_touching_and_overlapping_outages_are_one() -> None:
    assert outages_of((0, 10), (10, 20), (15, 30), (50, 60)).closed == [(0, 30), (50, 60)]


def test_an_open_outage_is_closed_from_its_earliest_beginning() -> None:
    outages = outages_of((10, None), (5, None))
    assert outages.open_since == 5
    outages.record(8, 20)
    assert outages == Outages([(5, 20)], None)


def test_an_outage_that_was_over_before_the_open_one_began_leaves_it_open() -> None:
    outages = outages_of((100, None), (10, 20))
    assert (outages.open_since, outages.closed) == (100, [(10, 20)])


def test_a_deadline_is_postponed_by_the_outages_within_it() -> None:
    outages = outages_of((0, 10), (20, 30), (100, 200))
    assert outages.deadline(5, 10) == 20
    assert outages.deadline(5, 16) == 36
    assert outages.deadline(40, 50) == 90
    assert outages.deadline(40, 61) == 201


def test_during_an_open_outage_a_timer_is_retried_a_minute_later() -> None:
    assert outages_of((10, None)).retry_time(10) == 10 + MINUTE
    assert outages_of((10, None)).retry_time(9) is None
    assert outages_of((10, 20)).retry_time(15) is None


def test_the_oldest_outages_are_dropped() -> None:
    assert len(outages_of(*((n * 10, n * 10 + 5) for n in range(MAX_OUTAGES + 5))).closed) == MAX_OUTAGES


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30))), st.integers(0, 200), st.integers(1, 100))
def test_the_time_to_the_deadline_without_outages_is_the_allowed_silence(
    spans: list[tuple[int, int]], readings: int, allowed: int
) -> None:
    outages = outages_of(*((begin, begin + length) for begin, length in spans))
    deadline = outages.deadline(readings, allowed)
    outage_ms = sum(1 for t in range(readings, deadline) if any(begin <= t < end for begin, end in outages.closed))
    assert deadline - readings - outage_ms == allowed


def test_a_timer_due_in_a_closed_outage_waits_for_the_backlog() -> None:
    outages = Outages()
    outages.record(100_000, 200_000)
    settled = 200_000 + SETTLE_MS
    assert [outages.settle_time(due) for due in (99_999, 100_000, settled - 1, settled)] == [
        None, settled, settled, None,
    ]  # fmt: skip
    outages.record(300_000, None)
    assert outages.settle_time(310_000) is None


def test_time_in_which_nothing_could_be_received_is_counted_once() -> None:
    outages = Outages([(10, 20), (30, 40)])
    assert [outages.outage_ms(since, 50) for since in (0, 15, 20, 35, 40)] == [20, 15, 10, 5, 0]
    assert outages.outage_ms(0, 35) == 15
    outages.open_since = 38
    assert outages.outage_ms(0, 50) == 30
    of_gateway = Outages([(18, 32)], open_since=45)
    assert outages.merged_with(of_gateway, 0).outage_ms(0, 50) == 40
