"""TimerProcessor: what happens when a timer is due: holds and releases that elapse, silence, absence, gateway checks,
tests that end, and re-evaluation at the edges of schedules.
"""

from __future__ import annotations

import msgspec

from domain import Finding, Instant
from rules.compiled.rule import CompiledRule
from rules.engine.absence_processor import AbsenceProcessor
from rules.engine.engine_state import EngineState
from rules.engine.processor import RuleProcessor
from rules.engine.reevaluation_processor import ReevaluationProcessor
from rules.engine.self_tests import SelfTestProcessor
from rules.lifecycle.state_machine import RuleEvent, RuleState, RuleTiming, timer_event
from rules.lifecycle.transitions import Signal
from rules.state.device import DeviceState
from rules.state.timers import ABSENCE, CONTEXT, TEST, Timer, split_timer_key


class TimerProcessor:
    """Runs timers."""

    def __init__(
        self, engine_state: EngineState, rules: RuleProcessor, absences: AbsenceProcessor,
        reevaluations: ReevaluationProcessor, self_tests: SelfTestProcessor,
    ) -> None:  # fmt: skip
        self._engine_state, self._rules, self._absences = engine_state, rules, absences
        self._reevaluations, self._self_tests = reevaluations, self_tests

    def run(self, until: Instant, out: list[Finding], limit: int | None = None) -> None:
        """Runs the timers due by `until`, earliest first, at most `limit` of them."""
        timers = self._engine_state.timers
        heap = timers.heap
        while heap and heap[0][0] <= until and limit != 0:
            limit = None if limit is None else limit - 1
            timer = timers.pop()
            try:
                self._on_timer(timer, out)
            except Exception as error:  # noqa: BLE001 (recorded, or raised where no host records it)
                self._engine_state.record_internal_error(f"{timer[2]} {timer[1]} due {timer[0]}", error)

    def _on_timer(self, timer: Timer, out: list[Finding]) -> None:
        due, key, device_id = timer
        rank, rule = split_timer_key(key)
        state = self._engine_state.find(device_id)
        if state is None:
            return
        if rule == ABSENCE:
            self._absences.on_timer(state, due, out)
        elif rule == CONTEXT:
            self._reevaluations.on_timer(state, rank, due, out)
        elif rule == TEST:
            self._self_tests.on_timer(state, due, out)
        elif (rule_state := state.rule_states.get(rule)) is not None and rule_state.wake_at == due:
            self._on_rule_timer(state, state.ruleset.by_name[rule], rule_state, out)

    def _on_rule_timer(self, state: DeviceState, rule: CompiledRule, rule_state: RuleState, out: list[Finding]) -> None:
        due, timing = rule_state.wake_at or 0, state.timing(rule)
        event = timer_event(timing, rule_state)
        outages = self._engine_state.outages
        later = self._silence_check_at(state, timing, due) if event is None else outages.settle_time(due)
        if later is not None:
            self._rules.store(state, rule, msgspec.structs.replace(rule_state, wake_at=later), due)
            return
        self._rules.apply(state, rule, event or RuleEvent(Signal.WENT_SILENT, due), due, out)

    def _silence_check_at(self, state: DeviceState, timing: RuleTiming, due: Instant) -> Instant | None:
        """When to check again whether a device in alarm fell silent; None when it has."""
        outages = self._engine_state.outages
        deadline = outages.deadline(state.last_seen(None), timing.stale_after_ms or 0)
        return deadline if deadline > due else outages.retry_time(due)
