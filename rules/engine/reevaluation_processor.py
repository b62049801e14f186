"""ReevaluationProcessor: evaluates rules again without a reading, on the values they were last evaluated on."""

from __future__ import annotations

from domain import Finding, Instant
from rules.compiled.rule import CompiledRule
from rules.engine.absence_processor import AbsenceProcessor
from rules.engine.engine_state import EngineState
from rules.engine.groups import is_complete
from rules.engine.processor import RuleProcessor
from rules.engine.reevaluation import ReevaluationTime, advance_edge, reevaluate
from rules.engine.reevaluation_schedule import ReevaluationSchedule
from rules.state.device import DeviceState
from rules.state.group import GroupState
from rules.state.timers import CONTEXT


class ReevaluationProcessor:
    """Runs the re-evaluations that ReevaluationSchedule schedules."""

    def __init__(
        self,
        engine_state: EngineState,
        rules: RuleProcessor,
        schedule: ReevaluationSchedule,
        absences: AbsenceProcessor,
    ) -> None:
        self._engine_state, self._rules = engine_state, rules
        self._schedule, self._absences = schedule, absences

    def on_timer(self, state: DeviceState, rank: int, due: Instant, out: list[Finding]) -> None:
        """Re-evaluates the rules of one rank, then schedules the next rank at the same instant: inhibiting rules run
        first, across devices and groups, holds included.
        """
        pending = state.pending
        if pending is None or pending.due != due:
            return
        engine_state = self._engine_state
        later = engine_state.outages.settle_time(due)
        if later is not None:
            pending.due = later
            engine_state.schedule_timer(later, 0, state, CONTEXT)
            return
        time = ReevaluationTime(pending.at, due)
        for rule in state.ruleset.reevaluated_rules:
            if rule.rank == rank:
                self._reevaluate(state, rule, time, out)
        higher = state.next_rank(rank)
        if higher is not None:
            engine_state.schedule_timer(due, higher, state, CONTEXT)
        elif state.pending is not None:
            state.pending.due = None
            self._schedule.schedule(state, due)
        if isinstance(state, GroupState):
            engine_state.groups.evict_if_empty(state)

    def _reevaluate(self, state: DeviceState, rule: CompiledRule, time: ReevaluationTime, out: list[Finding]) -> None:
        engine_state = self._engine_state
        if state.pending is None or rule.name not in state.pending.inputs:
            return
        if rule.condition is None and rule.name in state.rule_states:
            # A person reset it: that is kept until it ends.
            advance_edge(state, rule, engine_state.community, time.at)
            return
        if rule.condition is None:
            self._start_held_back(state, rule, time, out)
            return
        try:
            event = reevaluate(state, rule, engine_state.community, engine_state.outages, time)
        except TypeError:
            engine_state.count_type_error(rule)
            return
        if event is not None:
            self._rules.apply(state, rule, event, time.due, out)

    def _start_held_back(
        self, state: DeviceState, rule: CompiledRule, time: ReevaluationTime, out: list[Finding]
    ) -> None:
        """A finding of a group or of an absence that was held back may begin now."""
        engine_state = self._engine_state
        advance_edge(state, rule, engine_state.community, time.at)
        if isinstance(state, GroupState):
            event = engine_state.groups.evaluate(state, rule, time.at, engine_state.community, joins=True)
            if event is not None:
                self._rules.apply(state, rule, event, time.due, out)
            if event is not None or not is_complete(rule, state.members.values()):
                state.keep_inputs(rule.name, None)
            return
        state.keep_inputs(rule.name, None)
        state.absence_timer = time.due
        self._absences.on_timer(state, time.due, out)
