"""ConditionProcessor: evaluates the conditions of one device's rules and applies the resulting events."""

from __future__ import annotations

from domain import Finding, Value
from rules.compiled.condition import CompiledCondition
from rules.compiled.rule import CompiledRule
from rules.engine.context import EvaluationContext
from rules.engine.evaluation import Arrival, evaluate_rule
from rules.engine.readings import with_last_values
from rules.engine.reevaluation import record_inputs
from rules.engine.reload import ReloadableEngine
from rules.lifecycle.state_machine import QUIET_STATE, RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.device import NO_RULE_STATES, DeviceState


class ConditionProcessor(ReloadableEngine):
    """Evaluates conditions and applies their events."""

    def _evaluate_values(
        self, state: DeviceState, values: dict[str, Value], arrival: Arrival, out: list[Finding]
    ) -> None:
        at, now = arrival.at, arrival.now
        context = EvaluationContext(
            state, self._community, at, with_last_values(state, at, values, arrival.late or arrival.retained)
        )
        for rule, condition in (
            state.applicable(self._community).conditional_rules
            if state.rule_states is NO_RULE_STATES
            else state.ruleset.conditional_rules
        ):
            if not condition.required_quantities.isdisjoint(values):
                self._evaluate_rule(state, rule, condition, context, arrival, out)
            elif rule.name in state.rule_states:
                self.apply(state, rule, RuleEvent(Signal.NO_DATA, at), now, out)

    def _evaluate_rule(
        self,
        state: DeviceState,
        rule: CompiledRule,
        condition: CompiledCondition,
        context: EvaluationContext,
        arrival: Arrival,
        out: list[Finding],
    ) -> None:
        self.evaluations += 1
        if rule.name in state.rule_states or self._may_be_dangerous(rule, condition, context):
            self._apply_evaluation(state, rule, context, arrival, out)
        if rule.keeps_inputs:
            self._record_inputs(state, rule, context, arrival)

    def _record_inputs(
        self, state: DeviceState, rule: CompiledRule, context: EvaluationContext, arrival: Arrival
    ) -> None:
        """Keeps what the rule was judged by, where time or another finding alone may change the answer."""
        record_inputs(state, rule, self._community, context.values, arrival)
        self._schedule_reevaluation(state, arrival.now)

    def _may_be_dangerous(self, rule: CompiledRule, condition: CompiledCondition, context: EvaluationContext) -> bool:
        """True when a quiet rule may see danger."""
        try:
            if condition.value_test is not None:
                value = context.values.get(condition.tested_quantity)
                if value is None or not condition.value_test(value):
                    return False
            return condition.danger(context) is True
        except TypeError:
            self._count_type_error(rule)
            return False

    def _apply_evaluation(
        self, state: DeviceState, rule: CompiledRule, context: EvaluationContext, arrival: Arrival, out: list[Finding]
    ) -> None:
        rule_state = state.rule_states.get(rule.name, QUIET_STATE)
        try:
            events = evaluate_rule(rule, rule_state, context, arrival)
        except TypeError:
            self._count_type_error(rule)
            return
        if arrival.retained:
            events = self._filter_retained(state, rule, events)
        for event in events:
            self.apply(state, rule, event, arrival.now, out)

    def _filter_retained(self, state: DeviceState, rule: CompiledRule, events: list[RuleEvent]) -> list[RuleEvent]:
        """Of a retained message only danger counts, and once: its age is unknown, and it comes at every reconnect."""
        danger = events[0].signal is Signal.DANGER
        if not danger or rule.name in state.rule_states or rule.name in state.retained_reported:
            return []
        state.record_retained(rule.name)
        return events
