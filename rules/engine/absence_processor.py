"""AbsenceProcessor: findings about devices and gateways that do not report. They begin by timer and end with the next
message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain import Finding, Instant, Value
from rules.engine.absence import is_reported_silent, next_check, only_itself_received, overdue, overdue_events
from rules.engine.engine_state import EngineState
from rules.engine.expiry import expiry_events
from rules.engine.processor import RuleProcessor
from rules.engine.reevaluation_schedule import ReevaluationSchedule
from rules.lifecycle.state_machine import RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.device import DeviceState
from rules.state.gateway import CHECK_INTERVAL_MS, GatewayState
from rules.state.timers import ABSENCE


class AbsenceProcessor:
    """Absence of devices and gateways."""

    def __init__(self, engine_state: EngineState, rules: RuleProcessor, reevaluations: ReevaluationSchedule) -> None:
        self._engine_state, self._rules, self._reevaluations = engine_state, rules, reevaluations

    def schedule(self, state: DeviceState, checked_at: Instant | None = None) -> None:
        """Schedules the next check of a device."""
        due = next_check(state, self._engine_state.outages, checked_at)
        if due is not None and due != state.absence_timer:
            self._engine_state.schedule_timer(due, 0, state, ABSENCE)
        state.absence_timer = due

    def on_timer(self, state: DeviceState, due: Instant, out: list[Finding]) -> None:
        """Checks whether the device, its gateway or a date of it is overdue."""
        if state.absence_timer != due:
            return
        engine_state = self._engine_state
        state.absence_timer = engine_state.outages.retry_time(due)
        if state.absence_timer is not None:
            engine_state.schedule_timer(state.absence_timer, 0, state, ABSENCE)
            return
        gateway = state.own_gateway
        if gateway is not None and gateway.is_silent:
            self._check_gateway(state, gateway, due, out)
        for rule, event in [
            *overdue_events(state, engine_state.outages, engine_state.community, due),
            *expiry_events(state, engine_state.community, due),
        ]:
            self._rules.apply(state, rule, event, due, out)
        for rule in overdue(state, engine_state.outages, due):
            self._reevaluations.hold_back(state, rule, due, due)
        if gateway is not None and not gateway.is_silent and is_reported_silent(state):
            only_itself = only_itself_received(state, due)
            gateway.mark_silent(
                gateway.last_child_traffic(state) if only_itself else gateway.last_traffic(state), due, only_itself
            )
        self.schedule(state, due)

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
                self._rules.apply(state, rule, RuleEvent(Signal.CLEAR, now), now, out)
        for child in gateway.children.values():
            self.schedule(child)

    def mark_offline(self, device_ids: Iterable[str], now: Instant, out: list[Finding]) -> None:
        """Devices that their platform reports as offline: absent after the grace."""
        known = map(self._engine_state.devices.get, device_ids)
        offline = [state for state in known if state is not None and not state.is_offline]
        for state in offline:
            state.mark_offline(now)
            if state.own_gateway is not None:
                state.own_gateway.mark_silent(now, now)
        for state in offline:
            self.schedule(state)
            if state.parent_gateway is None or not state.parent_gateway.is_silent:
                for rule, absent in state.ruleset.absence_rules:
                    if absent.quantity is None:
                        self._rules.record_start(state, rule, now, now, out)

    def end(
        self, state: DeviceState, values: Mapping[str, Value], at: Instant, now: Instant, out: list[Finding]
    ) -> None:
        """The device reported: its absences end. A retained message is no sign of life and never comes here."""
        state.record_arrival(values, at, now)
        for rule, absent in state.ruleset.absence_rules:
            if absent.quantity is not None and absent.quantity not in values:
                continue
            if rule.name not in state.rule_states:
                if state.is_held_back(rule.name):
                    # Its silence is over, and counts anew: nothing else would check the next one in time.
                    state.keep_inputs(rule.name, None)
                    self.schedule(state)
            elif absent.children is None or state.own_gateway is None or not state.own_gateway.only_itself_received:
                # A message of the gateway itself does not prove its devices.
                self._rules.apply(state, rule, RuleEvent(Signal.CLEAR, now), now, out)
                self.schedule(state)
