"""The types that several packages share: readings, devices, places, people, duties, findings. Pure.

A received message is a Frame (ingest) and becomes a `Reading` or a refusal. Rules evaluate readings and emit a
`Finding`. Findings open and join an Alert (alerts) that a person handles. docs/glossary.md lists all terms.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct, field

Instant = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

Value = bool | int | float | str
"""The value of a quantity: a bool is a verdict, a number has the unit of its kind, a text is a state."""

Attribute = bool | int | float | str

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Quality(StrEnum):
    """How far a value can be trusted. Rules ignore values that are not GOOD unless they ask for them by name."""

    GOOD = "good"
    IMPLAUSIBLE = "implausible"
    """Outside the plausible range of its kind. A danger bit is never implausible."""
    CLOCK = "clock"
    """The device's clock was wrong: `at` is the arrival time."""
    RETAINED = "retained"
    """From a retained MQTT message: state of unknown age."""


class RefusalReason(StrEnum):
    """Why a message did not become a reading (contract of the HTTP API)."""

    UNKNOWN_DEVICE = "unknown_device"
    BAD_PAYLOAD = "bad_payload"
    BAD_CHECKSUM = "bad_checksum"
    BAD_VALUE = "bad_value"
    BAD_TIME = "bad_time"
    NO_CODEC = "no_codec"
    CODEC_FAILED = "codec_failed"
    NO_MAPPING = "no_mapping"
    TOO_LARGE = "too_large"


class Severity(StrEnum):
    """紧急 高 中 低. `rank` sorts the most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        return _SEVERITY_RANK[self]


_SEVERITY_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}


class Ledger(StrEnum):
    """Who handles a finding: a grid worker (danger) or the maintenance contractor (health)."""

    DANGER = "danger"
    HEALTH = "health"


class Lane(StrEnum):
    """Two lanes through the journal. Urgent entries are received, evaluated and notified first under any backlog."""

    URGENT = "urgent"
    BULK = "bulk"


class Reading(Struct, frozen=True, gc=False):
    """One device's values at one instant, after decoding, unit conversion, identification and validation.

    `at` is the device's time when its clock is plausible, else `received`; then `ahead_ms` says by how much the clock
    was ahead (0: not known). `doubts` names the quantities that are not GOOD; most have none and share one empty dict.
    """

    device: str
    kind: str
    at: Instant
    received: Instant
    values: dict[str, Value]
    doubts: dict[str, Quality] = field(default_factory=dict)
    ahead_ms: int = 0

    @property
    def is_test(self) -> bool:
        """True for a self-test or a drill: stored, notifies nobody."""
        return self.values.get("test") is True


class Identity(Struct, frozen=True, order=True):
    """How one platform names a device. A device may have several identities; any of them matches."""

    platform: str
    id: str


class Device(Struct, frozen=True):
    """A registered device. Its own `id` is always its native identity."""

    id: str
    kind: str
    model: str | None = None
    place: str | None = None
    identities: tuple[Identity, ...] = ()
    attributes: dict[str, Attribute] = field(default_factory=dict)


class Place(Struct, frozen=True):
    """A node of the place tree; any number of levels of any name (domain/levels.py says what each is for). 无 is a name
    like another, not an absence.

    `cell` is the grid cell responsible for it and for what lies under it, unless a lower place names another.
    """

    id: str
    name: str
    level: str
    parent: str | None = None
    cell: str | None = None
    lon: float | None = None
    lat: float | None = None
    datum: str = "GCJ-02"
    attributes: dict[str, Attribute] = field(default_factory=dict)


class Cell(Struct, frozen=True):
    """A node of the grid tree (微网格 → 网格 → 社区 → 街道), which cuts across compounds."""

    id: str
    name: str
    level: str
    parent: str | None = None


class Person(Struct, frozen=True):
    """A worker, an official or a resident. Residents have a `home`; recipients have a phone number or a WeCom id."""

    id: str
    name: str
    phone: str | None = None
    wecom: str | None = None
    home: str | None = None
    attributes: dict[str, Attribute] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    """Further addresses by name (domain.recipients.ADDRESSES): email, wechat, webhook, apprise, wecom_robot."""


class DayType(StrEnum):
    """Types of days on the official calendar of mainland China. A day may be of several."""

    WORKDAY = "workday"
    """Offices are open: Monday to Friday except public holidays, and make-up workdays."""
    REST_DAY = "rest_day"
    """Every other day: weekends and public holidays."""
    HOLIDAY = "holiday"
    """A day of a public holiday period (放假)."""
    MAKEUP_WORKDAY = "makeup_workday"
    """A day of a weekend that is a workday (调休上班)."""


class Duty(Struct, frozen=True):
    """One line of a roster: this person has this role (an id of domain/roles.py) for this cell, at these local hours.

    `rank` 0 is called first, 1 is the deputy. `weekdays` are ISO numbers (1 = Monday); empty means every day.
    `from_minute`/`to_minute` are minutes of the local day, `to` excluded; `to <= from` crosses midnight.
    `since`/`until` bound the line in time (override, swap, holiday). `absent` takes the person off duty instead.
    With `hazards` the line holds for alerts of these hazards only, and before the lines without. `days` restricts it to
    days of these types (all of them: no restriction).
    """

    id: str
    cell: str
    role: str
    person: str
    rank: int = 0
    weekdays: tuple[int, ...] = ()
    from_minute: int = 0
    to_minute: int = 1440
    since: Instant | None = None
    until: Instant | None = None
    absent: bool = False
    hazards: tuple[str, ...] = ()
    days: tuple[DayType, ...] = ()


class Subject(Struct, frozen=True, order=True):
    """What a finding is about. `type`: device, person, household, building, cell, line or system."""

    type: str
    id: str

    def __str__(self) -> str:
        return self.id if self.type == "device" else f"{self.type}:{self.id}"


class FindingPhase(StrEnum):
    """The phases of a finding."""

    BEGAN = "began"
    GRADED = "graded"
    """Same finding, other severity."""
    STALE = "stale"
    """The device stopped reporting while in alarm. Silence is not recovery."""
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    """The person cancelled it within the cancel window."""


class Evidence(Struct, frozen=True):
    """One line a person can check: this quantity had this value, against this limit, at this instant.

    `window` names the aggregate of the quantity: `idle 1d`. `name_en` goes with a quantity that is a Chinese name.
    """

    quantity: str
    value: Value | None
    unit: str = ""
    limit: Value | None = None
    at: Instant | None = None
    window: str = ""
    name_en: str = ""


class Finding(Struct, frozen=True):
    """What a rule states about a subject. The id is the same in every replay: `rule@version/subject/begin`.

    `at` is the event time of this phase, `now` the arrival time at which it was evaluated; `late_ms` is how much later
    than it happened it could be reported. `hazard` names the family (gas, person, water, manhole, device) that wording
    and SMS templates are chosen by; `advice` is what the worker must do or not do, in the worker's language.
    """

    id: str
    rule: str
    version: str
    phase: FindingPhase
    hazard: str
    title: str
    severity: Severity
    ledger: Ledger
    subject: Subject
    begin: Instant
    at: Instant
    now: Instant
    device: str | None = None
    place: str | None = None
    advice: str = ""
    evidence: tuple[Evidence, ...] = ()
    late_ms: int = 0


class Fault(Struct, frozen=True):
    """A mistake in a file that people write: where (path of keys and indexes) and what to write instead."""

    where: tuple[str | int, ...]
    message: str
