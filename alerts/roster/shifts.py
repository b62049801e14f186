"""Hours of roster lines and rotations, in local time (alerts/roster/local_clock.py)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.roster.local_clock import instant_of, local_time
from domain import DayType, Duty, Instant
from domain.holidays import day_types
from domain.rosters import DAY_MINUTES, Handover, Rotation, RotationLayer, Shift

ONE_DAY = timedelta(days=1)


class Turn(Struct, frozen=True):
    """Hours [begin, end) of one person on a rotation's layer."""

    begin: Instant
    end: Instant
    person: str
    rank: int
    shift: str


def is_on_shift(duty: Duty, now: Instant, tz: ZoneInfo) -> bool:
    """True when this duty holds now, in local time. A night shift belongs to the day on which it began."""
    if not _within(now, duty.since, duty.until):
        return False
    local = local_time(now, tz)
    minute = local.hour * 60 + local.minute
    begin, end = duty.from_minute, duty.to_minute
    if begin < end:
        return begin <= minute < end and is_day(duty.weekdays, duty.days, local.date())
    if minute >= begin:
        return is_day(duty.weekdays, duty.days, local.date())
    return minute < end and is_day(duty.weekdays, duty.days, local.date() - ONE_DAY)


def is_day(weekdays: tuple[int, ...], days: tuple[DayType, ...], day: date) -> bool:
    """Whether a day is one of these weekdays and of one of these types; without any, every day is."""
    is_weekday = not weekdays or day.isoweekday() in weekdays
    return is_weekday and (not days or not day_types(day).isdisjoint(days))


def _within(at: Instant, since: Instant | None, until: Instant | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def shift_of(duty: Duty) -> Shift:
    """The hours of a duty as a shift."""
    minutes = (duty.to_minute - duty.from_minute) % DAY_MINUTES or DAY_MINUTES
    return Shift("", duty.from_minute, minutes, duty.weekdays, duty.days)


def intervals(shift: Shift, since: Instant, until: Instant, tz: ZoneInfo) -> list[tuple[Instant, Instant]]:
    """The hours of a shift that overlap [since, until), not cut; those that touch are joined."""
    joined: list[tuple[Instant, Instant]] = []
    for begin, end in _local_intervals(shift, since, until, tz):
        first, last = instant_of(begin, tz), instant_of(end, tz)
        if last <= since or first >= until or first >= last:
            continue
        if joined and joined[-1][1] >= first:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _local_intervals(shift: Shift, since: Instant, until: Instant, tz: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    length = timedelta(minutes=shift.minutes)
    day, last = (local_time(since, tz) - length).date() - ONE_DAY, local_time(until, tz).date() + ONE_DAY
    while day <= last:
        if is_day(shift.weekdays, shift.days, day):
            begin = datetime.combine(day, time()) + timedelta(minutes=shift.from_minute)
            yield begin, begin + length
        day += ONE_DAY


def turn_number(handover: Handover, begin: datetime) -> int | None:
    """The number of the turn to which a shift belongs that begins then; None before the first.

    >>> weekly = Handover(date(2026, 12, 2), 480, 7, weekday=1)  # a Wednesday; from the next Monday on, weekly
    >>> [turn_number(weekly, datetime(2026, 12, day, 8)) for day in (1, 2, 6, 7, 14)]
    [None, 0, 0, 1, 2]
    """
    day = (begin - timedelta(minutes=handover.minute)).date()
    if day < handover.start:
        return None
    period = handover.every_days
    if handover.weekday is None:
        return (day - handover.start).days // period
    ahead = (handover.weekday - handover.start.isoweekday()) % 7
    second = handover.start + timedelta(days=ahead or period)
    return 0 if day < second else 1 + (day - second).days // period


def rotation_turns(rotation: Rotation, since: Instant, until: Instant, tz: ZoneInfo) -> Iterator[Turn]:
    """The turns of a rotation that overlap [since, until), cut only by the rotation's own dates."""
    for layer in rotation.layers:
        for number, shift in enumerate(layer.shifts):
            for begin, end in _local_intervals(shift, since, until, tz):
                first = max(instant_of(begin, tz), rotation.since or 0)
                last = instant_of(end, tz) if rotation.until is None else min(instant_of(end, tz), rotation.until)
                if first < last and first < until and last > since:
                    yield from (Turn(first, last, who, layer.rank, shift.name) for who in _team(layer, number, begin))


def _team(layer: RotationLayer, shift: int, begin: datetime) -> tuple[str, ...]:
    turn = turn_number(layer.handover, begin)
    return () if turn is None else layer.teams[(turn - shift) % len(layer.teams)]
