"""Events about alerts and findings for outside systems: type and data. Pure.

No name, phone number or text of a citizen is in the data: who may know more asks the API with a token of its own.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from alerts.alert import Alert, State
from alerts.exchange.messages import AlertChange
from domain import Finding, FindingPhase, Instant
from domain.geo import WGS_84, to_wgs84
from domain.people import Community
from domain.places import self_and_ancestors

CASE_OPENED: Final = "cn.fengshao.case.opened.v1"
CASE_UPDATED: Final = "cn.fengshao.case.updated.v1"
CASE_TYPES: Final = {
    State.OPEN: "cn.fengshao.case.reopened.v1",
    State.ACKNOWLEDGED: "cn.fengshao.case.acknowledged.v1",
    State.ON_SITE: "cn.fengshao.case.arrived.v1",
    State.RESOLVED: "cn.fengshao.case.resolved.v1",
    State.VERIFIED: "cn.fengshao.case.verified.v1",
    State.CLOSED: "cn.fengshao.case.closed.v1",
    State.RETURNED: "cn.fengshao.case.returned.v1",
    State.SHELVED: "cn.fengshao.case.shelved.v1",
}
"""The type of the event by the state that an alert entered."""
FINDING_TYPES: Final = {phase: f"cn.fengshao.finding.{phase.value}.v1" for phase in FindingPhase}
_VISIBLE: Final = (
    "title", "severity", "hazard", "place", "address", "returned_to", "disposition", "stale", "recovered_at",
    "merged_into",
)  # fmt: skip
"""Fields whose change is an event although the state stays."""
_NUMBER: Final = re.compile(r"\d{7,}[0-9Xx]?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ADMIN_CODE: Final = "admin_code"


def case_event_type(change: AlertChange) -> str | None:
    """The type of the event of a change; None when nothing changed that outside systems can see."""
    before, after = change.before, change.after
    if before is None:
        return CASE_OPENED
    if before.state is not after.state:
        return CASE_TYPES[after.state]
    return CASE_UPDATED if any(getattr(before, name) != getattr(after, name) for name in _VISIBLE) else None


def case_subject(alert: int) -> str:
    """The subject of the events of an alert, and what their order is kept by."""
    return f"case:{alert}"


def case_data(change: AlertChange, community: Community) -> dict[str, Any]:
    """What an event states about an alert."""
    alert, before = change.after, change.before
    return {
        "id": str(alert.id),
        "state": alert.state.value,
        "previous_state": None if before is None else before.state.value,
        "title": without_numbers(alert.title),
        "hazard": alert.hazard,
        "severity": alert.severity.value,
        "ledger": alert.ledger.value,
        "source": alert.source,
        "started_at": rfc3339(alert.started_at),
        "opened_at": rfc3339(alert.opened_at),
        "updated_at": rfc3339(alert.updated_at),
        "deadline_at": None if alert.due_at is None else rfc3339(alert.due_at),
        "stale": alert.stale,
        "recovered": alert.recovered_at is not None,
        "disposition": alert.disposition,
        "returned_to": alert.returned_to,
        "merged_into": None if alert.merged_into is None else str(alert.merged_into),
        "location": location_data(community, alert.place, alert.address),
    }


def finding_data(finding: Finding, community: Community) -> dict[str, Any]:
    """What an event states about a finding. A person is not named by id either."""
    subject = finding.subject
    return {
        "id": finding.id if subject.type != "person" else None,
        "phase": finding.phase.value,
        "rule": finding.rule,
        "version": finding.version,
        "title": without_numbers(finding.title),
        "hazard": finding.hazard,
        "severity": finding.severity.value,
        "ledger": finding.ledger.value,
        "subject_type": subject.type,
        "device": finding.device,
        "began_at": rfc3339(finding.begin),
        "at": rfc3339(finding.at),
        "late_ms": finding.late_ms,
        "location": location_data(community, finding.place, community.address(finding.place)),
    }


def location_data(community: Community, place: str | None, address: str) -> dict[str, Any]:
    """Address, coordinates in WGS-84 of the nearest place that has them, and the administrative code."""
    path = list(self_and_ancestors(community.places, place))
    points = (
        to_wgs84((node.lat, node.lon), node.datum) for node in path if node.lat is not None and node.lon is not None
    )
    point = next((point for point in points if point is not None), None)
    code = next((str(node.attributes[ADMIN_CODE]) for node in path if ADMIN_CODE in node.attributes), None)
    return {
        "place": place,
        "address": without_numbers(address),
        "latitude": None if point is None else round(point[0], 6),
        "longitude": None if point is None else round(point[1], 6),
        "datum": WGS_84,
        "admin_code": code,
    }


def without_numbers(text: str) -> str:
    """The text without phone and identity numbers.

    >>> without_numbers("请打13800138000")
    '请打***'
    """
    return _NUMBER.sub("***", text)


def rfc3339(at: Instant) -> str:
    """An instant as RFC 3339 in UTC.

    >>> rfc3339(1_795_269_900_000)
    '2026-11-21T14:05:00Z'
    """
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace(".000", "").replace("+00:00", "Z")


def case_number(alert: Alert) -> str:
    """Our number of a case in other systems."""
    return f"FS-{alert.id}"
