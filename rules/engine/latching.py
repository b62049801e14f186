"""LatchProcessor: findings of rules with `latch` end when a named person resets them, not by an all-clear
(ISA-18.2)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from domain import Finding, Instant
from domain.findings import finding_id
from rules.compiled.rule import CompiledRule
from rules.engine.absence import is_overdue
from rules.engine.absence_processor import AbsenceProcessor
from rules.engine.engine_state import EngineState
from rules.engine.groups import is_complete
from rules.engine.processor import RuleProcessor
from rules.engine.reevaluation import is_still_true
from rules.lifecycle.state_machine import RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.device import DeviceState
from rules.state.group import GroupState
from rules.state.inputs import RuleInputs


class LatchedFinding(Struct, frozen=True):
    """A finding that is active until a person resets it: its id, the rule, and the device or group."""

    finding: str
    rule: str
    device: str


class LatchProcessor:
    """Latched findings and their reset."""

    def __init__(self, engine_state: EngineState, rules: RuleProcessor, absences: AbsenceProcessor) -> None:
        self._engine_state, self._rules, self._absences = engine_state, rules, absences

    def reset(self, device_id: str, rule: str, now: Instant) -> list[Finding]:
        """Ends what this rule found of a device, or of a group (`building/b3`), whether it is over or not."""
        out: list[Finding] = []
        state = self._engine_state.find(device_id)
        compiled = None if state is None else state.ruleset.by_name.get(rule)
        if state is not None and compiled is not None and rule in state.rule_states:
            self._rules.apply(state, compiled, RuleEvent(Signal.RESET, now), now, out)
            if compiled.condition is None and not isinstance(state, GroupState):
                self._absences.schedule(state)
        return out

    def release(self, device_id: str, rule: str, now: Instant, finding: str | None = None) -> list[Finding]:
        """A named person resets a latched rule. What is over ends; what is still dangerous ends with the next
        all-clear, as if the rule had no latch. `finding`: not when another one is latched.
        """
        state = self._engine_state.find(device_id)
        if state is None or not _is_latched(state, rule) or finding not in (None, _latched_finding(state, rule)):
            return []
        compiled = state.ruleset.by_name[rule]
        if not self._is_still_dangerous(state, compiled, now):
            return self.reset(device_id, rule, now)
        held = {} if state.pending is None else state.pending.inputs
        inputs = held.get(rule) or RuleInputs({}, now)
        inputs.unlatched = True
        state.keep_inputs(rule, inputs)
        return []

    def latched_devices(self, rule: str, among: Iterable[str] | None = None) -> list[str]:
        """The devices and groups, of these or of all, of which this rule holds a finding that only a person ends."""
        names = [state.device.id for state in self._engine_state.all()] if among is None else among
        return [
            name for name in names if (state := self._engine_state.find(name)) is not None and _is_latched(state, rule)
        ]

    def latched_findings(self) -> list[LatchedFinding]:
        """Every finding that only a person ends."""
        if not any(rule.latch for book in self._engine_state.books for rule in book.rules):
            return []
        return [
            LatchedFinding(finding, name, state.device.id)
            for state in self._engine_state.all()
            for name in state.rule_states
            if _is_latched(state, name) and (finding := _latched_finding(state, name)) is not None
        ]

    def _is_still_dangerous(self, state: DeviceState, rule: CompiledRule, now: Instant) -> bool:
        """What only happened is over; what is gathered, awaited or measured may go on."""
        if isinstance(state, GroupState):
            return is_complete(rule, state.members.values())
        if rule.condition is None:
            return is_overdue(state, rule, self._engine_state.outages, now)
        return not rule.rule.is_momentary and is_still_true(state, rule, self._engine_state.community, now)


def _latched_finding(state: DeviceState, rule: str) -> str | None:
    rule_state = state.rule_states[rule]
    if rule_state.subject is None:
        return None
    return finding_id(rule, rule_state.version, rule_state.subject, rule_state.begin)


def _is_latched(state: DeviceState, rule: str) -> bool:
    return state.is_active(rule) and state.ruleset.by_name[rule].rule.latch and not state.is_unlatched(rule)
