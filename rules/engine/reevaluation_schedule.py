"""ReevaluationSchedule: when rules are evaluated again without a reading: at the edges of schedules, and when a finding
that they read begins or ends.
"""

from __future__ import annotations

from domain import Instant
from rules.compiled.rule import CompiledRule
from rules.engine.community_index import CommunityIndex
from rules.engine.engine_state import EngineState
from rules.engine.reevaluation import next_time_edge
from rules.state.device import DeviceState
from rules.state.inputs import RuleInputs
from rules.state.timers import ABSENCE, CONTEXT


class ReevaluationSchedule:
    """Schedules re-evaluations as timers of the device or group."""

    def __init__(self, engine_state: EngineState) -> None:
        self._engine_state = engine_state
        self._community_seen: CommunityIndex | None = engine_state.community
        self._finding_readers: dict[tuple[str, str], set[str]] = {}
        """Whose rules wait for a finding of a group, by rule and group."""

    def select(self, community: CommunityIndex, finding_readers: dict[tuple[str, str], set[str]]) -> None:
        """Makes those of a part of the devices the current ones (`Engine.select`)."""
        self._community_seen, self._finding_readers = community, finding_readers

    def on_finding_change(self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant) -> None:
        """A finding began or ended: rules that read it are re-evaluated at the same instant."""
        if rule.rule.shadow:
            return
        if rule.name in state.ruleset.read_findings:
            self._request(state, at, now)
        for name in sorted(self._finding_readers.get((rule.name, state.device.id), ())):
            other = self._engine_state.find(name)
            if other is not None:
                self._request(other, at, now)

    def _request(self, state: DeviceState, at: Instant, now: Instant) -> None:
        pending = state.pending
        if pending is not None:
            is_requested = pending.due == now
            pending.request_at(at, now)
            if not is_requested:
                self._engine_state.schedule_timer(now, 0, state, CONTEXT)

    def schedule(self, state: DeviceState, now: Instant) -> None:
        """Schedules the next re-evaluation and registers for the findings that may cause one. An earlier request has
        priority.
        """
        pending = state.pending
        if pending is None:
            return
        self.register_reader(state)
        before = pending.due
        if before is None or before > now:
            pending.schedule_next_edge(now)
            if pending.due is not None and pending.due != before:
                # From the lowest rank, whichever rules it has now: others may be held back until then.
                self._engine_state.schedule_timer(pending.due, 0, state, CONTEXT)

    def register_reader(self, state: DeviceState) -> None:
        """Registers the device for findings of groups that its rules read."""
        if state.pending is not None:
            for key in self._engine_state.groups.findings_read_by(state, self._engine_state.community):
                self._finding_readers.setdefault(key, set()).add(state.device.id)

    def hold_back(self, state: DeviceState, rule: CompiledRule, at: Instant, now: Instant) -> None:
        """The rule would begin, but for its hours or another finding: it is evaluated again when these change."""
        if rule.is_reevaluated:
            edge = next_time_edge(state, rule, self._engine_state.community, at)
            state.keep_inputs(rule.name, RuleInputs({}, at, edge))
            self.schedule(state, now)

    def refresh_edges(self, state: DeviceState, now: Instant) -> None:
        """Attributes or place of the device may have changed: so have its edges and groups."""
        if state.pending is not None:
            for name, inputs in state.pending.inputs.items():
                rule = state.ruleset.by_name[name]
                inputs.edge = next_time_edge(state, rule, self._engine_state.community, inputs.at)
            if state.holds_back_absence and (state.absence_timer is None or state.absence_timer > now):
                state.absence_timer = now
                self._engine_state.schedule_timer(now, 0, state, ABSENCE)
            self.schedule(state, now)

    def on_community_change(self, now: Instant, force: bool = False) -> None:
        """The registry changed, or (`force`) the rulebooks did: groups and time zones may be others."""
        if force or self._community_seen is not self._engine_state.community:
            self._community_seen = self._engine_state.community
            self._finding_readers.clear()
            for state in self._engine_state.all():
                self.refresh_edges(state, now)
