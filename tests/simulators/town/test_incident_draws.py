"""Incidents are drawn so that no device has two at a time and each has to be told within the period."""

from datetime import date
from itertools import pairwise
from random import Random

from domain import DAY, HOUR
from simulators.events import Incident
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.incident_draws import BusyDevices, draw_incidents, instant_at, pick
from simulators.town.town import Period

CALENDAR = Calendar("Asia/Shanghai")
START = CALENDAR.day(date(2026, 7, 6)).midnight
WEEK = Period(START, START + 7 * DAY)


def leak(random: Random, day: LocalDay, id_: str) -> Incident:
    begin = instant_at(random, day, (0.0, 23.0))
    return Incident(id_, "leak", "漏水", "water", begin, begin + 30 * HOUR, ("meter-1",), begin + 2 * DAY)


def test_one_device_never_has_two_at_a_time_however_many_are_asked_for() -> None:
    found = list(draw_incidents("leak", WEEK, CALENDAR, 1, 50.0, BusyDevices(), leak))
    found.sort(key=lambda incident: incident.begin)
    assert 2 <= len(found) < 7
    assert all(before.end < after.begin for before, after in pairwise(found))


def test_every_incident_is_due_in_the_period() -> None:
    found = draw_incidents("leak", WEEK, CALENDAR, 2, 50.0, BusyDevices(), leak)
    assert all(incident.notify_by is not None and incident.notify_by < WEEK.end for incident in found)


def test_a_fraction_of_an_incident_a_week_is_one_in_some_weeks() -> None:
    counts = [len(list(draw_incidents("leak", WEEK, CALENDAR, seed, 0.5, BusyDevices(), leak))) for seed in range(40)]
    assert set(counts) == {0, 1}


def test_a_period_without_a_midnight_has_none_and_nothing_can_be_picked_of_nothing() -> None:
    minute = Period(START + HOUR, START + 2 * HOUR)
    assert list(draw_incidents("leak", minute, CALENDAR, 1, 5000.0, BusyDevices(), leak)) == []
    assert pick(Random(1), []) is None
