"""RuleProcessor: applies rule events to rule states, emits findings, schedules timers and updates the groups that
gather those findings.

`out` is the list of findings of the call in progress; the processor appends to it.
"""

from __future__ import annotations

import msgspec

from domain import Finding, Instant
from rules.compiled.rule import CompiledRule
from rules.compiled.ruleset import empty_ruleset
from rules.engine.chatter import chatter_events
from rules.engine.context import EvaluationContext
from rules.engine.engine_state import EngineState
from rules.engine.findings import build_finding
from rules.engine.reevaluation import drop_inputs
from rules.engine.reevaluation_schedule import ReevaluationSchedule
from rules.lifecycle.late_events import expand_late_event, restart_time
from rules.lifecycle.state_machine import ACTIVE_PHASES, QUIET_STATE, Effect, RuleEvent, RuleState, step
from rules.lifecycle.transitions import Phase, Signal
from rules.state.device import DeviceState
from rules.state.group import GroupState, MemberChange


class RuleProcessor:
    """Applies events to rule states."""

    def __init__(self, engine_state: EngineState, reevaluations: ReevaluationSchedule) -> None:
        self._engine_state, self._reevaluations = engine_state, reevaluations

    def apply(self, state: DeviceState, rule: CompiledRule, event: RuleEvent, now: Instant, out: list[Finding]) -> None:
        """Applies one event, expanded where it is late."""
        before = state.rule_states.get(rule.name, QUIET_STATE)
        restarted_at = restart_time(before, event)
        if restarted_at is not None:
            self._check_chatter(state, rule, restarted_at, now, out)
        first, *rest = expand_late_event(state.timing(rule), before, event)
        self._apply_one(state, rule, first, now, out)
        for each in rest:
            self.apply(state, rule, each, now, out)

    def _apply_one(
        self, state: DeviceState, rule: CompiledRule, event: RuleEvent, now: Instant, out: list[Finding]
    ) -> None:
        """Stores the next state, schedules its timer and emits its findings."""
        before = state.rule_states.get(rule.name, QUIET_STATE)
        if event.signal is Signal.HOLD_ELAPSED and not self.may_start(state, rule, event.at):
            # A rule that may not begin now does not begin because a hold elapsed: an inhibiting finding may have begun.
            event = RuleEvent(Signal.CANCEL, event.at)
        if before is QUIET_STATE and event.signal is Signal.DANGER:
            subject, _ = self._engine_state.community.subject(state.device, rule.rule.of)
            event = msgspec.structs.replace(event, subject=subject, version=rule.version)
        after, effects = step(state.timing(rule), before, event, now)
        if after is not before:
            self.store(state, rule, after, now)
        for effect in effects:
            self.emit(state, rule, effect, now, out)
        if (after.phase in ACTIVE_PHASES) is not (before.phase in ACTIVE_PHASES):
            self._reevaluations.on_finding_change(state, rule, event.at, now)
        if after.phase is not before.phase:
            if event.signal is Signal.DANGER and not event.late and before.phase in (Phase.QUIET, Phase.CLEARING):
                self._check_chatter(state, rule, event.at, now, out)
            self.update_groups(state, rule, before, after, event.at, now, out)

    def emit(self, state: DeviceState, rule: CompiledRule, effect: Effect, now: Instant, out: list[Finding]) -> None:
        """Appends the finding of an effect; findings of rules in shadow are counted only."""
        engine_state = self._engine_state
        finding = build_finding(rule, state.device, effect, now, engine_state.community)
        if not (rule.rule.shadow or rule.rule.record) or engine_state.emit_shadow:
            out.append(finding)
            return
        counts = engine_state.shadow_counts.setdefault(rule.name, {})
        counts[finding.phase.value] = counts.get(finding.phase.value, 0) + 1

    def _check_chatter(
        self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant, out: list[Finding]
    ) -> None:
        """Counts a beginning for the chatter rules."""
        # A device that its platform reported as offline was counted at that report.
        if rule.rule.is_momentary or (rule.absent is not None and state.is_offline):
            return
        self.record_start(state, rule, at, now, out)

    def record_start(
        self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant, out: list[Finding]
    ) -> None:
        """A rule began on a device: the chatter rules that count it may begin."""
        for chattering, event in chatter_events(state, rule, at):
            if self.may_start(state, chattering, at):
                self.apply(state, chattering, event, now, out)
                self.apply(state, chattering, RuleEvent(Signal.CLEAR, at), now, out)

    def update_groups(
        self, state: DeviceState, rule: CompiledRule, before: RuleState, after: RuleState, at: Instant, now: Instant,
        out: list[Finding],
    ) -> None:  # fmt: skip
        """Passes a beginning or an end to the rules that gather findings of this rule."""
        groups, community = self._engine_state.groups, self._engine_state.community
        if self._engine_state.member_changes is not None:
            self._record_member_change(state, rule, before, after, at, now)
        if rule.name in groups.dependents and not rule.rule.shadow:
            for group, dependent, event in groups.member_changed(state, rule.name, before, after, at, community):
                self.apply_to_group(group, dependent, event, at, now, out)
        if isinstance(state, GroupState):
            groups.evict_if_empty(state)

    def _record_member_change(
        self, state: DeviceState, rule: CompiledRule, before: RuleState, after: RuleState, at: Instant, now: Instant
    ) -> None:
        joins = after.phase in ACTIVE_PHASES
        changes = self._engine_state.member_changes
        if changes is not None and joins is not (before.phase in ACTIVE_PHASES) and not rule.rule.shadow:
            begin = (after if joins else before).begin
            changes.append(MemberChange(state.device, rule.name, begin, joins, at, now))

    def apply_to_group(
        self, group: GroupState, dependent: CompiledRule, event: RuleEvent | None, at: Instant, now: Instant,
        out: list[Finding],
    ) -> None:  # fmt: skip
        """Applies the event of a group's members; None: complete, but held back."""
        if event is not None:
            self.apply(group, dependent, event, now, out)
        else:
            self._reevaluations.hold_back(group, dependent, at, now)

    def apply_member_change(self, change: MemberChange, out: list[Finding]) -> None:
        """A finding that another engine evaluated began or ended: passed to the rules of this one that gather it."""
        groups, community = self._engine_state.groups, self._engine_state.community
        if change.rule not in groups.dependents:
            return
        member = DeviceState(change.device, empty_ruleset(change.device.kind), change.now, registered=True)
        active = RuleState(Phase.FIRING, begin=change.begin)
        before, after = (QUIET_STATE, active) if change.joins else (active, QUIET_STATE)
        for group, rule, event in groups.member_changed(member, change.rule, before, after, change.at, community):
            self.apply_to_group(group, rule, event, change.at, change.now, out)

    def move_members(self, now: Instant, out: list[Finding]) -> None:
        """The registry may have moved devices with active findings to other buildings or lines: the findings leave
        the groups that they had joined, and join those of now.
        """
        groups, community = self._engine_state.groups, self._engine_state.community
        for of, member in groups.moved_members(self._engine_state.devices, community):
            state = self._engine_state.find(member.device)
            assert state is not None
            active = RuleState(Phase.FIRING, begin=member.begin)
            only = frozenset(rule.name for rule in groups.dependents.get(member.rule, ()) if rule.rule.of == of)
            for before, after in ((active, QUIET_STATE), (QUIET_STATE, active)):
                for group, rule, event in groups.member_changed(
                    state, member.rule, before, after, now, community, only
                ):
                    self.apply_to_group(group, rule, event, now, now, out)

    def store(self, state: DeviceState, rule: CompiledRule, rule_state: RuleState, now: Instant) -> None:
        """Stores the state of a rule on a device and schedules its timer."""
        before = state.rule_states.get(rule.name, QUIET_STATE)
        quiet = rule_state.phase is Phase.QUIET
        state.set_rule_state(rule.name, None if quiet else rule_state)
        if quiet:
            drop_inputs(state, rule, self._engine_state.community)
            if rule.moving_windows:
                self._reevaluations.schedule(state, now)
        if rule_state.wake_at is not None and rule_state.wake_at != before.wake_at:
            self._engine_state.schedule_timer(rule_state.wake_at, rule.rank, state, rule.name)

    def may_start(self, state: DeviceState, rule: CompiledRule, at: Instant) -> bool:
        """Whether the rule's `only_if` holds for this device at this instant."""
        if rule.only_if is None:
            return True
        return rule.only_if(EvaluationContext(state, self._engine_state.community, at, {})) is True
