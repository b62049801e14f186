"""GroupRegistry: state of the subjects in which findings gather (households, buildings, cells, lines). A member's
finding that begins or ends becomes events for the rules that gather it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from domain import Device, Evidence, Instant
from domain.kind import LocalizedText
from rules.compiled.rule import CompiledRule
from rules.compiled.ruleset import compile_group_rules
from rules.engine.community_index import CommunityIndex
from rules.engine.context import EvaluationContext
from rules.engine.correlation import any_active, is_satisfied
from rules.lifecycle.state_machine import ACTIVE_PHASES, QUIET_STATE, RuleEvent, RuleState
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import Gather, Rulebook
from rules.state.device import DeviceState
from rules.state.group import GroupMember, GroupSnapshot, GroupState
from rules.state.group_key import GroupKey

MAX_SHOWN: Final = 10
"""Members shown as evidence; the count comes first."""


class GroupRegistry:
    """The states of all groups with members or findings."""

    def __init__(self, books: Sequence[Rulebook]) -> None:
        self.rulesets = compile_group_rules(books)
        self.states: dict[str, GroupState] = {}
        gathering = [rule for ruleset in self.rulesets.values() for rule in ruleset.by_name.values()]
        compiled = sorted(gathering, key=lambda rule: rule.rank)
        names = {name for rule in compiled if rule.gather is not None for name in rule.gather.all_rules}
        self.titles = {rule.name: rule.title for book in books for rule in book.rules if rule.name in names}
        self.dependents = {
            name: tuple(rule for rule in compiled if rule.gather is not None and name in rule.gather.all_rules)
            for name in names
        }
        """By the rule whose findings they gather; what inhibits another comes before it."""

    def member_changed(
        self,
        state: DeviceState,
        rule: str,
        before: RuleState,
        after: RuleState,
        at: Instant,
        community: CommunityIndex,
        only: frozenset[str] | None = None,
    ) -> Iterator[tuple[GroupState, CompiledRule, RuleEvent | None]]:
        """Events for the rules that gather a finding which began or ended (`only`: for these of them). None in place of
        an event where a rule is complete but may not begin now.
        """
        if (before.phase in ACTIVE_PHASES) is (after.phase in ACTIVE_PHASES):
            return
        joins = after.phase in ACTIVE_PHASES
        touched: list[GroupState] = []
        for dependent in (one for one in self.dependents[rule] if only is None or one.name in only):
            for group in (
                self._joined(state, dependent, community, at)
                if joins
                else self._left(state, rule, dependent, community)
            ):
                touched.append(group)
                group.members[rule, state.device.id] = _member(
                    state, rule, after if joins else before, joins, community.community.place_of(state.device)
                )
                may_begin = joins or _excludes(dependent, rule)
                event = self.evaluate(group, dependent, at, community, may_begin)
                if event is not None or (may_begin and _is_held_back(group, dependent)):
                    yield group, dependent, event
        for group in touched:
            self.evict_if_empty(group)

    def evict_if_empty(self, group: GroupState) -> None:
        """Drops members that can no longer count, and the group when it is empty."""
        group.drop_stale_members()
        if not group.members and not group.rule_states:
            self.states.pop(group.device.id, None)

    def _joined(
        self, state: DeviceState, dependent: CompiledRule, community: CommunityIndex, now: Instant
    ) -> list[GroupState]:
        device = community.group_of(state.device, dependent.rule.of)
        if device is None:
            return []
        group = self.states.get(device.id)
        if group is None:
            group = self.states[device.id] = GroupState(device, self.rulesets[device.kind], now)
        return [group]

    def _left(
        self, state: DeviceState, rule: str, dependent: CompiledRule, community: CommunityIndex
    ) -> list[GroupState]:
        key, of = (rule, state.device.id), dependent.rule.of
        device = community.group_of(state.device, of)
        group = None if device is None else self.states.get(device.id)
        if group is not None and key in group.members:
            return [group]
        # The registry has moved the device since its finding began: it leaves where it had joined.
        return [group for group in self.states.values() if group.ruleset.kind == of and key in group.members]

    def moved_members(
        self, devices: Mapping[str, DeviceState], community: CommunityIndex
    ) -> list[tuple[str, GroupMember]]:
        """Active members that belong to another group than the one they are in, or to none, each with the type."""
        found: list[tuple[str, GroupMember]] = []
        for group in self.states.values():
            for member in group.members.values():
                state = devices.get(member.device) or self.states.get(member.device)
                if not member.is_active or state is None:
                    continue
                own = community.group_of(state.device, group.ruleset.kind)
                if own is None or own.id != group.device.id:
                    found.append((group.ruleset.kind, member))
        return found

    def evaluate(
        self, group: GroupState, dependent: CompiledRule, at: Instant, community: CommunityIndex, joins: bool = False
    ) -> RuleEvent | None:
        """The event of a group's members for a rule that gathers them, or None. It begins only when a member `joins`,
        or when a finding that excluded it has ended.
        """
        gather, members = dependent.gather, list(group.members.values())
        assert gather is not None
        rule_state = group.rule_states.get(dependent.name, QUIET_STATE)
        at = max(at, rule_state.last_event_at)
        quiet, together = rule_state.phase is Phase.QUIET, gather.within is None
        if is_complete(dependent, members):
            begins = joins and (
                dependent.only_if is None or dependent.only_if(EvaluationContext(group, community, at, {})) is True
            )
            if quiet and not begins:
                return None
            return RuleEvent(
                Signal.DANGER, at, dependent.rule.severity, evidence=self._evidence(gather, members, community)
            )
        if quiet:
            return None
        return RuleEvent(Signal.CLEAR if together or not any_active(gather, members) else Signal.DEADBAND, at)

    def _evidence(
        self, gather: Gather, members: Sequence[GroupMember], community: CommunityIndex
    ) -> tuple[Evidence, ...]:
        counted = sorted((m for m in members if m.rule in gather.rules), key=lambda member: member.begin)
        different, wanted = len({member.device for member in counted}), sum(part.at_least for part in gather.parts)
        count = Evidence("count", different, "", wanted, counted[-1].begin)
        lines = [
            Evidence(title.zh, community.address_or_id(one.place, one.device), at=one.begin, name_en=title.en)
            for one in counted[-MAX_SHOWN:]
            for title in (self.titles.get(one.rule, LocalizedText(zh=one.rule, en=one.rule)),)
        ]
        return (count, *lines)

    def is_active(self, device: Device, rule: str, community: CommunityIndex) -> bool:
        """True while this rule has found something of a group that the device belongs to."""
        for of, ruleset in self.rulesets.items():
            if rule in ruleset.by_name:
                group = community.group_of(device, of)
                state = None if group is None else self.states.get(group.id)
                return state is not None and state.is_active(rule) and not ruleset.by_name[rule].rule.shadow
        return False

    def findings_read_by(self, state: DeviceState, community: CommunityIndex) -> Iterator[tuple[str, str]]:
        """The findings of groups that rules of this device read, each with the group's id."""
        for name in sorted(state.ruleset.read_findings.difference(state.ruleset.by_name)):
            for of, ruleset in self.rulesets.items():
                group = community.group_of(state.device, of) if name in ruleset.by_name else None
                if group is not None:
                    yield name, group.id

    def blank_state(self, name: str) -> GroupState | None:
        """The state of a group without findings, such as `building/b3`; None when no rule gathers in its type."""
        key = GroupKey.parse(name)
        if key is None or key.type not in self.rulesets:
            return None
        return GroupState(key.as_device(key.name), self.rulesets[key.type], 0)

    # -- checkpoint ---------------------------------------------------------------------------------------------

    def snapshot(self) -> list[GroupSnapshot]:
        """Every group as a value."""
        return [GroupSnapshot(group.snapshot(), list(group.members.values())) for group in self.states.values()]

    def restore(self, written: Iterable[GroupSnapshot]) -> Iterator[GroupState]:
        """Restores groups; those of a type in which no rule gathers any more are dropped."""
        for stored in written:
            key = GroupKey.parse(stored.state.device)
            if key is None or key.type not in self.rulesets:
                continue
            first = stored.members[0].place if stored.members else None
            device = key.as_device(key.name if key.type in ("household", "building") else first)
            group = self.states[device.id] = GroupState(device, self.rulesets[key.type], 0)
            group.restore(stored.state)
            group.members = {(member.rule, member.device): member for member in stored.members}
            yield group


def _excludes(dependent: CompiledRule, rule: str) -> bool:
    return dependent.gather is not None and rule in dependent.gather.without


def _is_held_back(group: GroupState, dependent: CompiledRule) -> bool:
    quiet = dependent.only_if is not None and dependent.name not in group.rule_states
    return quiet and is_complete(dependent, group.members.values())


def is_complete(dependent: CompiledRule, members: Iterable[GroupMember]) -> bool:
    """Whether what a rule gathers is complete, and not over."""
    gather, held = dependent.gather, list(members)
    assert gather is not None
    return is_satisfied(gather, held) and (gather.within is None or any_active(gather, held))


def _member(state: DeviceState, rule: str, rule_state: RuleState, is_active: bool, place: str | None) -> GroupMember:
    order = state.device.attributes.get("order")
    along = float(order) if isinstance(order, (int, float)) else None
    return GroupMember(rule, state.device.id, rule_state.begin, is_active, place, along)
