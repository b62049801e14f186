"""Schemas of the registry: devices, places, cells, people, rosters, kinds; and the map with open alerts."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from console.schemas.references import Attributes, NamedReference, Page, Schema
from console.schemas.rosters import Because
from console.timestamps import Timestamp
from domain import DayType, Severity
from domain.levels import LevelRole
from domain.roles import RoleKind


class Identity(Schema, frozen=True, kw_only=True):
    """The id of a device on a platform."""

    platform: str
    id: str


class Device(Schema, frozen=True, kw_only=True):
    """A registered device. Identities that are access tokens and secret attributes are redacted for most users."""

    id: str
    kind: str
    model: str | None
    place: str | None
    identities: list[Identity]
    attributes: Attributes


class Place(Schema, frozen=True, kw_only=True):
    """A place, with its parent in the tree of places."""

    id: str
    name: str
    level: str
    parent: str | None
    cell: str | None
    lon: int | float | None
    lat: int | float | None
    datum: str
    attributes: Attributes


class Cell(Schema, frozen=True, kw_only=True):
    """A grid cell."""

    id: str
    name: str
    level: str
    parent: str | None


class Person(Schema, frozen=True, kw_only=True):
    """A worker, an official or a resident; residents and phones are masked for most users."""

    id: str
    name: str
    phone: str | None
    wecom: str | None
    home: str | None
    attributes: Attributes
    addresses: dict[str, str]


class Duty(Schema, frozen=True, kw_only=True):
    """One line of a roster; `from` and `to` are local times of day."""

    id: str
    cell: str
    role: str
    person: str
    rank: int
    weekdays: list[int]
    from_: str = field(name="from")
    to: str
    since: Timestamp | None
    until: Timestamp | None
    absent: bool
    hazards: list[str]
    days: list[DayType]


class OnDuty(Schema, frozen=True, kw_only=True):
    """A person on duty in a role. Those of the lowest rank are called together; the next ranks are their deputies."""

    role: str
    rank: int
    id: str
    name: str
    phone: str | None
    wecom: str | None
    because: Because


class PutResult(Schema, frozen=True, kw_only=True):
    """The ids of a list that was put, by result."""

    created: list[str]
    updated: list[str]
    unchanged: list[str]


class FileDifference(Schema, frozen=True, kw_only=True):
    """A record of the site's files that was not imported; the registry's stays. `held` is null when it was deleted."""

    record: str
    id: str
    why: str
    file: dict[str, Any]
    held: dict[str, Any] | None
    text: str


class ImportResult(Schema, frozen=True, kw_only=True):
    """The result of importing the site's files."""

    created: int
    updated: int
    unchanged: int
    kept: list[FileDifference]


class Words(Schema, frozen=True, kw_only=True):
    """A name in Chinese and in English."""

    zh: str
    en: str


class Role(Schema, frozen=True, kw_only=True):
    """A role of recipients. `kind`: staff are instructed, volunteers asked, residents and organisations informed."""

    id: str
    name: Words
    kind: RoleKind


class Quantity(Schema, frozen=True, kw_only=True):
    """A quantity of a kind of device; `min` and `max` bound plausible values, in `unit`."""

    type: Literal["bool", "number", "text"]
    name: Words
    unit: str
    min: float | None
    max: float | None
    danger: bool
    event: bool
    cumulative: bool


class Kind(Schema, frozen=True, kw_only=True):
    """A kind of device. `report_every`: the usual interval of its reports, in milliseconds."""

    kind: str
    name: Words
    urgent: bool
    report_every: int
    quantities: dict[str, Quantity]


class PlaceOnMap(NamedReference, frozen=True, kw_only=True):
    """A place with its open alerts and the worst of them."""

    level: str
    role: LevelRole
    open: int
    worst: Severity | None


class PlaceGroup(PlaceOnMap, frozen=True, kw_only=True):
    """A compound with its buildings, or with their number."""

    tiles: list[PlaceOnMap] | int


class PlaceGroupPage(Page[PlaceGroup], frozen=True, kw_only=True):
    """`places`: how many there are in all."""

    places: int


class PlaceEntry(NamedReference, frozen=True, kw_only=True):
    """A place with its address."""

    address: str


class DirectoryEntry(Schema, frozen=True, kw_only=True):
    """A person in the directory: masked phone, roles on rosters, channels that lead to him, and his leave now."""

    id: str
    name: str
    phone: str | None
    staff: bool
    roles: list[str]
    home: str | None
    channels: list[str]
    away_until: Timestamp | None
    away_reason: str
