"""The shifts of a roster as an iCalendar file (RFC 5545): one event a turn, with the time zone and stable UIDs.

A calendar is subscribed to by telephones, so it holds names and cells, and no telephone number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from alerts.roster.on_duty import Assignment
from alerts.roster.schedule import RosterSchedule
from domain import Instant
from domain.people import Community
from domain.rosters import OverrideKind

if TYPE_CHECKING:
    from icalendar import Event

PRODUCT: Final = "-//Fengshao//Rosters//ZH"
SUMMARY: Final = "{name} 值班 {cell}{role}{shift}{rank}"
DEPUTY, SHIFT, INSTEAD = "（替补）", "（{shift}）", "代 {name}（{kind}）"
KINDS: Final = {OverrideKind.LEAVE: "休假顶班", OverrideKind.COVER: "顶班", OverrideKind.SWAP: "换班"}


class CalendarTurn(Struct, frozen=True):
    """Hours [begin, end) in which a person is on duty at one cell for one reason."""

    begin: Instant
    end: Instant
    cell: str
    role: str
    assignment: Assignment
    is_cut: bool = False
    """The turn began before the calendar does."""


def calendar_turns(
    schedule: RosterSchedule, keys: Iterable[tuple[str, str]], wanted: Callable[[Assignment], bool]
) -> Iterator[CalendarTurn]:
    """The turns at these cells and roles that are wanted; hours that follow each other for one reason are one turn."""
    for cell, role in keys:
        running: dict[tuple[object, ...], CalendarTurn] = {}
        for segment in schedule.segments(cell, role):
            own = {_reason(one): one for one in segment.people if one.cell == cell and wanted(one)}
            ended = [reason for reason in running if reason not in own]
            yield from (running.pop(reason) for reason in ended)
            for reason, one in own.items():
                is_cut = segment.begin == schedule.since
                first = CalendarTurn(segment.begin, segment.end, cell, role, one, is_cut)
                running[reason] = replace(running.get(reason, first), end=segment.end)
        yield from running.values()


def _reason(one: Assignment) -> tuple[object, ...]:
    overrides = tuple(override.id for override in one.overrides)
    return (one.person.id, one.scheduled, one.rank, one.duty, one.rotation, one.shift, overrides)


def write_calendar(
    name: str,
    turns: Iterable[CalendarTurn],
    community: Community,
    roles: Callable[[str], str],
    zone: ZoneInfo,
    now: Instant,
) -> bytes:
    """The calendar of these turns; `roles` gives the name of a role."""
    from icalendar import Calendar  # see ical_lines.py

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", zone.key)
    for turn in sorted(turns, key=lambda one: (one.begin, one.cell, one.role, one.assignment.person.id)):
        calendar.add_component(_event(turn, community, roles, zone, now))
    calendar.add_missing_timezones()
    written: bytes = calendar.to_ical()
    return written


def _event(
    turn: CalendarTurn, community: Community, roles: Callable[[str], str], zone: ZoneInfo, now: Instant
) -> Event:
    one, cell = turn.assignment, community.cells[turn.cell]
    from icalendar import Event

    event = Event()
    event.add("uid", _uid(turn))
    event.add("dtstamp", datetime.fromtimestamp(now / 1000, UTC))
    event.add("dtstart", datetime.fromtimestamp(turn.begin / 1000, zone))
    event.add("dtend", datetime.fromtimestamp(turn.end / 1000, zone))
    shift = SHIFT.format(shift=one.shift) if one.shift else ""
    event.add(
        "summary",
        SUMMARY.format(
            name=one.person.name, cell=cell.name, role=roles(turn.role), shift=shift, rank=DEPUTY if one.rank else ""
        ),
    )
    event.add("location", cell.name)
    event.add("categories", ["值班"])
    if one.overrides:
        names = {person.id: person.name for person in community.people.values()}
        kind = KINDS[one.overrides[-1].kind]
        event.add("description", INSTEAD.format(name=names.get(one.scheduled, one.scheduled), kind=kind))
    for field, value in (("PERSON", one.person.id), ("CELL", turn.cell), ("ROLE", turn.role), ("RANK", one.rank)):
        event.add(f"X-FENGSHAO-{field}", str(value))
    return event


def _uid(turn: CalendarTurn) -> str:
    """The same for the same turn in every export, so that a telephone changes its entry and does not add one."""
    one = turn.assignment
    source = f"{one.duty}/{one.rotation}/{one.shift}/{one.rank}"
    text = f"{turn.cell}/{turn.role}/{one.person.id}/{source}/{'' if turn.is_cut else turn.begin}"
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}@fengshao"
