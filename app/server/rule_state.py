"""What the rule engine says about a finding: the basis for settling and rechecking alerts."""

from __future__ import annotations

from alerts.handling.finding_status import FindingStatus
from domain import Instant
from rules.engine.engine import Engine
from rules.tools.explain import explain


class EngineRuleState:
    """Rule state of one engine (app.server.alerting.RuleState)."""

    def __init__(self, engine: Engine, is_remote: bool = False) -> None:
        """`is_remote`: another host evaluates the rules, and reports when a finding ends; not when it received the
        device last. A rule that latches ends by a reset, of which that host does not learn."""
        self._engine, self._is_remote = engine, is_remote

    def explain(self, rule: str, device: str) -> dict[str, object]:
        """State of a rule for a device or group at present."""
        return explain(self._engine, rule, device)

    def finding_status(self, finding: str, device: str | None, received_since: Instant | None) -> FindingStatus:
        """Whether the rule of a finding still holds it, and whether its device was received since an instant.

        While clearing the rule still holds the finding, and continues it when the device alarms again.
        """
        rule, subject = finding_subject(finding, device)
        if self._is_remote and any(
            one.name == rule and not one.latch for book in self._engine.books for one in book.rules
        ):
            return FindingStatus.ACTIVE
        state = self.explain(rule, subject)
        return status_by(state.get("phase"), state.get("heard"), device, received_since)


def finding_subject(finding: str, device: str | None) -> tuple[str, str]:
    """The rule of a finding, and the device or group of which the engine keeps its state.

    >>> finding_subject("gas-alarm@1/device:gas-1/1795269600000", "gas-1")
    ('gas-alarm', 'gas-1')
    >>> finding_subject("gas-building@1/building:b3/1795269600000", None)
    ('gas-building', 'building/b3')
    """
    subject = finding.split("/", 1)[1].rpartition("/")[0]
    return finding.split("@", 1)[0], device or subject.replace(":", "/", 1)


def status_by(phase: object, received: object, device: str | None, received_since: Instant | None) -> FindingStatus:
    """The status of a finding whose rule is in this phase, and whose device was received at an instant, None never."""
    if phase not in ("firing", "clearing", "stale"):
        return FindingStatus.OVER
    was_received = received_since is None or device is None or (isinstance(received, int) and received > received_since)
    return FindingStatus.ACTIVE if was_received and phase == "firing" else FindingStatus.NOT_RECEIVED
