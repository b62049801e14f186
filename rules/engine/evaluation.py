"""Evaluates one rule for one reading: signals of its condition become rule events with event time, severity and
evidence.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import Evidence, Instant
from rules.compiled.rule import CompiledRule
from rules.engine.context import EvaluationContext
from rules.lifecycle.state_machine import RuleEvent, RuleState
from rules.lifecycle.transitions import Phase, Signal

RETAINED: Final = "retained"
"""Evidence that the message was a retained one of unknown age."""


class Arrival(Struct, frozen=True, gc=False):
    """When a reading is evaluated: event time, arrival time, and whether it is late or retained."""

    at: Instant
    now: Instant
    late: bool
    retained: bool
    ahead_of_backlog: bool = False
    """It overtook earlier readings of the device."""
    measured_at: Instant | None = None
    """Event time of the values, where time or another finding caused the evaluation."""


def evaluate_rule(
    rule: CompiledRule, rule_state: RuleState, context: EvaluationContext, arrival: Arrival
) -> list[RuleEvent]:
    """The events of one rule for one reading."""
    assert rule.condition is not None
    signals = rule.condition.evaluate(rule_state, context, arrival.at)
    return [_rule_event(signal, rule, rule_state, context, arrival) for signal in signals]


def _rule_event(
    signal: Signal, rule: CompiledRule, rule_state: RuleState, context: EvaluationContext, arrival: Arrival
) -> RuleEvent:
    condition, at = rule.condition, arrival.at
    assert condition is not None
    seen = at if arrival.measured_at is None else arrival.measured_at
    if signal is not Signal.DANGER:
        ends = signal is Signal.CLEAR and rule_state.phase in (Phase.FIRING, Phase.CLEARING, Phase.STALE)
        evidence = condition.evidence(context, seen) if ends else ()
        return RuleEvent(signal, at, late=arrival.late, evidence=evidence, measured_at=arrival.measured_at)
    severity = condition.severity(context)
    # Rendering costs more than evaluating, and an unchanged danger emits no finding.
    news = rule_state.phase is not Phase.FIRING or severity is not rule_state.severity
    evidence = condition.evidence(context, seen) if news else ()
    if arrival.retained:
        evidence = (*evidence, Evidence(RETAINED, True, at=at))
    late = arrival.late or arrival.retained
    return RuleEvent(
        signal, at, severity, late, evidence, ahead_of_backlog=arrival.ahead_of_backlog, measured_at=arrival.measured_at
    )
