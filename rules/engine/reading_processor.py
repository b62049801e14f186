"""ReadingProcessor: what one reading changes on its device: absences, windows, tests, and the rules to evaluate."""

from __future__ import annotations

from domain import Finding, Instant, Quality, Reading
from rules.compiled.reading_plan import ReadingPlan
from rules.engine.absence_processor import AbsenceProcessor
from rules.engine.conditions import ConditionProcessor
from rules.engine.context import EvaluationContext
from rules.engine.engine_state import EngineState
from rules.engine.evaluation import Arrival
from rules.engine.readings import update_baselines, update_histories, usable_values, with_last_values
from rules.engine.self_tests import SelfTestProcessor
from rules.state.device import DeviceState


class ReadingProcessor:
    """Processes readings that the engine's fast path does not answer. `ahead_of_backlog`: the reading overtook earlier
    ones of its device.
    """

    def __init__(
        self, engine_state: EngineState, conditions: ConditionProcessor, absences: AbsenceProcessor,
        self_tests: SelfTestProcessor,
    ) -> None:  # fmt: skip
        self._engine_state, self._conditions = engine_state, conditions
        self._absences, self._self_tests = absences, self_tests

    def evaluate_context_rules(
        self, state: DeviceState, reading: Reading, plan: ReadingPlan, now: Instant, out: list[Finding],
        ahead_of_backlog: bool,
    ) -> None:  # fmt: skip
        """Updates the windows of a quiet device and evaluates those of its rules that no value test has answered."""
        if reading.is_test:
            return self.evaluate_all(state, reading, now, out, ahead_of_backlog)
        if value_tests_passed := plan.passes_value_tests(reading.values):
            self._engine_state.evaluations += plan.value_tests.count
        at, values, community, conditions = reading.at, reading.values, self._engine_state.community, self._conditions
        state.record_arrival(values, at, now)
        update_histories(state, at, values)
        update_baselines(state, community, at, values)
        context = EvaluationContext(state, community, at, with_last_values(state, at, values, False))
        applicable = state.applicable(community)
        for rule, condition in applicable.context_rules if value_tests_passed else applicable.conditional_rules:
            if not condition.required_quantities.isdisjoint(values):
                self._engine_state.evaluations += 1
                # Nearly all rules are quiet and stay quiet: the full evaluation is for the others.
                dangerous = conditions.may_be_dangerous(rule, condition, context)
                if dangerous:
                    arrival = Arrival(at, now, False, False, ahead_of_backlog)
                    conditions.apply_evaluation(state, rule, context, arrival, out)
                if rule.keeps_inputs and (dangerous or rule.keeps_quiet_inputs):
                    conditions.record_inputs(state, rule, context, Arrival(at, now, False, False))

    def evaluate_all(
        self, state: DeviceState, reading: Reading, now: Instant, out: list[Finding], ahead_of_backlog: bool
    ) -> None:
        """The full evaluation, for a reading that may change something."""
        at, values = reading.at, usable_values(reading)
        retained, late = bool(reading.doubts) and Quality.RETAINED in reading.doubts.values(), at < state.max_event_time
        if not retained:
            self._absences.end(state, values, at, now, out)
        if reading.is_test and self._self_tests.withholds(state, values, at, now, retained):
            values = {}
        elif not retained:
            self._self_tests.clear_withheld(state, values, at)
            update_histories(state, at, values)
            update_baselines(state, self._engine_state.community, at, values)
        self._conditions.evaluate_values(state, values, Arrival(at, now, late, retained, ahead_of_backlog), out)
