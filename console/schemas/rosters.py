"""Schemas of rosters: who is on duty and why, the schedule with its gaps, rotations, overrides and swaps."""

from __future__ import annotations

from msgspec import field

from console.schemas.references import Page, Schema
from console.timestamps import Timestamp
from domain import DayType
from domain.rosters import OverrideKind, SwapState


class Override(Schema, frozen=True, kw_only=True):
    """A leave (in every cell and role), a cover or half of a swap; `made_by` is the token that stored it."""

    id: str
    kind: OverrideKind
    person: str
    from_: Timestamp = field(name="from")
    until: Timestamp
    substitute: str | None
    cell: str | None
    role: str | None
    leave: str
    reason: str
    made_by: str
    made_at: Timestamp
    swap: str | None


class Because(Schema, frozen=True, kw_only=True):
    """Why somebody is on duty: line or rotation, who is on the roster there, and the overrides followed in order."""

    cell: str
    scheduled: str
    duty: str | None
    rotation: str | None
    shift: str
    hazards: list[str]
    overrides: list[Override]


class PersonOnDuty(Schema, frozen=True, kw_only=True):
    """A person on duty, without contact details."""

    id: str
    name: str
    rank: int
    because: Because


class MissingPerson(Schema, frozen=True, kw_only=True):
    """A person who is on the roster for a gap; `override` says why the person does not work, null for an absence."""

    id: str
    name: str
    override: Override | None


class ScheduleItem(Schema, frozen=True, kw_only=True):
    """Hours in which the same people are on duty for a cell in a role; a gap: nobody is, although the roster means to.

    `missing` is empty in a gap where the roster ends.
    """

    cell: str
    role: str
    from_: Timestamp = field(name="from")
    until: Timestamp
    gap: bool
    people: list[PersonOnDuty]
    missing: list[MissingPerson]


class StoredOverride(Override, frozen=True, kw_only=True):
    """An override that was stored, and the gaps of the roster that the person leaves in those hours."""

    gaps: list[ScheduleItem]


class SwapLink(Schema, frozen=True):
    """The signed link of a swap, with which the person who was asked answers."""

    link: str


class Swap(Schema, frozen=True, kw_only=True):
    """A swap of shifts. `link` is shown to those who may change the roster, while it is proposed: with it
    the other person answers. The one who asks never sees it."""

    id: str
    asker: str
    asker_name: str
    other: str
    other_name: str
    from_: Timestamp = field(name="from")
    until: Timestamp
    back_from: Timestamp | None
    back_until: Timestamp | None
    cell: str | None
    role: str | None
    reason: str
    state: SwapState
    expires_at: Timestamp
    proposed_at: Timestamp
    proposed_by: str
    answered_at: Timestamp | None
    answered_by: str
    answer_reason: str
    link: str | None


class Shift(Schema, frozen=True, kw_only=True):
    """A shift of a rotation: `to`, or `length` for one that lasts longer than a day."""

    name: str
    from_: str = field(name="from")
    to: str | None
    length: str | None
    weekdays: list[int]
    days: list[DayType]


class Handover(Schema, frozen=True, kw_only=True):
    """`every` so many days (`1d`) or weeks (`1w`), at a local time and, for weeks, on a weekday."""

    every: str
    at: str
    weekday: int | None


class Layer(Schema, frozen=True, kw_only=True):
    """Teams that take turns: ids of people, or lists of them."""

    rank: int
    members: list[str | list[str]]
    start: str
    handover: Handover
    shifts: list[Shift]


class Rotation(Schema, frozen=True, kw_only=True):
    """A rotation of one role for some cells."""

    id: str
    name: str
    cells: list[str]
    role: str
    layers: list[Layer]
    hazards: list[str]
    since: Timestamp | None
    until: Timestamp | None


class CalendarLink(Schema, frozen=True, kw_only=True):
    """The address of a person's calendar for a telephone; its secret is shown once."""

    person: str
    path: str


class ImportedCalendar(Schema, frozen=True, kw_only=True):
    """What an imported calendar changed: ids of roster lines and of leaves."""

    duties: list[str]
    overrides: list[str]


SchedulePage = Page[ScheduleItem]
