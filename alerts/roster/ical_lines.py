"""Content lines and events of an iCalendar file (RFC 5545 section 3.1), with the numbers of their lines.

icalendar is imported where a calendar is read: most services never read one, and it takes 3 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from alerts.roster.local_clock import instant_of
from domain import Instant

BYTES_MAX: Final = 1_000_000
EVENTS_MAX: Final = 2_000
YEARS: Final = (1970, 2100)


class CalendarFault(Struct, frozen=True, order=True):
    """A fault of a calendar: line, property, what is wrong and what to write."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}: {self.field}: {self.message}"


class BadCalendar(Exception):
    """A calendar cannot be imported; `faults` are all that were found."""

    def __init__(self, faults: list[CalendarFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = sorted(faults)


class Property(Struct, frozen=True):
    """One property of an event."""

    line: int
    name: str
    parameters: Mapping[str, str]
    value: str

    def fault(self, message: str) -> CalendarFault:
        return CalendarFault(self.line, self.name, message)


class RawEvent(Struct, frozen=True):
    """The properties of one VEVENT, without those of its alarms; `line` is that of BEGIN."""

    line: int
    properties: tuple[Property, ...]

    def first(self, name: str) -> Property | None:
        return next((one for one in self.properties if one.name == name), None)

    def all(self, name: str) -> list[Property]:
        return [one for one in self.properties if one.name == name]

    def text(self, name: str) -> str:
        """The unescaped text of a property; empty without it."""
        found = self.first(name)
        return "" if found is None else unescape(found.value)


class Moment(Struct, frozen=True):
    """A time of a calendar: `wall` in `zone`, or, for an all-day event, the first minute of a day."""

    wall: datetime
    zone: ZoneInfo
    is_date: bool = False

    @property
    def at(self) -> Instant:
        return instant_of(self.wall, self.zone)


def read_events(data: bytes) -> list[RawEvent]:
    """The events of a calendar. Raises BadCalendar: too large, not UTF-8, no calendar, an event without its end."""
    if len(data) > BYTES_MAX:
        raise BadCalendar([CalendarFault(1, "", f"is larger than {BYTES_MAX} bytes: export a shorter period")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadCalendar([CalendarFault(1, "", "is not UTF-8: save it as UTF-8")]) from None
    lines = list(_unfolded(text))
    if not lines or lines[0][1].strip().upper() != "BEGIN:VCALENDAR":
        raise BadCalendar([CalendarFault(1, "", "is no iCalendar file: the first line must be BEGIN:VCALENDAR")])
    faults: list[CalendarFault] = []
    events = list(_events(lines, faults))
    if len(events) > EVENTS_MAX:
        line = events[EVENTS_MAX].line
        faults.append(CalendarFault(line, "VEVENT", f"more than {EVENTS_MAX} events: export a shorter period"))
    if faults:
        raise BadCalendar(faults)
    return events


def moment_of(found: Property, zone: ZoneInfo) -> Moment:
    """The time of a property; one without a zone is local time of `zone`. Raises ValueError."""
    try:
        from icalendar.prop import vDDDTypes

        value = vDDDTypes.from_ical(found.value)  # type: ignore[no-untyped-call]
    except ValueError:
        value = None
    if not isinstance(value, date) or not YEARS[0] <= value.year <= YEARS[1]:
        raise ValueError(f"{found.value!r} is no time: write 20261130T080000, or 20261130 for a day")
    if not isinstance(value, datetime):
        return Moment(datetime.combine(value, datetime.min.time()), zone, is_date=True)
    if found.value.upper().endswith("Z"):
        utc = value.replace(tzinfo=UTC).astimezone(zone)
        return Moment(utc.replace(tzinfo=None, fold=0), zone)
    own = found.parameters.get("TZID")
    return Moment(value.replace(tzinfo=None), zone if own is None else zone_named(own))


def zone_named(name: str) -> ZoneInfo:
    """The time zone of an IANA or Windows name. Raises ValueError."""
    plain = name.strip('"')
    try:
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

        return ZoneInfo(WINDOWS_TO_OLSON.get(plain, plain))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"the time zone {plain!r} is not known: write an IANA name, such as Asia/Shanghai") from None


def unescape(text: str) -> str:
    """A text without its escapes.

    >>> unescape(r"a\\, b\\; c\\n")
    'a, b; c '
    """
    for escaped, plain in (("\\n", " "), ("\\N", " "), ("\\,", ","), ("\\;", ";"), ("\\\\", "\\")):
        text = text.replace(escaped, plain)
    return text


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Content lines with the number of their first line; a line that begins with a blank continues the one before."""
    number, held = 0, ""
    for index, line in enumerate(text.splitlines(), 1):
        if held and line[:1] in (" ", "\t"):
            held += line[1:]
            continue
        if held.strip():
            yield number, held
        number, held = index, line
    if held.strip():
        yield number, held


def _events(lines: list[tuple[int, str]], faults: list[CalendarFault]) -> Iterator[RawEvent]:
    begin, nested = 0, 0
    properties: list[Property] = []
    for number, line in lines:
        word = line.strip().upper()
        if begin and word == "END:VEVENT":
            yield RawEvent(begin, tuple(properties))
            begin, properties = 0, []
        elif word == "BEGIN:VEVENT":
            if begin:
                faults.append(CalendarFault(begin, "VEVENT", "has no END:VEVENT: write it before the next event"))
            begin, properties = number, []
        elif begin and word.startswith(("BEGIN:", "END:")):
            nested += 1 if word.startswith("BEGIN:") else -1
        elif begin and not nested:
            properties += _property(number, line, faults)
    if begin:
        faults.append(CalendarFault(begin, "VEVENT", "has no END:VEVENT: is the file complete?"))


def _property(number: int, line: str, faults: list[CalendarFault]) -> Iterator[Property]:
    try:
        from icalendar.parser import Contentline

        name, parameters, value = Contentline(line).parts()  # type: ignore[no-untyped-call]
    except ValueError as error:
        faults.append(CalendarFault(number, "", f"is no content line: {error}; write NAME:value"))
        return
    yield Property(number, name.upper(), {key.upper(): str(text) for key, text in parameters.items()}, value)
