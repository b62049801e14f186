"""RuleProcessor: applies rule events to rule states, emits findings, schedules timers and updates the groups that
gather those findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec

from domain import Finding, Instant
from domain.kind import Kind
from domain.people import Community
from rules.compiled.rule import CompiledRule
from rules.compiled.ruleset import compile_rulebooks
from rules.engine.chatter import chatter_events
from rules.engine.community_index import DEFAULT_ZONE, CommunityIndex
from rules.engine.context import EvaluationContext
from rules.engine.findings import build_finding
from rules.engine.gateways import GatewayIndex
from rules.engine.groups import GroupRegistry
from rules.engine.reevaluation import drop_inputs, next_time_edge
from rules.lifecycle.late_events import expand_late_event, restart_time
from rules.lifecycle.state_machine import ACTIVE_PHASES, QUIET_STATE, RuleEvent, RuleState, step
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import Rulebook
from rules.state.device import DeviceState
from rules.state.group import GroupState
from rules.state.inputs import RuleInputs
from rules.state.outages import Outages
from rules.state.timers import ABSENCE, CONTEXT, TimerQueue


class RuleProcessor:
    """Applies events to rule states."""

    def __init__(
        self,
        books: Sequence[Rulebook],
        kinds: Mapping[str, Kind],
        community: Community,
        *,
        emit_shadow: bool = False,
        zone: tzinfo = DEFAULT_ZONE,
    ) -> None:
        self.books, self.kinds = tuple(books), kinds
        self.rulesets = compile_rulebooks(books, kinds)
        self.states: dict[str, DeviceState] = {}
        self.groups = GroupRegistry(books)
        self.outages, self.gateways = Outages(), GatewayIndex()
        self.emit_shadow = emit_shadow
        self.shadow_counts: dict[str, dict[str, int]] = {}
        """Findings of rules in shadow, counted by rule and phase; they are not emitted."""
        self.evaluations = 0
        self.type_errors: dict[str, int] = {}
        """Rules that could not be judged, by name: a value of a type their kind does not declare."""
        self.internal_errors: list[tuple[str, Exception]] | None = None
        """Internal errors by place, for a host that reports them and continues; None: they are raised."""
        self._timers = TimerQueue()
        self._finding_readers: dict[tuple[str, str], set[str]] = {}
        """Whose rules wait for a finding of a group, by rule and group."""
        self._zone = zone
        self.community = community
        self._community_seen: CommunityIndex | None = self._community

    @property
    def community(self) -> Community:
        """The registry; assign a new version when it changes."""
        return self._community.community

    @community.setter
    def community(self, community: Community) -> None:
        self._community = CommunityIndex(community, self._zone, self._is_active)

    def _state(self, name: str) -> DeviceState | None:
        """State of a device or of a group."""
        return self.states.get(name) or self.groups.states.get(name)

    def _is_active(self, state: DeviceState, rule: str) -> bool:
        own = state.ruleset.by_name.get(rule)
        if own is not None:
            return state.is_active(rule) and not own.rule.shadow
        return self.groups.is_active(state.device, rule, self._community)

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
        if event.signal is Signal.HOLD_ELAPSED and not self._may_start(state, rule, event.at):
            # Who may not begin now does not begin because a hold ran out: a cause may have spoken in the meantime.
            event = RuleEvent(Signal.CANCEL, event.at)
        if before is QUIET_STATE and event.signal is Signal.DANGER:
            subject, _ = self._community.subject(state.device, rule.rule.of)
            event = msgspec.structs.replace(event, subject=subject, version=rule.version)
        after, effects = step(state.timing(rule), before, event, now)
        if after is not before:
            self._store(state, rule, after)
        for effect in effects:
            self._emit(build_finding(rule, state.device, effect, now, self._community), rule, out)
        if (after.phase in ACTIVE_PHASES) is not (before.phase in ACTIVE_PHASES):
            self._on_finding_change(state, rule, event.at, now)
        if after.phase is not before.phase:
            if event.signal is Signal.DANGER and not event.late and before.phase in (Phase.QUIET, Phase.CLEARING):
                self._check_chatter(state, rule, event.at, now, out)
            self._update_groups(state, rule, before, after, event.at, now, out)

    def _emit(self, finding: Finding, rule: CompiledRule, out: list[Finding]) -> None:
        if not (rule.rule.shadow or rule.rule.record) or self.emit_shadow:
            out.append(finding)
            return
        counts = self.shadow_counts.setdefault(rule.name, {})
        counts[finding.phase.value] = counts.get(finding.phase.value, 0) + 1

    def _check_chatter(
        self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant, out: list[Finding]
    ) -> None:
        """Counts a beginning for the chatter rules."""
        # A device that its platform reported as offline was counted at that report.
        if rule.rule.is_momentary or (rule.absent is not None and state.is_offline):
            return
        self._record_start(state, rule, at, now, out)

    def _record_start(
        self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant, out: list[Finding]
    ) -> None:
        for chattering, event in chatter_events(state, rule, at):
            if self._may_start(state, chattering, at):
                self.apply(state, chattering, event, now, out)
                self.apply(state, chattering, RuleEvent(Signal.CLEAR, at), now, out)

    def _update_groups(
        self, state: DeviceState, rule: CompiledRule, before: RuleState, after: RuleState, at: Instant, now: Instant,
        out: list[Finding],
    ) -> None:  # fmt: skip
        """Passes a beginning or an end to the rules that gather findings of this rule."""
        if rule.name in self.groups.dependents and not rule.rule.shadow:
            for group, dependent, event in self.groups.member_changed(
                state, rule.name, before, after, at, self._community
            ):
                self._apply_to_group(group, dependent, event, at, now, out)
        if isinstance(state, GroupState):
            self.groups.evict_if_empty(state)

    def _apply_to_group(
        self,
        group: GroupState,
        dependent: CompiledRule,
        event: RuleEvent | None,
        at: Instant,
        now: Instant,
        out: list[Finding],
    ) -> None:
        """Applies the event of a group's members; None: complete, but held back."""
        if event is not None:
            self.apply(group, dependent, event, now, out)
        else:
            self._hold_back(group, dependent, at, now)

    def _store(self, state: DeviceState, rule: CompiledRule, rule_state: RuleState) -> None:
        before = state.rule_states.get(rule.name, QUIET_STATE)
        quiet = rule_state.phase is Phase.QUIET
        state.set_rule_state(rule.name, None if quiet else rule_state)
        if quiet:
            drop_inputs(state, rule, self._community)
        if rule_state.wake_at is not None and rule_state.wake_at != before.wake_at:
            self._schedule(rule_state.wake_at, rule.rank, state, rule.name)

    def _schedule(self, due: Instant, rank: int, state: DeviceState, rule: str) -> None:
        self._timers.schedule(due, state.device.id, rule, rank)
        if self._timers.needs_compaction(len(self.states)):
            known = [*self.states.values(), *self.groups.states.values()]
            self._timers.rebuild(wake for one in known for wake in one.timers())

    def startable_rules(self, device_id: str, at: Instant) -> frozenset[str]:
        """The rules that may begin about a device at an instant: their `only_if` holds."""
        state = self._state(device_id)
        rule = () if state is None else state.ruleset.by_name.values()
        return frozenset(each.name for each in rule if state is not None and self._may_start(state, each, at))

    def _may_start(self, state: DeviceState, rule: CompiledRule, at: Instant) -> bool:
        return rule.only_if is None or rule.only_if(EvaluationContext(state, self._community, at, {})) is True

    # -- what time or another finding may change ----------------------------------------------------------------

    def _on_finding_change(self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant) -> None:
        """A finding began or ended: rules that read it are re-evaluated at the same instant."""
        if rule.rule.shadow:
            return
        if rule.name in state.ruleset.read_findings:
            self._request_reevaluation(state, at, now)
        for name in sorted(self._finding_readers.get((rule.name, state.device.id), ())):
            other = self._state(name)
            if other is not None:
                self._request_reevaluation(other, at, now)

    def _request_reevaluation(self, state: DeviceState, at: Instant, now: Instant) -> None:
        context = state.pending
        if context is not None:
            is_asked = context.due == now
            context.request_at(at, now)
            if not is_asked:
                self._schedule(now, 0, state, CONTEXT)

    def _schedule_reevaluation(self, state: DeviceState, now: Instant) -> None:
        """Schedules the next re-evaluation and registers for the findings that may cause one. An earlier request has
        priority.
        """
        context = state.pending
        if context is None:
            return
        self._register_reader(state)
        before = context.due
        if before is None or before > now:
            context.schedule_next_edge(now)
            if context.due is not None and context.due != before:
                # From the lowest rank, whichever rules it has now: others may be held back until then.
                self._schedule(context.due, 0, state, CONTEXT)

    def _register_reader(self, state: DeviceState) -> None:
        """Registers the device for findings of groups that its rules read."""
        if state.pending is not None:
            for key in self.groups.findings_read_by(state, self._community):
                self._finding_readers.setdefault(key, set()).add(state.device.id)

    def _refresh_edges(self, state: DeviceState, now: Instant) -> None:
        """What is written of it, or where it belongs, may have changed: its edges and groups are others."""
        if state.pending is not None:
            for name, inputs in state.pending.inputs.items():
                inputs.edge = next_time_edge(state, state.ruleset.by_name[name], self._community, inputs.at)
            if state.holds_back_absence and (state.absence_timer is None or state.absence_timer > now):
                state.absence_timer = now
                self._schedule(now, 0, state, ABSENCE)
            self._schedule_reevaluation(state, now)

    def _on_community_change(self, now: Instant) -> None:
        """The registry changed: groups and time zones may be others."""
        if self._community_seen is not self._community:
            self._community_seen = self._community
            self._finding_readers.clear()
            for state in [*self.states.values(), *self.groups.states.values()]:
                self._refresh_edges(state, now)

    def _count_type_error(self, rule: CompiledRule) -> None:
        self.type_errors[rule.name] = self.type_errors.get(rule.name, 0) + 1

    def _hold_back(self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant) -> None:
        """It would begin, but for its hours or another finding."""
        if rule.is_reevaluated:
            state.keep_inputs(rule.name, RuleInputs({}, at, next_time_edge(state, rule, self._community, at)))
            self._schedule_reevaluation(state, now)
