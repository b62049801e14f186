"""Builds a Finding from an effect of the state machine: texts of the rule, subject, place, and an id that is the same
on every replay.
"""

from __future__ import annotations

from typing import Final

from domain import MINUTE, Device, Finding, Instant
from domain.findings import finding_id
from rules.compiled.rule import CompiledRule
from rules.engine.community_index import CommunityIndex
from rules.engine.evaluation import RETAINED
from rules.lifecycle.state_machine import Effect
from rules.state.group_key import GroupKey

LATE_AFTER_MS: Final = 2 * MINUTE
"""A delay up to this is ordinary transport, not news."""


def build_finding(
    compiled: CompiledRule, device: Device, effect: Effect, now: Instant, community: CommunityIndex
) -> Finding:
    """Builds the finding of one effect. Subject and version are those of its beginning, so that the id never
    changes."""
    rule, rule_state = compiled.rule, effect.state
    subject, place = community.subject(device, rule.of)
    subject, version = rule_state.subject or subject, rule_state.version or compiled.version
    return Finding(
        id=finding_id(rule.name, version, subject, rule_state.begin),
        rule=rule.name,
        version=version,
        phase=effect.phase,
        hazard=compiled.hazard,
        title=rule.title.zh,
        severity=rule_state.severity,
        ledger=rule.ledger,
        subject=subject,
        begin=rule_state.begin,
        at=effect.at,
        now=now,
        device=device.id if GroupKey.parse(device.id) is None else None,
        place=place,
        advice=rule.advice.zh if rule.advice is not None else "",
        evidence=rule_state.evidence,
        late_ms=_late_ms(effect, now),
    )


def _late_ms(effect: Effect, now: Instant) -> int:
    delay = now - effect.at
    if delay > LATE_AFTER_MS:
        return delay
    # The age of a retained message is unknown; one millisecond is the least that means "late".
    return 1 if any(line.quantity == RETAINED for line in effect.state.evidence) else 0
