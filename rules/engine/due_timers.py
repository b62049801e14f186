"""TimerProcessor: what happens when a timer is due: holds and releases that elapse, silence, absence, gateway checks
and re-evaluation at the edges of schedules. `tick(now)` is called by the host.
"""

from __future__ import annotations

import msgspec

from domain import Finding, Instant
from rules.compiled.rule import CompiledRule
from rules.engine.absence import is_reported_silent, next_check, only_itself_received, overdue, overdue_events
from rules.engine.expiry import expiry_events
from rules.engine.groups import is_complete
from rules.engine.processor import RuleProcessor
from rules.engine.reevaluation import ReevaluationTime, advance_edge, reevaluate
from rules.lifecycle.state_machine import RuleEvent, RuleState, RuleTiming, timer_event
from rules.lifecycle.transitions import Signal
from rules.state.device import DeviceState
from rules.state.gateway import CHECK_INTERVAL_MS, GatewayState
from rules.state.group import GroupState
from rules.state.timers import ABSENCE, CONTEXT, Timer, split_timer_key


class TimerProcessor(RuleProcessor):
    """Runs timers."""

    def tick(self, now: Instant, limit: int | None = None) -> list[Finding]:
        """Runs the wake-ups due by `now`, earliest first, at most `limit` of them."""
        out: list[Finding] = []
        self._run_timers(now, out, limit)
        return out

    def next_timer(self) -> Instant | None:
        """When the next timer is due. It may be an outdated one."""
        return self._timers.next

    def _run_timers(self, until: Instant, out: list[Finding], limit: int | None = None) -> None:
        heap = self._timers.heap
        while heap and heap[0][0] <= until and limit != 0:
            limit = None if limit is None else limit - 1
            wake = self._timers.pop()
            try:
                self._on_timer(wake, out)
            except Exception as fault:  # noqa: BLE001 (recorded, or raised where no host records it)
                self._record_internal_error(f"{wake[2]} {wake[1]} due {wake[0]}", fault)

    def _record_internal_error(self, where: str, fault: Exception) -> None:
        """Our own mistake about one device must not deafen a service to the others; a trial must fail of it."""
        if self.internal_errors is None:
            raise fault
        self.internal_errors.append((where, fault))

    def _on_timer(self, wake: Timer, out: list[Finding]) -> None:
        due, what, device_id = wake
        rank, rule = split_timer_key(what)
        state = self._state(device_id)
        if state is not None and rule == ABSENCE:
            self._on_absence_timer(state, due, out)
        elif state is not None and rule == CONTEXT:
            self._on_reevaluation_timer(state, rank, due, out)
        elif (
            state is not None and (rule_state := state.rule_states.get(rule)) is not None and rule_state.wake_at == due
        ):
            self._on_rule_timer(state, state.ruleset.by_name[rule], rule_state, out)

    def _on_rule_timer(self, state: DeviceState, rule: CompiledRule, rule_state: RuleState, out: list[Finding]) -> None:
        due, timing = rule_state.wake_at or 0, state.timing(rule)
        event = timer_event(timing, rule_state)
        later = self._silence_check_at(state, timing, due) if event is None else self.outages.settle_time(due)
        if later is not None:
            self._store(state, rule, msgspec.structs.replace(rule_state, wake_at=later))
            return
        self.apply(state, rule, event or RuleEvent(Signal.WENT_SILENT, due), due, out)

    def _silence_check_at(self, state: DeviceState, timing: RuleTiming, due: Instant) -> Instant | None:
        """When to look again whether a device in alarm fell silent; None when it has."""
        deadline = self.outages.deadline(state.last_seen(None), timing.stale_after_ms or 0)
        return deadline if deadline > due else self.outages.retry_time(due)

    def _on_absence_timer(self, state: DeviceState, due: Instant, out: list[Finding]) -> None:
        if state.absence_timer != due:
            return
        state.absence_timer = self.outages.retry_time(due)
        if state.absence_timer is not None:
            self._schedule(state.absence_timer, 0, state, ABSENCE)
            return
        gateway = state.own_gateway
        if gateway is not None and gateway.is_silent:
            self._check_gateway(state, gateway, due, out)
        for rule, event in [
            *overdue_events(state, self.outages, self._community, due),
            *expiry_events(state, self._community, due),
        ]:
            self.apply(state, rule, event, due, out)
        for rule in overdue(state, self.outages, due):
            self._hold_back(state, rule, due, due)
        if gateway is not None and not gateway.is_silent and is_reported_silent(state):
            only_itself = only_itself_received(state, due)
            gateway.mark_silent(
                gateway.last_child_traffic(state) if only_itself else gateway.last_traffic(state), due, only_itself
            )
        self._schedule_absence(state, due)

    def _check_gateway(
        self, state: DeviceState, gateway: GatewayState[DeviceState], now: Instant, out: list[Finding]
    ) -> None:
        """Checks a silent gateway. When it has recovered, its devices get as long to report as they had left."""
        if not gateway.has_recovered(state):
            gateway.next_check_at = now + CHECK_INTERVAL_MS
            return
        gateway.mark_recovered(now)
        for rule, absent in state.ruleset.absence_rules:
            if absent.quantity is None and rule.name in state.rule_states:
                self.apply(state, rule, RuleEvent(Signal.CLEAR, now), now, out)
        for child in gateway.children.values():
            self._schedule_absence(child)

    def _schedule_absence(self, state: DeviceState, looked_at: Instant | None = None) -> None:
        due = next_check(state, self.outages, looked_at)
        if due is not None and due != state.absence_timer:
            self._schedule(due, 0, state, ABSENCE)
        state.absence_timer = due

    # -- edges of hours, and findings that others ask for --------------------------------------------------------

    def _on_reevaluation_timer(self, state: DeviceState, rank: int, due: Instant, out: list[Finding]) -> None:
        """Re-evaluates the rules of one rank, then schedules the next rank at the same instant: inhibiting rules run
        first, across devices and groups, holds included.
        """
        context = state.pending
        if context is None or context.due != due:
            return
        later = self.outages.settle_time(due)
        if later is not None:
            context.due = later
            self._schedule(later, 0, state, CONTEXT)
            return
        look = ReevaluationTime(context.at, due)
        for rule in state.ruleset.reevaluated_rules:
            if rule.rank == rank:
                self._reevaluate(state, rule, look, out)
        higher = state.next_rank(rank)
        if higher is not None:
            self._schedule(due, higher, state, CONTEXT)
        elif state.pending is not None:
            state.pending.due = None
            self._schedule_reevaluation(state, due)
        if isinstance(state, GroupState):
            self.groups.evict_if_empty(state)

    def _reevaluate(self, state: DeviceState, rule: CompiledRule, look: ReevaluationTime, out: list[Finding]) -> None:
        if state.pending is None or rule.name not in state.pending.inputs:
            return
        if rule.condition is None and rule.name in state.rule_states:
            advance_edge(state, rule, self._community, look.at)  # a person reset it: that is kept until it ends
            return
        if rule.condition is None:
            self._start_held_back(state, rule, look, out)
            return
        try:
            event = reevaluate(state, rule, self._community, self.outages, look)
        except TypeError:
            self._count_type_error(rule)
            return
        if event is not None:
            self.apply(state, rule, event, look.due, out)

    def _start_held_back(
        self, state: DeviceState, rule: CompiledRule, look: ReevaluationTime, out: list[Finding]
    ) -> None:
        """What was held back of a group or of a silence, and may begin now."""
        advance_edge(state, rule, self._community, look.at)
        if isinstance(state, GroupState):
            event = self.groups.evaluate(state, rule, look.at, self._community, joins=True)
            if event is not None:
                self.apply(state, rule, event, look.due, out)
            if event is not None or not is_complete(rule, state.members.values()):
                state.keep_inputs(rule.name, None)
            return
        state.keep_inputs(rule.name, None)
        state.absence_timer = look.due
        self._on_absence_timer(state, look.due, out)
