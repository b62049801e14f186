"""SelfTestProcessor: what a device reports while it is tested is withheld; a danger that was not cleared is evaluated
when the test's limit has passed.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from domain import Finding, Instant, Value
from domain.self_tests import limit_of
from rules.engine.conditions import ConditionProcessor
from rules.engine.engine_state import EngineState
from rules.engine.evaluation import Arrival
from rules.engine.readings import update_histories
from rules.state.device import DeviceState
from rules.state.self_tests import after_judged_message, current_run, with_withheld_dangers
from rules.state.timers import TEST


class SelfTestProcessor:
    """Test runs of devices."""

    def __init__(self, engine_state: EngineState, conditions: ConditionProcessor) -> None:
        self._engine_state, self._conditions = engine_state, conditions

    def withholds(
        self, state: DeviceState, values: Mapping[str, Value], at: Instant, now: Instant, retained: bool
    ) -> bool:
        """Withholds what a device reports during a test; False when the flag has lasted too long to be a test."""
        limit_ms = limit_of(state.device)
        run = current_run(state.test, now, limit_ms)
        if run is None:
            return False
        run = with_withheld_dangers(run, state.ruleset.dangers, values, at, retained)
        due = max(now, run.since + limit_ms) if run.dangers else None
        if due is not None and due != run.due:
            self._engine_state.schedule_timer(due, 0, state, TEST)
        state.keep_test(replace(run, due=due))
        return True

    def clear_withheld(self, state: DeviceState, values: Mapping[str, Value], at: Instant) -> None:
        """Clears what this message reports about a danger; the rest stays withheld."""
        if state.test is not None:
            state.keep_test(after_judged_message(state.test, state.ruleset.dangers, values, at))

    def on_timer(self, state: DeviceState, due: Instant, out: list[Finding]) -> None:
        """The limit of a test has passed and the danger was not cleared. This is not a sign of life."""
        test = state.test
        if test is None or test.due != due:
            return
        later = self._engine_state.outages.settle_time(due)
        if later is not None:
            state.keep_test(replace(test, due=later))
            self._engine_state.schedule_timer(later, 0, state, TEST)
            return
        state.keep_test(replace(test, dangers={}, due=None))
        values: dict[str, Value] = dict.fromkeys(test.dangers, True)
        at = max(state.max_event_time, *test.dangers.values())
        if not test.retained:
            update_histories(state, at, values)
        self._conditions.evaluate_values(state, values, Arrival(at, due, False, test.retained), out)
