"""What an alert takes from a finding, and how several dangers of one alert are named together."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from alerts.alert import Alert
from alerts.lifecycle.addresses import is_named
from domain import Evidence, Instant, Severity

UNKNOWN_HAZARD: Final = "unknown"
"""The hazard of a message that could not be decoded: it may be any."""
_MAX_NAMES: Final = 3


class Danger(Struct, frozen=True):
    """What an alert takes from a finding. Field names are stored in the payload of deliveries.

    `at` is when the finding began (event time), `late_ms` how much later it became known, `rule` selects the ladder,
    `address` is in words.
    """

    rule: str
    hazard: str
    title: str
    severity: Severity
    at: Instant
    late_ms: int = 0
    advice: str = ""
    evidence: tuple[Evidence, ...] = ()
    address: str = ""


def with_danger(alert: Alert, danger: Danger) -> Alert:
    """The alert with title, severity, times and ladder of the danger that messages state from now on."""
    return replace(
        alert,
        severity=min(danger.severity, alert.severity, key=lambda severity: severity.rank),
        hazard=alert.hazard if danger.hazard == UNKNOWN_HAZARD else danger.hazard,
        title=danger.title,
        advice=danger.advice or alert.advice,
        address=danger.address or alert.address,
        ladder_rule=danger.rule,
        danger_at=danger.at,
        late_ms=danger.late_ms,
        evidence=danger.evidence or alert.evidence,
        recovered_at=None,
        stale=False,
    )


def danger_of(alert: Alert) -> Danger:
    """The danger that an alert is about, for the alert that it goes on in."""
    return Danger(
        rule=alert.ladder_rule,
        hazard=alert.hazard,
        title=alert.title,
        severity=alert.severity,
        at=alert.danger_at,
        late_ms=alert.late_ms,
        advice=alert.advice,
        evidence=alert.evidence,
        address=alert.address,
    )


def with_address(alert: Alert, address: str) -> tuple[str, ...]:
    """The alert's further addresses with this one; its own address is not added."""
    listed = not address or address in alert.doors or is_named(alert.address, address)
    return alert.doors if listed else (*alert.doors, address)


def described_by(alert: Alert, danger: Danger) -> Alert:
    """The alert as shown in a message about one of its dangers. Not to be saved."""
    shown = with_danger(alert, danger)
    return replace(shown, severity=danger.severity, doors=())


def joined_title(title: str, other: str) -> str:
    """The names of all dangers of one alert, at most three of them.

    >>> joined_title("心率异常", "血氧过低")
    '心率异常、血氧过低'
    >>> joined_title("心率异常、血氧过低", "心率异常")
    '心率异常、血氧过低'
    """
    names = title.removesuffix("等").split("、")
    if other in names:
        return title
    return f"{title}、{other}" if len(names) < _MAX_NAMES else f"{'、'.join(names)}等"
