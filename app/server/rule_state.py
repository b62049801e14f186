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

        `finding` is an id (`gas-alarm@1/device:gas-1/1795269600000`). While clearing the rule still holds the finding,
        and continues it when the device alarms again.
        """
        rule, subject = finding.split("@", 1)[0], finding.split("/", 1)[1].rpartition("/")[0]
        if self._is_remote and any(
            one.name == rule and not one.latch for book in self._engine.books for one in book.rules
        ):
            return FindingStatus.ACTIVE
        state = self.explain(rule, device or subject.replace(":", "/", 1))
        if state.get("phase") not in ("firing", "clearing", "stale"):
            return FindingStatus.OVER
        last_received = state.get("heard")
        was_received = (
            received_since is None
            or device is None
            or (isinstance(last_received, int) and last_received > received_since)
        )
        return FindingStatus.ACTIVE if was_received and state["phase"] == "firing" else FindingStatus.NOT_RECEIVED
