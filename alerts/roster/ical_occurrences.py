"""When the events of an iCalendar file take place: recurrences, exceptions, added times and lengths, near now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.roster.ical_lines import CalendarFault, Moment, Property, RawEvent, moment_of
from alerts.roster.local_clock import instant_of, local_time
from alerts.roster.recurrence import parse_recurrence, recurring_days
from domain import DAY, Instant

PAST_MS, AHEAD_MS = 31 * DAY, 400 * DAY
"""Which occurrences are imported: those that end after the one and begin before the other, from now."""
LENGTH_MAX_MS: Final = 366 * DAY


def occurrences(
    event: RawEvent, exceptions: Mapping[str, RawEvent], zone: ZoneInfo, now: Instant, faults: list[CalendarFault]
) -> Iterator[tuple[Instant, Instant]]:
    """Begin and end of the occurrences near now; changed ones are left to their own events."""
    start = _moment(event, "DTSTART", zone, faults)
    if start is None:
        return
    try:
        length_ms = _length_ms(event, start, zone)
        left_out = _left_out(event, exceptions, zone)
        begins = [*_begins(event, start, now), *_added(event, zone)]
    except _FaultyProperty as error:
        faults.append(error.fault)
        return
    for begin in sorted(set(begins) - left_out):
        if begin + length_ms > now - PAST_MS and begin < now + AHEAD_MS:
            yield begin, begin + length_ms


class _FaultyProperty(Exception):
    def __init__(self, fault: CalendarFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def _moment(event: RawEvent, name: str, zone: ZoneInfo, faults: list[CalendarFault]) -> Moment | None:
    found = event.first(name)
    if found is None:
        faults.append(CalendarFault(event.line, name, "is missing: write DTSTART;TZID=Asia/Shanghai:20261130T080000"))
        return None
    try:
        return moment_of(found, zone)
    except ValueError as error:
        faults.append(found.fault(str(error)))
        return None


def _length_ms(event: RawEvent, start: Moment, zone: ZoneInfo) -> int:
    """From DTEND or DURATION; without them a day for an all-day event."""
    found = event.first("DTEND") or event.first("DURATION")
    if found is None:
        if start.is_date:
            return DAY
        raise _FaultyProperty(CalendarFault(event.line, "DTEND", "is missing: write DTEND or DURATION"))
    try:
        if found.name == "DTEND":
            length_ms = moment_of(found, zone).at - start.at
        else:
            from icalendar.prop import vDuration  # see ical_lines.py

            length_ms = round(vDuration.from_ical(found.value) / timedelta(milliseconds=1))  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise _FaultyProperty(found.fault(str(error))) from None
    if not 0 < length_ms <= LENGTH_MAX_MS:
        raise _FaultyProperty(found.fault("is not after DTSTART, or by more than a year: write the end of the turn"))
    return length_ms


def _begins(event: RawEvent, start: Moment, now: Instant) -> Iterator[Instant]:
    found = event.first("RRULE")
    if found is None or event.first("RECURRENCE-ID") is not None:
        yield start.at
        return
    try:
        rule = parse_recurrence(found.value)
        until = _until(found, rule.until, start)
    except ValueError as error:
        raise _FaultyProperty(found.fault(str(error))) from None
    last = local_time(now + AHEAD_MS, start.zone).date()
    if until is not None:
        last = min(last, until.date())
    for day in recurring_days(rule, start.wall.date(), last):
        wall = datetime.combine(day, start.wall.time())
        if until is None or wall <= until:
            yield instant_of(wall, start.zone)


def _until(found: Property, text: str | None, start: Moment) -> datetime | None:
    """UNTIL as local time of the event; a date includes its whole day."""
    if text is None:
        return None
    until = moment_of(Property(found.line, "UNTIL", {}, text), start.zone)
    return until.wall + timedelta(days=1) - timedelta(microseconds=1) if until.is_date else until.wall


def _left_out(event: RawEvent, exceptions: Mapping[str, RawEvent], zone: ZoneInfo) -> set[Instant]:
    """Begins of occurrences that do not take place (EXDATE), or have an event of their own (RECURRENCE-ID)."""
    if event.first("RECURRENCE-ID") is not None:
        return set()
    changed = [one.first("RECURRENCE-ID") for one in exceptions.values()]
    return set(_times([*event.all("EXDATE"), *(one for one in changed if one is not None)], zone))


def _added(event: RawEvent, zone: ZoneInfo) -> list[Instant]:
    return list(_times(event.all("RDATE"), zone))


def _times(properties: Iterable[Property], zone: ZoneInfo) -> Iterator[Instant]:
    for one in properties:
        for text in one.value.split(","):
            try:
                yield moment_of(Property(one.line, one.name, one.parameters, text), zone).at
            except ValueError as error:
                raise _FaultyProperty(one.fault(str(error))) from None
