"""Alerts: an item of lists and of the stream, one alert with its story, what comes of an action."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from alerts.alert import State
from console.schemas.parts import NamedReference, Schema, Value
from console.timestamps import Timestamp
from domain import Ledger, Severity

Action = Literal[
    "acknowledge", "arrive", "resolve", "verify", "close", "return", "reopen", "shelve", "assign", "pass", "comment"
]


class Subject(Schema, frozen=True, kw_only=True):
    """Whom it is about: a device, person, household, building, cell, line or system."""

    type: str
    id: str


class Deadline(Schema, frozen=True, kw_only=True):
    """What is owed next, and by when."""

    what: Literal["take", "arrive", "resolve"]
    at: Timestamp


class NotifiedPerson(Schema, frozen=True, kw_only=True):
    """A person it was told, on which channel, and how far the message got."""

    person: str
    name: str
    role: str
    channel: str
    state: str
    at: Timestamp


class EvidenceLine(Schema, frozen=True, kw_only=True):
    """A value against its limit; `text` is the whole line as a person reads it."""

    quantity: str
    value: Value | None
    unit: str
    limit: Value | None
    at: Timestamp | None
    window: str
    name_en: str
    name: str
    text: str
    text_en: str


class Spot(Schema, frozen=True, kw_only=True):
    """Where it stands on the map: the compound, and in it the building or the road."""

    group: NamedReference
    tile: NamedReference


class AlertItem(Schema, frozen=True, kw_only=True):
    """An alert as it stands in lists and on the stream. `allowed` are the actions this reader may take now."""

    id: str
    rule: str
    title: str
    title_en: str | None
    hazard: str
    severity: Severity
    ledger: Ledger
    state: State
    device: str | None
    kind: str | None
    place: str | None
    spot: Spot | None
    cell: str | None
    subject: Subject
    address: str
    advice: str
    started_at: Timestamp
    opened_at: Timestamp
    updated_at: Timestamp
    late_ms: int
    stale: bool
    recovered: bool
    recovered_at: Timestamp | None
    owner: NamedReference | None
    taken_at: Timestamp | None
    deadline: Deadline | None
    next_step_at: Timestamp | None
    joined: int
    told: list[NotifiedPerson]
    evidence: list[EvidenceLine]
    allowed: list[Action]


class TimelineEntry(Schema, frozen=True, kw_only=True):
    """One line of an alert's story."""

    at: Timestamp
    kind: str
    text: str
    person: str | None
    channel: str | None
    state: str | None


class CareNote(Schema, frozen=True, kw_only=True):
    """What whoever goes to help must know of a person."""

    name: str
    label: str
    label_en: str
    value: Value


class PersonAtRisk(Schema, frozen=True, kw_only=True):
    """Somebody who may need help; masked for whoever need not know."""

    name: str
    care: list[CareNote]


class Contact(Schema, frozen=True, kw_only=True):
    """Whom to ring. `relation`: of the family, what they are to the person."""

    name: str
    role: Literal["resident", "family"]
    phone: str
    relation: str | UnsetType = UNSET


class AlertDetail(AlertItem, frozen=True, kw_only=True):
    """One alert with its story, the way there (`lon`, `lat` in GCJ-02) and who may need help."""

    devices: list[str]
    timeline: list[TimelineEntry]
    path: list[str]
    lon: int | float | None
    lat: int | float | None
    concerned: list[PersonAtRisk]
    contacts: list[Contact]


class WorkerLink(Schema, frozen=True, kw_only=True):
    """A worker's link, and the path of its page."""

    link: str
    path: str
    expires_at: Timestamp
