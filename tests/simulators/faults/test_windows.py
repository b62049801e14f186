"""Times at which faults are active."""

from __future__ import annotations

from domain import DAY, HOUR
from simulators.faults.windows import Windows

DAY_0 = 20_000 * DAY


def test_a_window_that_reaches_into_the_next_day_is_active_there() -> None:
    windows = Windows("5/outage", share=1.0, shortest_ms=30 * HOUR, longest_ms=30 * HOUR)
    first = next(window for window in windows.within("gw-1", DAY_0, DAY_0 + DAY) if window.start >= DAY_0)
    assert windows.active("gw-1", first.end - 1) is not None
    assert first.end - first.start == 30 * HOUR


def test_about_the_share_of_days_has_a_window() -> None:
    windows = Windows("5/outage", share=0.1, shortest_ms=HOUR, longest_ms=2 * HOUR)
    days = sum(any(windows.within(f"gw-{number}", DAY_0, DAY_0 + DAY)) for number in range(1_000))
    assert 70 < days < 150
    assert not any(Windows("5/outage", 0.0, HOUR, HOUR).within("gw-1", DAY_0, DAY_0 + 100 * DAY))


def test_an_instant_is_in_a_window_exactly_when_the_list_of_windows_contains_it() -> None:
    windows = Windows("5/outage", share=0.5, shortest_ms=HOUR, longest_ms=12 * HOUR)
    listed = list(windows.within("gw-1", DAY_0, DAY_0 + 20 * DAY))
    for at in range(DAY_0, DAY_0 + 20 * DAY, HOUR // 2):
        active = windows.active("gw-1", at)
        assert (active is not None) == any(window.start <= at < window.end for window in listed)
