"""Writes a finding: the words of a rule, the subject and place of a device, and the id that is the same on every
replay. It decides nothing.
"""

from __future__ import annotations

from typing import Final

from domain import MINUTE, Device, Finding, Instant, Subject
from rules.compiled.rule import PlannedRule
from rules.engine.community_index import GROUP, Neighbourhood
from rules.engine.evaluation import RETAINED
from rules.lifecycle.state_machine import Effect

LATE_AFTER_MS: Final = 2 * MINUTE
"""A delay up to this is ordinary transport, not news."""


def finding(
    planned: PlannedRule, device: Device, effect: Effect, now: Instant, neighbourhood: Neighbourhood
) -> Finding:
    """What is told of one effect. Subject and version are those of the beginning, so that the id never changes."""
    rule, watch = planned.rule, effect.watch
    subject, place = neighbourhood.subject(device, rule.of)
    subject, version = watch.subject or subject, watch.version or planned.version
    return Finding(
        id=finding_id(rule.name, version, subject, watch.begin),
        rule=rule.name,
        version=version,
        phase=effect.said,
        hazard=planned.hazard,
        title=rule.title.zh,
        severity=watch.severity,
        ledger=rule.ledger,
        subject=subject,
        begin=watch.begin,
        at=effect.at,
        now=now,
        device=None if GROUP in device.id else device.id,
        place=place,
        advice=rule.advice.zh if rule.advice is not None else "",
        evidence=watch.evidence,
        late_ms=_late(effect, now),
    )


def finding_id(rule: str, version: str, subject: Subject, begin: Instant) -> str:
    """The same on every replay."""
    return f"{rule}@{version}/{subject}/{begin}"


def _late(effect: Effect, now: Instant) -> int:
    delay = now - effect.at
    if delay > LATE_AFTER_MS:
        return delay
    # Nobody knows how old a retained message is; one millisecond is the least that says "late".
    return 1 if any(line.quantity == RETAINED for line in effect.watch.evidence) else 0
