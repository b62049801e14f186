"""Schemas of alerts: the item of lists and stream events, the detail, and workers' links."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType, field

from alerts.alert import AlertSource, CaseDisposition, State
from console.schemas.references import NamedReference, Schema, Value
from console.schemas.reports import PhotoView, ProposalView
from console.timestamps import Timestamp
from domain import Ledger, Severity

Action = Literal[
    "acknowledge",
    "arrive",
    "resolve",
    "verify",
    "close",
    "return",
    "back",
    "reopen",
    "shelve",
    "assign",
    "pass",
    "comment",
    "reinforce",
    "conclude",
    "supervise",
    "merge",
    "split",
]


class Subject(Schema, frozen=True, kw_only=True):
    """The subject of an alert: a device, person, household, building, cell, line or system."""

    type: str
    id: str


class Deadline(Schema, frozen=True, kw_only=True):
    """The next step that is due, and by when."""

    what: Literal["take", "arrive", "resolve"]
    at: Timestamp


class Overdue(Schema, frozen=True, kw_only=True):
    """The deadline that passed first and is still owed, since when, and how many passed in all."""

    what: Literal["take", "arrive", "resolve", "verify", "answer", "order", "street"]
    since: Timestamp
    count: int


class SecondCheck(Schema, frozen=True, kw_only=True):
    """The verification of a resident's report by the street, while it is awaited: who was asked, the last one last,
    since when, and by when; `due_at` is null once that time has passed."""

    asked: list[NamedReference]
    since: Timestamp
    due_at: Timestamp | None


class NotifiedPerson(Schema, frozen=True, kw_only=True):
    """A notified person, the channel, and the delivery state of the message.

    `provider`: which of the channel's providers carries it; null before one is asked, and where there is only one.
    """

    person: str
    name: str
    role: str
    channel: str
    provider: str | None
    state: str
    at: Timestamp


class Helper(NamedReference, frozen=True, kw_only=True):
    """A person who accepted to assist, without being responsible."""

    role: str
    at: Timestamp
    arrived_at: Timestamp | None


class Responder(NamedReference, frozen=True, kw_only=True):
    """A responsible person who is on it."""

    at: Timestamp


class EvidenceLine(Schema, frozen=True, kw_only=True):
    """A value and its limit; `text` is the whole line for people."""

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
    """The place of an alert on the map: its compound, and the building or road in it."""

    group: NamedReference
    tile: NamedReference


class AlertItem(Schema, frozen=True, kw_only=True):
    """An alert in lists and stream events. `allowed`: the actions that this user may perform now. `people_needed`: so
    many responders stop the calls. `place_path`: ids of the places around it, outermost first, then its own.
    `second_check`: the street's verification of a resident's report, while it is awaited; those asked may `verify`.
    `vulnerability`: how much those concerned depend on help; 0 when nobody is known.
    """

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
    place_path: list[str]
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
    source: AlertSource
    exercise: bool
    returned_to: str | None
    disposition: CaseDisposition | None
    merged_into: str | None
    verifier: str | None
    second_check: SecondCheck | None
    overdue: Overdue | None
    description: str
    reference: str | None
    helpers: list[Helper]
    people_needed: int
    responders: list[Responder]
    vulnerability: int
    notified: list[NotifiedPerson] = field(name="told")
    evidence: list[EvidenceLine]
    allowed: list[Action]


class TimelineEntry(Schema, frozen=True, kw_only=True):
    """One entry of an alert's timeline."""

    at: Timestamp
    kind: str
    text: str
    person: str | None
    channel: str | None
    state: str | None
    photos: list[PhotoView]


class CareNote(Schema, frozen=True, kw_only=True):
    """An attribute of a person that helpers must know."""

    name: str
    label: str
    label_en: str
    value: Value


class PersonAtRisk(Schema, frozen=True, kw_only=True):
    """A person who may need help; masked for other users."""

    name: str
    care: list[CareNote]


class Contact(Schema, frozen=True, kw_only=True):
    """A person to call. `relation`: how a family member is related to the person at risk."""

    name: str
    role: Literal["resident", "family"]
    phone: str
    relation: str | UnsetType = UNSET


class AlertFinding(Schema, frozen=True, kw_only=True):
    """A finding of an alert. Title, device and place are null for findings recorded by an older version."""

    id: str
    title: str | None
    device: str | None
    place: str | None
    active: bool


class AlertDetail(AlertItem, frozen=True, kw_only=True):
    """An alert with its findings, the alerts merged into it (`merged`), its timeline,
    location (`lon`, `lat` in GCJ-02) and people at risk."""

    devices: list[str]
    findings: list[AlertFinding]
    merged: list[str]
    chattering: bool
    timeline: list[TimelineEntry]
    path: list[str]
    lon: int | float | None
    lat: int | float | None
    concerned: list[PersonAtRisk]
    contacts: list[Contact]
    photos: list[PhotoView]
    proposals: list[ProposalView]
    report: str | None


class WorkerLink(Schema, frozen=True, kw_only=True):
    """A worker's link, and the path of its page."""

    link: str
    path: str
    expires_at: Timestamp
