"""Findings from dates in a device's attributes: the end of its service life, a calibration that is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from domain import DAY, Attribute, Evidence, Instant
from rules.compiled.rule import CompiledRule
from rules.engine.community_index import CommunityIndex
from rules.engine.context import EvaluationContext
from rules.lifecycle.state_machine import RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.device import DeviceState

_EPOCH: Final = date(1970, 1, 1).toordinal()


def expiry_events(
    state: DeviceState, community: CommunityIndex, now: Instant
) -> Iterator[tuple[CompiledRule, RuleEvent]]:
    """Events of expiry rules at `now`; a corrected date ends the finding."""
    context = EvaluationContext(state, community, now, {})
    for rule, due in expiry_dates(state):
        begins = due <= now and rule.name not in state.rule_states
        if begins and (rule.only_if is None or rule.only_if(context) is True):
            yield (
                rule,
                RuleEvent(Signal.DANGER, now, rule.rule.severity, evidence=tuple(_date_evidence(state, rule, now))),
            )
    lasting = {rule.name for rule, due in expiry_dates(state) if due <= now}
    for rule, _ in state.ruleset.expiry_rules:
        if rule.name in state.rule_states and rule.name not in lasting:
            yield rule, RuleEvent(Signal.CLEAR, now)


def expiry_dates(state: DeviceState) -> Iterator[tuple[CompiledRule, Instant]]:
    for rule, expires in state.ruleset.expiry_rules:
        last = _day_start(state.device.attributes.get(expires.on))
        if last is None and expires.life is not None:
            first = _day_start(state.device.attributes.get(expires.since))
            last = None if first is None else first + expires.life
        if last is not None:
            yield rule, max(last - expires.before, state.known_since)


def _day_start(written: Attribute | None) -> Instant | None:
    """The first instant of a day, in UTC: in China eight in the morning. What is no day is unknown."""
    try:
        return (date.fromisoformat(str(written)).toordinal() - _EPOCH) * DAY
    except ValueError:
        return None


def _date_evidence(state: DeviceState, rule: CompiledRule, now: Instant) -> Iterator[Evidence]:
    expires = rule.rule.expires
    for name in (expires.on, expires.since) if expires is not None else ():
        if name in state.device.attributes:
            yield Evidence(name, state.device.attributes[name], at=now)
