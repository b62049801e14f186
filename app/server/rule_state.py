"""What the rule engine says about a finding: the basis for settling and rechecking alerts."""

from __future__ import annotations

import sys
from typing import Final

from alerts.handling.finding_status import FindingStatus
from domain import Instant
from rules.engine.engine import Engine
from rules.lifecycle.state_machine import ACTIVE_PHASES, QUIET_STATE
from rules.lifecycle.transitions import Phase
from rules.state.group import GroupState
from rules.tools.explain import explain

ALWAYS: Final[Instant] = sys.maxsize


class EngineRuleState:
    """Rule state of one engine (app.server.alerting.RuleState)."""

    def __init__(self, engine: Engine, is_remote: bool = False) -> None:
        """`is_remote`: another host evaluates the rules, and reports when a finding ends; not when it received the
        device last."""
        self._engine, self._is_remote = engine, is_remote

    def explain(self, rule: str, device: str) -> dict[str, object]:
        """State of a rule for a device or group at present."""
        return explain(self._engine, rule, device)

    def finding_status(self, finding: str, device: str | None, received_since: Instant | None) -> FindingStatus:
        """Whether the rule of a finding still holds it, and whether its device, or one of those it gathers that still
        report, was received since an instant.

        While clearing the rule still holds the finding, and continues it when the device alarms again.
        """
        rule, subject = finding_subject(finding, device)
        if self._is_remote and any(one.name == rule for book in self._engine.books for one in book.rules):
            return FindingStatus.ACTIVE
        return status_by(*rule_standing(self._engine, rule, subject), received_since)


def finding_subject(finding: str, device: str | None) -> tuple[str, str]:
    """The rule of a finding, and the device or group of which the engine keeps its state.

    >>> finding_subject("gas-alarm@1/device:gas-1/1795269600000", "gas-1")
    ('gas-alarm', 'gas-1')
    >>> finding_subject("gas-building@1/building:b3/1795269600000", None)
    ('gas-building', 'building/b3')
    """
    subject = finding.split("/", 1)[1].rpartition("/")[0]
    return finding.split("@", 1)[0], device or subject.replace(":", "/", 1)


def rule_standing(engine: Engine, rule: str, subject: str) -> tuple[Phase, Instant]:
    """The phase of a rule for a device or group, and when its device was received last; of a group, the newest of the
    devices whose findings it gathers. The last message of a device that fell silent keeps a group firing."""
    state = engine.inspect(subject)
    if state is None:
        return Phase.QUIET, 0
    phase = state.rule_states.get(rule, QUIET_STATE).phase
    if not isinstance(state, GroupState):
        return phase, state.last_arrival
    standing = [member for member in state.members.values() if member.is_active]
    return phase, max((_member_received(engine, one.rule, one.device) for one in standing), default=0)


def _member_received(engine: Engine, rule: str, device: str) -> Instant:
    """ALWAYS for what is found without a message: a smaller group, a device that is missed."""
    member = engine.inspect(device)
    if member is None or isinstance(member, GroupState):
        return ALWAYS
    compiled = member.ruleset.by_name.get(rule)
    return ALWAYS if compiled is None or compiled.absent is not None else member.last_arrival


def status_by(phase: Phase, received: Instant, received_since: Instant | None) -> FindingStatus:
    """The status of a finding whose rule is in this phase, and whose device was received last at this instant."""
    if phase not in ACTIVE_PHASES:
        return FindingStatus.OVER
    was_received = received_since is None or received > received_since
    return FindingStatus.ACTIVE if was_received and phase is Phase.FIRING else FindingStatus.NOT_RECEIVED
