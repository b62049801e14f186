"""Events of a person for a care platform (智慧养老平台), for people who consented. Pure.

A flat list of fields, so that a platform can take it as JSON or as a table: docs/decisions/0036 says why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from alerts.alert import SETTLED_STATES, Alert, State
from alerts.exchange.case_events import rfc3339
from domain import Device, Evidence, Ledger, Person
from domain.people import Community

CONSENT: Final = "care_consent"
"""Attribute of a person: true when he, or who represents him, agreed to the export."""
CARE_ID: Final = "care_id"
"""Attribute of a person: his number at the care platform; without it our own id is sent."""
CARE_TYPE: Final = "cn.fengshao.care.event.v1"
FIELDS: Final = (
    "event_id", "sequence", "person_id", "event_type", "rule", "severity", "occurred_at", "reported_at", "status",
    "responded_at", "resolved_at", "outcome", "false_alarm", "address", "measurements",
)  # fmt: skip
"""The fields of an event, in the order of the columns of the CSV."""


class CareEventType(StrEnum):
    """What happened."""

    SOS = "sos"
    FALL = "fall"
    VITALS = "vitals"
    INACTIVITY = "inactivity"
    OTHER = "other"


_BY_RULE: Final = (
    ("sos", CareEventType.SOS),
    ("medical", CareEventType.SOS),
    ("fall", CareEventType.FALL),
    ("heart", CareEventType.VITALS),
    ("spo2", CareEventType.VITALS),
    ("temp", CareEventType.VITALS),
    ("still", CareEventType.INACTIVITY),
    ("no-motion", CareEventType.INACTIVITY),
    ("idle", CareEventType.INACTIVITY),
    ("unused", CareEventType.INACTIVITY),
    ("quiet", CareEventType.INACTIVITY),
    ("welfare", CareEventType.INACTIVITY),
)
"""Part of a rule's name -> type of the event; the first that fits."""
_BY_QUANTITY: Final = {
    "sos": CareEventType.SOS,
    "key": CareEventType.SOS,
    "fall": CareEventType.FALL,
    "heart_rate_bpm": CareEventType.VITALS,
    "spo2_pct": CareEventType.VITALS,
    "body_temp_c": CareEventType.VITALS,
    "systolic_mmhg": CareEventType.VITALS,
    "diastolic_mmhg": CareEventType.VITALS,
    "volume_m3": CareEventType.INACTIVITY,
    "occupied": CareEventType.INACTIVITY,
}
_STATUS: Final = {
    State.OPEN: "open",
    State.RETURNED: "open",
    State.SHELVED: "open",
    State.ACKNOWLEDGED: "in_progress",
    State.ON_SITE: "in_progress",
    State.RESOLVED: "resolved",
    State.VERIFIED: "resolved",
    State.CLOSED: "closed",
}
_FALSE: Final = frozenset({"false_alarm", "test", "device_fault", "prank"})
_PERSON_HAZARDS: Final = frozenset({"person"})


def care_person(community: Community, alert: Alert, device: Device | None) -> Person | None:
    """The person of an alert whose events may be exported; None without consent, and for exercises."""
    if alert.exercise or alert.ledger is not Ledger.DANGER or alert.hazard not in _PERSON_HAZARDS:
        return None
    concerned = community.concerned(alert.subject, device, alert.place)
    # Several people behind one door: which of them it is about is not known, so nothing is exported.
    if len(concerned) != 1:
        return None
    return concerned[0] if concerned[0].attributes.get(CONSENT) is True else None


def care_event(alert: Alert, person: Person) -> dict[str, Any]:
    """One event; the values are text, numbers, booleans or None, `measurements` a list of objects."""
    settled = alert.state in SETTLED_STATES
    return {
        "event_id": f"fengshao-{alert.id}",
        "sequence": alert.updated_at,
        "person_id": str(person.attributes.get(CARE_ID, person.id)),
        "event_type": event_type(alert).value,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "occurred_at": rfc3339(alert.danger_at),
        "reported_at": rfc3339(alert.opened_at),
        "status": _STATUS[alert.state],
        "responded_at": None if alert.taken_at is None else rfc3339(alert.taken_at),
        "resolved_at": rfc3339(alert.state_since) if settled else None,
        "outcome": alert.disposition,
        "false_alarm": None if alert.disposition is None else alert.disposition in _FALSE,
        "address": alert.address,
        "measurements": [_measurement(line) for line in alert.evidence],
    }


def event_type(alert: Alert) -> CareEventType:
    """By the measured quantity, else by the name of the rule."""
    for line in alert.evidence:
        if line.quantity in _BY_QUANTITY:
            return _BY_QUANTITY[line.quantity]
    return next((kind for part, kind in _BY_RULE if part in alert.rule), CareEventType.OTHER)


def to_csv(items: Iterable[Mapping[str, Any]]) -> str:
    """The events as CSV (RFC 4180) with a header; measurements as `quantity=value unit` joined by `;`."""
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(FIELDS)
    for item in items:
        writer.writerow([_cell(item[name]) for name in FIELDS])
    return output.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(f"{line['quantity']}={line['value']} {line['unit']}".strip() for line in value)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    # A spreadsheet runs a cell that begins with one of these as a formula.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _measurement(line: Evidence) -> dict[str, Any]:
    at = None if line.at is None else rfc3339(line.at)
    return {"quantity": line.quantity, "value": line.value, "unit": line.unit, "at": at}
