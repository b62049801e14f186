"""Samples of a time series server as points and readings."""

from __future__ import annotations

from domain import Quality
from store.history import Point, Rollup
from store.history.remote.line_protocol import RECEIVED
from store.history.remote.samples import Sample, bucketed, newest, page, points, readings, rollups


def sample(quantity: str, at: int, value: float | bool | str, device: str = "g1", **changes: Quality) -> Sample:
    return Sample(device, "gas_alarm", quantity, at, value, **changes)


def test_a_sample_written_twice_by_a_replay_is_one_point() -> None:
    twice = [sample("lel_pct", 5, 1.5), sample("lel_pct", 5, 1.5), sample(RECEIVED, 5, 9)]
    assert points(twice) == [Point(5, "lel_pct", 1.5)]


def test_buckets_are_means_of_numbers_and_last_values_of_the_rest_without_implausible_ones() -> None:
    series = [
        Point(0, "lel_pct", 1),
        Point(5, "lel_pct", 3),
        Point(6, "lel_pct", 999, Quality.IMPLAUSIBLE),
        Point(7, "alarm", False),
        Point(8, "alarm", True),
        Point(10, "lel_pct", 7),
    ]
    assert bucketed(series, 10) == [Point(0, "alarm", True), Point(0, "lel_pct", 2.0), Point(10, "lel_pct", 7.0)]
    assert rollups([*series, Point(11, "state", "on")], 10) == [
        Rollup(0, "alarm", 0, None, 1, True),
        Rollup(0, "lel_pct", 1, 2, 3),
        Rollup(10, "lel_pct", 7, 7, 7),
        Rollup(10, "state", None, None, None, "on"),
    ]


def test_pages_go_on_after_their_cursor() -> None:
    series = [Point(1, "a", 1), Point(2, "a", 1), Point(2, "b", 1), Point(3, "a", 1)]
    assert page(series, 2, None) == series[:2]
    assert page(series, 2, "2:1") == series[2:]


def test_the_newest_point_of_each_quantity() -> None:
    assert newest([sample("b", 1, 1), sample("a", 9, 2), sample("a", 3, 1)]) == [Point(9, "a", 2), Point(1, "b", 1)]


def test_readings_are_assembled_and_ordered_by_reception() -> None:
    late = [sample("alarm", 5, True), sample(RECEIVED, 5, 90)]
    early = [sample("lel_pct", 7, 2, quality=Quality.CLOCK), sample(RECEIVED, 7, 8)]
    first, second = readings([*late, *early])
    assert (first.received, first.values, first.doubts) == (8, {"lel_pct": 2}, {"lel_pct": Quality.CLOCK})
    assert (second.received, second.values, second.doubts) == (90, {"alarm": True}, {})
