"""Schemas of the service: sessions, tokens, silences, why, health, the status line, the broker doctor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from console.schemas.references import NamedReference, Page, Schema, Value
from console.schemas.registry import Words
from console.security.auth import AccessRole
from console.security.scopes import TokenScope
from console.timestamps import Timestamp
from domain import Ledger, Severity


class Site(Schema, frozen=True, kw_only=True):
    """The site's name and the zone of its local times."""

    name: str
    timezone: str


class Session(Schema, frozen=True, kw_only=True):
    """The logged-in user. `alert` limits a worker's link, `place` a token or user; `roles`: names of roles; `people`:
    those who share the token, each of whom names himself with his PIN."""

    role: AccessRole
    person: NamedReference | None
    alert: str | None
    place: str | None
    site: Site
    roles: Mapping[str, Words]
    user: NamedReference | None
    must_change_password: bool
    people: list[NamedReference]


class Token(Schema, frozen=True, kw_only=True):
    """An access token, without its text."""

    id: str
    role: AccessRole
    person: str | None
    place: str | None
    platform: str | None
    created_at: Timestamp
    revoked_at: Timestamp | None
    people: list[str]
    name: str | None
    scope: TokenScope | None
    expires_at: Timestamp | None


class NewToken(Token, frozen=True, kw_only=True):
    """A new access token; the only response that contains its text, and the PIN of each person who shares it."""

    token: str
    pins: dict[str, str]


class Matchers(Schema, frozen=True, kw_only=True):
    """The findings that a silence covers: every named field must be equal."""

    rule: str | UnsetType = UNSET
    hazard: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    device: str | UnsetType = UNSET
    place: str | UnsetType = UNSET
    ledger: Ledger | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    except_critical: bool | UnsetType = UNSET


class Silence(Schema, frozen=True, kw_only=True):
    """A planned silence; `suppressed` counts the findings that it covered."""

    id: str
    matchers: Matchers
    address: str | None
    title: str | None
    from_: Timestamp = field(name="from")
    until: Timestamp
    reason: str
    by: NamedReference
    created_at: Timestamp
    ended_at: Timestamp | None
    ended_by: str | None
    state: Literal["active", "pending", "expired"]
    suppressed: int
    notify_only: bool


WhyStep = Literal[
    "heard", "judged", "joined", "suppressed", "asked", "sent", "delivered", "failed", "answered", "overdue", "other"
]


class WhyFact(Schema, frozen=True, kw_only=True):
    """A fact of an explanation; the other fields name its subject.

    `step` is its place in the way from a message to an answer, `after_ms` the time since the fact before.
    """

    at: Timestamp
    kind: str
    text: str
    step: WhyStep | UnsetType = UNSET
    after_ms: int | UnsetType = UNSET
    person: str | UnsetType | None = UNSET
    channel: str | UnsetType | None = UNSET
    state: str | UnsetType | None = UNSET
    alert: str | UnsetType = UNSET
    silence: str | UnsetType = UNSET
    rule: str | UnsetType = UNSET


class Why(Page[WhyFact], frozen=True, kw_only=True):
    """Why people were notified, or were not: a sentence, and the facts it rests on."""

    about: dict[str, str]
    answer: str
    versions: dict[str, str] | UnsetType = UNSET
    """What decided: `rule` (name@version), `registry` (number of its last change), digests of `ladders`, `budgets`."""


class Liveness(Schema, frozen=True, kw_only=True):
    """The process is running."""

    status: Literal["ok"] = "ok"


class Readiness(Schema, frozen=True, kw_only=True):
    """Whether alarms are received, and each condition of it."""

    ready: bool
    checks: dict[str, bool]
    left_out: list[str] | UnsetType = UNSET
    """Parts of the configuration without which the service started, such as `channels.sms`: `/system` says why."""
    role: Literal["active", "standby"] = "active"
    """Of two machines on one ledger (docs/ledger.md) one is active; one alone is too."""


