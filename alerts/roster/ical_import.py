"""Roster lines and leaves from an iCalendar file: events with recurrences, exceptions, whole days and time zones.

An event is a turn of one person for a cell in a role. It says so by the properties that our own calendars have
(X-FENGSHAO-PERSON, -CELL, -ROLE, -RANK), by the name of the person and of the role in its summary and of the cell in
its location, or the caller says it for all events. An event that names a type of leave is a leave of its person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.roster.ical_lines import BadCalendar, CalendarFault, RawEvent, read_events
from alerts.roster.ical_occurrences import occurrences
from domain import MINUTE, Duty, Instant
from domain.people import Community
from domain.rosters import Override, OverrideKind

OCCURRENCES_MAX: Final = 5_000
LEAVES: Final = (
    "年假",
    "病假",
    "事假",
    "产假",
    "婚假",
    "丧假",
    "陪产假",
    "探亲假",
    "调休",
    "休假",
    "请假",
    "LEAVE",
    "VACATION",
)
ID_PREFIX: Final = "ics-"


class ImportSettings(Struct, frozen=True):
    """What the events of a file do not say. `roles` are the names of the roles by id."""

    zone: ZoneInfo
    now: Instant
    roles: Mapping[str, str]
    person: str | None = None
    cell: str | None = None
    role: str | None = None
    made_by: str = ""


class CalendarImport(Struct, frozen=True):
    """The roster lines and leaves of a file, and the id prefixes of its events: lines of these that are not among them
    were imported earlier and no longer stand in the calendar."""

    duties: tuple[Duty, ...]
    overrides: tuple[Override, ...]
    prefixes: tuple[str, ...]

    def outdated(self, records: Iterable[Duty | Override]) -> list[str]:
        """The stored lines and leaves, by id, that came from an event of this file and are not in it any more."""
        kept = {*(duty.id for duty in self.duties), *(override.id for override in self.overrides)}
        return [one.id for one in records if one.id.startswith(self.prefixes) and one.id not in kept]


class _Turn(Struct, frozen=True):
    person: str
    cell: str
    role: str
    rank: int
    leave: str
    reason: str


def read_calendar(data: bytes, community: Community, settings: ImportSettings) -> CalendarImport:
    """The lines and leaves of a calendar. Raises BadCalendar with every fault."""
    faults: list[CalendarFault] = []
    found: dict[str, Duty | Override] = {}
    series = _series(read_events(data), faults)
    for uid, (masters, exceptions) in series.items():
        for event in (*masters, *exceptions.values()):
            if event.text("STATUS").upper() != "CANCELLED":
                _add_turns(found, uid, event, exceptions, community, settings, faults)
    if faults:
        raise BadCalendar(faults)
    duties = tuple(record for record in found.values() if isinstance(record, Duty))
    overrides = tuple(record for record in found.values() if isinstance(record, Override))
    return CalendarImport(duties, overrides, tuple(map(_prefix, series)))


def _add_turns(
    found: dict[str, Duty | Override],
    uid: str,
    event: RawEvent,
    exceptions: Mapping[str, RawEvent],
    community: Community,
    settings: ImportSettings,
    faults: list[CalendarFault],
) -> None:
    turn = _turn(event, community, settings, faults)
    for begin, end in occurrences(event, exceptions, settings.zone, settings.now, faults):
        if len(found) >= OCCURRENCES_MAX:
            message = f"more than {OCCURRENCES_MAX} turns in all: write UNTIL, or export a shorter period"
            raise BadCalendar([*faults, CalendarFault(event.line, "VEVENT", message)])
        if turn is not None:
            record_id = f"{_prefix(uid)}{begin // MINUTE}"
            found[record_id] = _record(record_id, turn, begin, end, settings)


def _record(record_id: str, turn: _Turn, begin: Instant, end: Instant, settings: ImportSettings) -> Duty | Override:
    if turn.leave:
        return _leave(record_id, turn, begin, end, settings)
    return Duty(record_id, turn.cell, turn.role, turn.person, turn.rank, since=begin, until=end)


def _series(
    events: Iterable[RawEvent], faults: list[CalendarFault]
) -> dict[str, tuple[list[RawEvent], dict[str, RawEvent]]]:
    """The events by UID: those of the series, and changed occurrences by the text of their RECURRENCE-ID."""
    series: dict[str, tuple[list[RawEvent], dict[str, RawEvent]]] = {}
    for event in events:
        uid = event.text("UID")
        if not uid:
            faults.append(CalendarFault(event.line, "UID", "is missing: every event needs one of its own"))
            continue
        masters, exceptions = series.setdefault(uid, ([], {}))
        changed = event.first("RECURRENCE-ID")
        if changed is not None:
            exceptions[changed.value] = event
        elif masters:
            faults.append(CalendarFault(event.line, "UID", f"{uid!r} stands twice: give each event its own"))
        else:
            masters.append(event)
    return series


def _prefix(uid: str) -> str:
    return f"{ID_PREFIX}{hashlib.sha256(uid.encode()).hexdigest()[:12]}-"


def _leave(record_id: str, turn: _Turn, begin: Instant, end: Instant, settings: ImportSettings) -> Override:
    return Override(
        id=record_id,
        kind=OverrideKind.LEAVE,
        person=turn.person,
        since=begin,
        until=end,
        leave=turn.leave,
        reason=turn.reason,
        made_by=settings.made_by,
        made_at=settings.now,
    )


# -- who, where and as what -----------------------------------------------------------------------------------------


def _turn(event: RawEvent, community: Community, settings: ImportSettings, faults: list[CalendarFault]) -> _Turn | None:
    summary = event.text("SUMMARY")
    leave = _leave_type(event)
    person = _person(event, community, settings)
    cell = _cell(event, community, settings)
    role = _role(event, settings)
    rank = event.text("X-FENGSHAO-RANK") or "0"
    wrong: list[tuple[str, str]] = []
    if person is None:
        known = "a person of the registry: write the name in SUMMARY, X-FENGSHAO-PERSON:id, or import with a person"
        wrong.append(("SUMMARY", f"{summary!r} names no, or more than one, {known}"))
    if not leave and cell is None:
        known = "a cell: write its id or name in LOCATION, X-FENGSHAO-CELL:id, or import with a cell"
        wrong.append(("LOCATION", f"{event.text('LOCATION')!r} is not {known}"))
    if not leave and role is None:
        known = "the role: write its name in SUMMARY, X-FENGSHAO-ROLE:id, or import with a role"
        wrong.append(("SUMMARY", f"{summary!r} does not name {known}"))
    if not rank.isascii() or not rank.isdecimal() or int(rank) > 99:
        wrong.append(("X-FENGSHAO-RANK", f"{rank!r} is no rank: write 0 for the first, 1 for the deputy"))
    for field, message in wrong:
        found = event.first(field)
        faults.append(CalendarFault(event.line if found is None else found.line, field, message))
    if wrong:
        return None
    return _Turn(person or "", cell or "", role or "", int(rank), leave, summary)


def _leave_type(event: RawEvent) -> str:
    text = f"{event.text('CATEGORIES')} {event.text('SUMMARY')}".upper()
    return next((leave for leave in LEAVES if leave in text), "")


def _person(event: RawEvent, community: Community, settings: ImportSettings) -> str | None:
    own = event.text("X-FENGSHAO-PERSON")
    if own:
        return own if own in community.people else None
    if settings.person is not None:
        return settings.person
    text = " ".join([event.text("SUMMARY"), *(one.parameters.get("CN", "") for one in event.all("ATTENDEE"))])
    workers = community.workers
    named = [person for person in community.people.values() if person.name in text or person.id == text.strip()]
    at_work = [person for person in named if person.id in workers] or named
    longest = max((len(person.name) for person in at_work), default=0)
    found = {person.id for person in at_work if len(person.name) == longest}
    return found.pop() if len(found) == 1 else None


def _cell(event: RawEvent, community: Community, settings: ImportSettings) -> str | None:
    own = event.text("X-FENGSHAO-CELL")
    if own:
        return own if own in community.cells else None
    place = event.text("LOCATION").strip()
    named = [cell.id for cell in community.cells.values() if place in (cell.id, cell.name)]
    return named[0] if len(named) == 1 else settings.cell


def _role(event: RawEvent, settings: ImportSettings) -> str | None:
    own = event.text("X-FENGSHAO-ROLE")
    if own:
        return own if own in settings.roles else None
    text = f"{event.text('CATEGORIES')} {event.text('SUMMARY')}"
    named = [role for role, name in settings.roles.items() if name in text]
    longest = max((len(settings.roles[role]) for role in named), default=0)
    found = [role for role in named if len(settings.roles[role]) == longest]
    return found[0] if len(found) == 1 else settings.role
