"""Reports of many devices hour by hour."""

from __future__ import annotations

from collections import Counter

from domain import DAY, HOUR, MINUTE
from simulators.events import GroundTruth, TimedEvent
from simulators.models.distributions import key_of
from simulators.town.hourly import Heartbeats, Stream, hours_of
from simulators.town.town import Period

START = 1_795_795_200_000


def test_every_device_reports_once_in_each_of_its_intervals() -> None:
    plans = {"fast": 10 * MINUTE, "hourly": HOUR, "six": 6 * HOUR, "daily": DAY}
    beats = Heartbeats([(name, key_of(name), plan) for name, plan in plans.items()])
    hours = hours_of(Period(START, START + 2 * DAY))
    due = [(at, name) for start, end in hours for at, name, _ in beats.due(start, end)]
    assert Counter(name for _, name in due) == {"fast": 288, "hourly": 48, "six": 8, "daily": 2}
    daily = [at for at, name in due if name == "daily"]
    assert abs(daily[1] - daily[0] - DAY) <= MINUTE


def test_a_period_that_begins_within_an_hour_of_utc_is_cut_at_full_hours() -> None:
    half = START + 30 * MINUTE
    assert list(hours_of(Period(half, half + HOUR))) == [(half, half + 30 * MINUTE), (half + 30 * MINUTE, half + HOUR)]


def test_a_stream_is_read_as_far_as_the_hour_goes() -> None:
    events = [TimedEvent(at, GroundTruth("d", "x")) for at in (1, 5, 9)]
    stream, found = Stream(iter(events)), list[TimedEvent]()
    assert stream.until(5, found)
    assert found == events[:1]
    assert not stream.until(10, found)
    assert found == events
