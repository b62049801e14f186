"""What one transaction changed: each alert as it was before and is after, and the recorded findings."""

from __future__ import annotations

from collections.abc import Callable

from alerts.alert import Alert
from alerts.exchange.messages import AlertChange, Changes
from domain import Finding


class ChangeLog:
    """Collects the changes of one transaction; true when there are any."""

    def __init__(self) -> None:
        self._alerts: dict[int, AlertChange] = {}
        self._findings: list[Finding] = []

    def __bool__(self) -> bool:
        return bool(self._alerts or self._findings)

    @property
    def changes(self) -> Changes:
        """All of them, alerts in order of their first change."""
        return Changes(tuple(self._alerts.values()), tuple(self._findings))

    def alert_added(self, alert: Alert) -> None:
        """A new alert."""
        self._alerts[alert.id] = AlertChange(None, alert)

    def alert_saved(self, alert: Alert, load: Callable[[int], Alert | None]) -> None:
        """An alert is about to be saved; `load` reads it as it is stored, at its first change only."""
        first = self._alerts.get(alert.id)
        self._alerts[alert.id] = AlertChange(load(alert.id) if first is None else first.before, alert)

    def finding_recorded(self, finding: Finding) -> None:
        """A phase of a finding was recorded."""
        self._findings.append(finding)
