"""A citizen's report (随手报) as a value: what was sent, who verified it, what was answered. Pure.

The alert it opened carries the work; the report carries what the reporter gave and what he is answered.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.alert import Alert, State
from domain import DAY, HOUR, Instant

ANSWER_WITHIN_MS: Final = 3 * DAY
"""A settled report that nobody answered is answered with the standard text after this time."""


class PlaceSource(StrEnum):
    """How the place of a report was given. Values are stored."""

    QR = "qr"
    PICK = "pick"
    MAP = "map"
    NONE = "none"


class Report(Struct, frozen=True, kw_only=True):
    """One report. Field names are columns. `number` is what the reporter quotes; `phone` is None for an anonymous
    report; `client` is a keyed digest of the sender's address, kept for a day; `lat` and `lon` are GCJ-02, stored only
    where he confirmed them."""

    id: int
    number: str
    alert: int
    category: str
    text: str
    created_at: Instant
    place: str | None = None
    place_source: PlaceSource = PlaceSource.NONE
    lat: float | None = None
    lon: float | None = None
    phone: str | None = None
    client: str | None = None
    key: str | None = None
    community_by: str | None = None
    community_at: Instant | None = None
    street_by: str | None = None
    street_at: Instant | None = None
    answer: str = ""
    answered_by: str | None = None
    answered_at: Instant | None = None
    satisfied: bool | None = None
    feedback: str = ""
    feedback_at: Instant | None = None
    reopened_at: Instant | None = None
    erased_at: Instant | None = None


class PhotoPurpose(StrEnum):
    """What a photo shows. Values are stored."""

    REPORT = "report"
    WORK = "work"
    ANSWER = "answer"
    """The result: the reporter sees it too."""


class Photo(Struct, frozen=True, kw_only=True):
    """A photo of an alert. `digest` names its file; `at` is also the time of its timeline entry."""

    id: int
    alert: int
    purpose: PhotoPurpose
    digest: str
    width: int
    height: int
    size: int
    at: Instant
    report: int | None = None
    by: str | None = None
    by_name: str = ""


class Stage(StrEnum):
    """How far a report is, as its reporter sees it. Sentences are in console/messages_zh.py, by value."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ON_SITE = "on_site"
    RESOLVED = "resolved"
    COMMUNITY_VERIFIED = "community_verified"
    STREET_VERIFIED = "street_verified"
    ANSWERED = "answered"


_STAGES: Final = {
    State.OPEN: Stage.RECEIVED,
    State.RETURNED: Stage.RECEIVED,
    State.SHELVED: Stage.ACCEPTED,
    State.ACKNOWLEDGED: Stage.ACCEPTED,
    State.ON_SITE: Stage.ON_SITE,
    State.RESOLVED: Stage.RESOLVED,
    State.VERIFIED: Stage.COMMUNITY_VERIFIED,
    State.CLOSED: Stage.RESOLVED,
}


def stage_of(report: Report, alert: Alert) -> Stage:
    """The stage of a report; `alert` is the one that has its work, after merging the other one."""
    if report.answered_at is not None:
        return Stage.ANSWERED
    stage = _STAGES[alert.state]
    if stage not in (Stage.RESOLVED, Stage.COMMUNITY_VERIFIED):
        return stage
    if report.street_at is not None:
        return Stage.STREET_VERIFIED
    return Stage.COMMUNITY_VERIFIED if report.community_at is not None else stage


class ReportLimits(Struct, frozen=True):
    """How many reports are accepted: from one client address, about one place, with one phone number, in all.

    Mobile networks put hundreds of phones behind one address (RFC 6598), so its limit is the widest of the three.
    """

    client_hour: int = 20
    client_day: int = 60
    place_hour: int = 15
    phone_day: int = 10
    site_hour: int = 300


class LimitCheck(Struct, frozen=True):
    """One limit: the counted reports have this value in this column, since `window_ms` before now."""

    name: str
    column: str
    value: str | None
    window_ms: int
    limit: int


def limit_checks(
    limits: ReportLimits, client: str, place: str | None, phone: str | None, life_safety: bool
) -> list[LimitCheck]:
    """The limits that apply. Neighbours all report one gas leak, so a place has no limit where life is in danger."""
    checks = [
        LimitCheck("client", "client", client, HOUR, limits.client_hour),
        LimitCheck("client", "client", client, DAY, limits.client_day),
        LimitCheck("site", "", None, HOUR, limits.site_hour),
    ]
    if phone is not None:
        checks.append(LimitCheck("phone", "phone", phone, DAY, limits.phone_day))
    if place is not None and not life_safety:
        checks.append(LimitCheck("place", "place", place, HOUR, limits.place_hour))
    return checks


def report_number(local_date: str, alert: int) -> str:
    """The number that a reporter quotes: date and running number.

    >>> report_number("2026-11-29", 17)
    '2611290017'
    """
    return f"{local_date[2:].replace('-', '')}{alert:04d}"
