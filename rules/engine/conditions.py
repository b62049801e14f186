"""ConditionProcessor: evaluates the conditions of one device's rules and applies the resulting events."""

from __future__ import annotations

from domain import Finding, Value
from rules.compiled.condition import CompiledCondition
from rules.compiled.rule import CompiledRule
from rules.engine.context import EvaluationContext
from rules.engine.engine_state import EngineState
from rules.engine.evaluation import Arrival, evaluate_rule
from rules.engine.processor import RuleProcessor
from rules.engine.readings import with_last_values
from rules.engine.reevaluation import record_inputs
from rules.engine.reevaluation_schedule import ReevaluationSchedule
from rules.lifecycle.state_machine import QUIET_STATE, RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.device import NO_RULE_STATES, DeviceState


class ConditionProcessor:
    """Evaluates conditions and applies their events."""

    def __init__(self, engine_state: EngineState, rules: RuleProcessor, reevaluations: ReevaluationSchedule) -> None:
        self._engine_state, self._rules, self._reevaluations = engine_state, rules, reevaluations

    def evaluate_values(
        self, state: DeviceState, values: dict[str, Value], arrival: Arrival, out: list[Finding]
    ) -> None:
        """Evaluates every rule of the device that has a condition."""
        at, now, community = arrival.at, arrival.now, self._engine_state.community
        context = EvaluationContext(
            state, community, at, with_last_values(state, at, values, arrival.late or arrival.retained)
        )
        for rule, condition in (
            state.applicable(community).conditional_rules
            if state.rule_states is NO_RULE_STATES
            else state.ruleset.conditional_rules
        ):
            if not condition.required_quantities.isdisjoint(values):
                self._evaluate_rule(state, rule, condition, context, arrival, out)
            elif rule.name in state.rule_states:
                self._rules.apply(state, rule, RuleEvent(Signal.NO_DATA, at), now, out)

    def _evaluate_rule(
        self, state: DeviceState, rule: CompiledRule, condition: CompiledCondition, context: EvaluationContext,
        arrival: Arrival, out: list[Finding],
    ) -> None:  # fmt: skip
        self._engine_state.evaluations += 1
        if rule.name in state.rule_states or self.may_be_dangerous(rule, condition, context):
            self.apply_evaluation(state, rule, context, arrival, out)
        if rule.keeps_inputs:
            self.record_inputs(state, rule, context, arrival)

    def record_inputs(
        self, state: DeviceState, rule: CompiledRule, context: EvaluationContext, arrival: Arrival
    ) -> None:
        """Keeps the values a rule was evaluated on, where time or another finding alone may change the result."""
        record_inputs(state, rule, self._engine_state.community, context.values, arrival)
        self._reevaluations.schedule(state, arrival.now)

    def may_be_dangerous(self, rule: CompiledRule, condition: CompiledCondition, context: EvaluationContext) -> bool:
        """True when a quiet rule may find danger."""
        try:
            if condition.value_test is not None:
                value = context.values.get(condition.tested_quantity)
                if value is None or not condition.value_test(value):
                    return False
            return condition.danger(context) is True
        except TypeError:
            self._engine_state.count_type_error(rule)
            return False

    def apply_evaluation(
        self, state: DeviceState, rule: CompiledRule, context: EvaluationContext, arrival: Arrival, out: list[Finding]
    ) -> None:
        """Evaluates one rule in full and applies its events."""
        rule_state = state.rule_states.get(rule.name, QUIET_STATE)
        try:
            events = evaluate_rule(rule, rule_state, context, arrival)
        except TypeError:
            self._engine_state.count_type_error(rule)
            return
        if arrival.retained:
            events = _filter_retained(state, rule, events)
        for event in events:
            self._rules.apply(state, rule, event, arrival.now, out)


def _filter_retained(state: DeviceState, rule: CompiledRule, events: list[RuleEvent]) -> list[RuleEvent]:
    """Of a retained message only danger counts, and once: its age is unknown, and it comes at every reconnect."""
    danger = events[0].signal is Signal.DANGER
    if not danger or rule.name in state.rule_states or rule.name in state.retained_reported:
        return []
    state.record_retained(rule.name)
    return events
