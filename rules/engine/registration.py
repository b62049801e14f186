"""DeviceRegistration: devices that are added to, changed in or removed from the registry."""

from __future__ import annotations

from collections.abc import Iterable

from domain import Device, Finding, Instant, Ledger
from rules.engine.absence_processor import AbsenceProcessor
from rules.engine.engine_state import EngineState
from rules.engine.expiry import expiry_events
from rules.engine.processor import RuleProcessor
from rules.engine.reevaluation_schedule import ReevaluationSchedule
from rules.lifecycle.state_machine import QUIET_STATE, RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.gateway import GATEWAY_KIND


class DeviceRegistration:
    """Adds and removes states of devices."""

    def __init__(
        self, engine_state: EngineState, rules: RuleProcessor, reevaluations: ReevaluationSchedule,
        absences: AbsenceProcessor,
    ) -> None:  # fmt: skip
        self._engine_state, self._rules = engine_state, rules
        self._reevaluations, self._absences = reevaluations, absences

    def register(self, devices: Iterable[Device], now: Instant, out: list[Finding]) -> None:
        """Registers new and changed devices; their absence counts from now on. Another kind starts anew."""
        engine_state = self._engine_state
        gateways: set[str] = set()
        for device in devices:
            state = engine_state.devices.get(device.id)
            if state is not None and state.ruleset.kind != device.kind:
                self.unregister([device.id], now, out)
                state = None
            if state is None:
                state = engine_state.create_device(device, now)
            state.update_device(device)
            if (gateway := engine_state.gateways.attach(state)) is not None:
                gateways.add(gateway)
            for rule, event in expiry_events(state, engine_state.community, now) if state.rule_states else ():
                self._rules.apply(state, rule, event, now, out)
            self._absences.schedule(state)
            self._reevaluations.refresh_edges(state, now)
        for name in sorted(gateways):
            self._add_implied_gateway(name, now)
        self._rules.move_members(now, out)
        self._reevaluations.on_community_change(now)

    def unregister(self, device_ids: Iterable[str], now: Instant, out: list[Finding]) -> None:
        """Devices removed from the registry. Findings of the health ledger end; findings of danger go stale."""
        engine_state = self._engine_state
        for device_id in device_ids:
            state = engine_state.devices.get(device_id)
            if state is None:
                continue
            for name in sorted(state.rule_states):
                rule = state.ruleset.by_name[name]
                health = rule.rule.ledger is Ledger.HEALTH
                signal = Signal.RESET if health else Signal.WENT_SILENT
                self._rules.apply(state, rule, RuleEvent(signal, now), now, out)
            del engine_state.devices[device_id]
            engine_state.gateways.detach(state)
            if state.own_gateway is not None and state.own_gateway.children:
                self._add_implied_gateway(device_id, now)
            for name, rule_state in sorted(state.rule_states.items()):
                self._rules.update_groups(state, state.ruleset.by_name[name], rule_state, QUIET_STATE, now, now, out)

    def _add_implied_gateway(self, name: str, now: Instant) -> None:
        """A gateway that devices name exists, also when it is not registered."""
        engine_state = self._engine_state
        state = engine_state.devices.get(name) or engine_state.create_device(
            Device(name, GATEWAY_KIND), now, registered=False
        )
        state.own_gateway = engine_state.gateways.get_or_create(name)
        if not state.registered:
            state.registered = state.own_gateway.implied = True
        self._absences.schedule(state)
