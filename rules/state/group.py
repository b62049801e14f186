"""GroupState: a group (household, building, cell or line) and the findings of its members."""

from __future__ import annotations

from msgspec import Struct, field

from domain import Device, Instant
from rules.compiled.ruleset import CompiledRuleset
from rules.rulebook.model import Gather
from rules.state.device import DeviceState
from rules.state.device_snapshot import DeviceSnapshot


class GroupMember(Struct, frozen=True, array_like=True, gc=False):
    """A finding that belongs to a subject: of which rule, about which device (or smaller subject), begun when."""

    rule: str
    device: str
    begin: Instant
    is_active: bool
    place: str | None = None
    order: float | None = None
    """Where the device lies along its line (attribute `order`)."""


def is_relevant(gather: Gather, member: GroupMember, newest: Instant) -> bool:
    """False for what is over and too old to count together with anything new."""
    return member.is_active or (gather.within is not None and member.begin >= newest - gather.within)


class MemberChange(Struct, frozen=True):
    """A finding that began (`joins`) or ended, for rules of other engines that gather it: of which rule, about which
    device or smaller group, begun when, changed when (`at` event time, `now` arrival time).
    """

    device: Device
    rule: str
    begin: Instant
    joins: bool
    at: Instant
    now: Instant


class GroupSnapshot(Struct):
    """A group written down."""

    state: DeviceSnapshot = field(name="seat")
    members: list[GroupMember]


class GroupState(DeviceState):
    """One subject with the findings of its devices, by rule and device."""

    __slots__ = ("members",)

    def __init__(self, device: Device, ruleset: CompiledRuleset, now: Instant) -> None:
        super().__init__(device, ruleset, now, registered=False)
        self.members: dict[tuple[str, str], GroupMember] = {}

    def drop_stale_members(self) -> None:
        """Drops members that can no longer count; while a finding about the group is active all are kept."""
        if self.rule_states:
            return
        newest = max((member.begin for member in self.members.values()), default=0)
        wanted = [rule.gather for rule in self.ruleset.by_name.values() if rule.gather is not None]
        self.members = {
            key: member
            for key, member in self.members.items()
            if any(member.rule in gather.all_rules and is_relevant(gather, member, newest) for gather in wanted)
        }
