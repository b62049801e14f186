"""Alerts and messages as rows of the database: the required fields filled in from a finding."""

from __future__ import annotations

from typing import Any

from alerts.alert import Alert
from alerts.message import Delivery, MessageKind
from domain import DAY, Finding, Instant


def alert_of(finding: Finding, **changes: Any) -> Alert:
    """A new alert that this finding opened."""
    values: dict[str, Any] = {
        "id": 0,
        "rule": finding.rule,
        "title": finding.title,
        "hazard": finding.hazard,
        "severity": finding.severity,
        "ledger": finding.ledger,
        "subject": finding.subject,
        "started_at": finding.begin,
        "opened_at": finding.now,
        "updated_at": finding.now,
        "state_since": finding.now,
        "danger_at": finding.begin,
        "ladder_rule": finding.rule,
    }
    return Alert(**{**values, **changes})


def delivery_of(alert: int, number: int, at: Instant, **changes: Any) -> Delivery:
    """A pending text message of an alert."""
    values: dict[str, Any] = {
        "id": f"m{number}",
        "key": f"k{number}",
        "alert": alert,
        "round": 0,
        "rung": 0,
        "person": "wang",
        "name": "王芳",
        "role": "worker",
        "channel": "sms",
        "kind": MessageKind.ALERT,
        "priority": 0,
        "address": "19900000001",
        "payload": {},
        "created_at": at,
        "not_before": at,
        "expires_at": at + DAY,
    }
    return Delivery(**{**values, **changes})
