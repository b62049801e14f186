"""Does a finding open an alert or join one? A storm is one story, but a life in danger is never folded away.

It sees the alerts that could be meant (the host looks them up) and says which one, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.alert import UNSETTLED, Alert
from domain import MINUTE, Finding, Instant, Ledger, Severity

STORM_AFTER: Final = 3
"""So many alerts of one rule in one building go out singly; those after them join the first."""
STORM_WINDOW_MS: Final = 10 * MINUTE


class Why(StrEnum):
    """Why a finding joined; the sentences are in wording.zh.yaml."""

    SAME_SUBJECT = "same_subject"
    SAME_DEVICE = "same_device"
    SAME_BUILDING = "same_building"
    STRANGERS = "strangers"


class Joined(Struct, frozen=True):
    alert: Alert
    why: Why


def join(finding: Finding, building: str | None, candidates: Sequence[Alert], now: Instant) -> Joined | None:
    """The alert this finding belongs to, or None: it opens its own."""
    live = [alert for alert in candidates if alert.state in UNSETTLED and alert.ledger is finding.ledger]
    for alert in live:
        if alert.rule == finding.rule and alert.subject == finding.subject:
            return Joined(alert, Why.SAME_SUBJECT)
    for alert in live:
        if finding.device is not None and alert.device == finding.device:
            return Joined(alert, Why.SAME_DEVICE)
    return _storm(finding, building, live, now)


def _storm(finding: Finding, building: str | None, live: Sequence[Alert], now: Instant) -> Joined | None:
    """Many of one kind in one building, or of devices that nobody registered, all recent."""
    recent = [alert for alert in live if alert.rule == finding.rule and now - alert.opened_at <= STORM_WINDOW_MS]
    if stranger(finding):
        return _first([alert for alert in recent if stranger(alert)], 1, Why.STRANGERS)
    if building is None or not folds(finding):
        return None
    enough = 1 if finding.ledger is Ledger.HEALTH else STORM_AFTER
    return _first([alert for alert in recent if alert.building == building], enough, Why.SAME_BUILDING)


def _first(same: Sequence[Alert], enough: int, why: Why) -> Joined | None:
    return Joined(min(same, key=lambda alert: alert.id), why) if len(same) >= enough else None


def stranger(told: Finding | Alert) -> bool:
    """True when it is about a device that nobody registered: there is no door to send anybody to, one task for all."""
    return told.subject.type == "device" and told.device is None and told.place is None


def folds(finding: Finding) -> bool:
    """True when findings like this may become one story: never what may cost a life, each is another door."""
    return finding.severity is not Severity.CRITICAL or finding.ledger is Ledger.HEALTH


def raises(finding: Finding, alert: Alert) -> bool:
    """True when the finding is worse than what the alert already says."""
    return finding.severity.rank < alert.severity.rank