class LastAudit(Schema, frozen=True, kw_only=True):
    """When open alerts were audited last, and the number of faults found."""

    at: Timestamp | None
    faults: int


class LastCanary(Schema, frozen=True, kw_only=True):
    """The last self-test: from publishing to acceptance and to the receipt."""

    at: Timestamp
    sent_ms: int | None
    delivered_ms: int | None
    problem: str


class OpenBreaker(Schema, frozen=True, kw_only=True):
    """A provider that failed and is not asked for a while; without other providers it has the name of its channel."""

    channel: str
    provider: str


class Status(Schema, frozen=True, kw_only=True):
    """The status line on the stream; a worker's link gets `connected` and `now` only.

    `journal_error`: why the journal cannot be written now. `on_duty`: names by role, first in rank.
    """

    connected: bool | UnsetType = UNSET
    now: int | UnsetType = UNSET
    last_reading_at: Timestamp | UnsetType | None = UNSET
    readings_per_s: int | float | UnsetType | None = UNSET
    detect_to_send_ms: int | float | UnsetType | None = UNSET
    journal_error: str | UnsetType = UNSET
    on_duty: dict[str, list[str]] | UnsetType = UNSET
    opened_today: int | UnsetType = UNSET
    closed_today: int | UnsetType = UNSET
    audit: LastAudit | UnsetType = UNSET
    canary: LastCanary | UnsetType | None = UNSET
    backlog: int | UnsetType = UNSET
    open_breakers: list[OpenBreaker] | UnsetType = UNSET


class Resync(Schema, frozen=True, kw_only=True):
    """Events were missed: load the lists again."""


class TopicCount(Schema, frozen=True, kw_only=True):
    """A topic and its number of messages."""

    topic: str
    messages: int


class DecodedValue(Schema, frozen=True, kw_only=True):
    """A decoded value."""

    name: str
    value: Value
    unit: str
    quality: str


class LastReading(Schema, frozen=True, kw_only=True):
    """The newest reading."""

    at: Timestamp
    values: dict[str, DecodedValue]


class UnreadableField(Schema, frozen=True, kw_only=True):
    """A field whose value could not be decoded, and why."""

    field: str
    value: str = msgspec.field(name="said")
    reason: str
    detail: str
    danger: bool
    times: int


class Registration(Schema, frozen=True, kw_only=True):
    """How to register it: a line of devices.csv, and the body of `POST /devices`; `kinds` to choose from."""

    csv: str
    json: dict[str, Any]
    kinds: list[str]


class BrokerSender(Schema, frozen=True, kw_only=True):
    """A device or other sender on the broker: what is decoded, and which line to add."""

    platform: str | None
    guessed: str | None
    identity: str | None
    device: str | None
    kind: str | None
    states: list[str]
    messages: int
    retained: int
    topics: list[TopicCount]
    filters: list[str]
    fields: dict[str, str] = field(name="said")
    filter_line: str | None
    notes: dict[str, int]
    online: bool | None
    readings: int
    last: LastReading | None
    not_understood: list[UnreadableField]
    mapping: dict[str, str]
    registration: Registration | None


class SilentDevices(Schema, frozen=True, kw_only=True):
    """Registered devices that sent nothing meanwhile; the first of them by id."""

    count: int
    devices: list[str]


class FileToAdd(Schema, frozen=True, kw_only=True):
    """Lines to add to a file of the site."""

    file: str
    text: str


class DoctorReport(Schema, frozen=True, kw_only=True):
    """Messages on the broker in some seconds, and what to add so that they are decoded."""

    broker: str
    seconds: int
    ended: str
    asked: list[str]
    refused: dict[str, str]
    messages: int
    retained: int
    bytes: int
    well: bool
    speakers: list[BrokerSender]
    more_messages: int
    described: int
    silent: SilentDevices
    add: list[FileToAdd]
