"""State of a group (household, building, cell or line): the findings of its members."""

from __future__ import annotations

from msgspec import Struct

from domain import Device, Instant
from rules.compiled.ruleset import Plan
from rules.rulebook.model import Gather
from rules.state.device import Memory, Seat


class Member(Struct, frozen=True, array_like=True, gc=False):
    """A finding that belongs to a subject: of which rule, about which device (or smaller subject), begun when."""

    rule: str
    device: str
    begin: Instant
    stands: bool
    place: str | None = None
    order: float | None = None
    """Where the device lies along its line (attribute `order`)."""


def useful(gather: Gather, member: Member, newest: Instant) -> bool:
    """False for what is over and too old to count together with anything new."""
    return member.stands or (gather.within is not None and member.begin >= newest - gather.within)


class Gathered(Struct):
    """A group written down."""

    seat: Memory
    members: list[Member]


class Group(Seat):
    """One subject with the findings of its devices, by rule and device."""

    __slots__ = ("members",)

    def __init__(self, device: Device, plan: Plan, now: Instant) -> None:
        super().__init__(device, plan, now, registered=False)
        self.members: dict[tuple[str, str], Member] = {}

    def forget(self) -> None:
        """Lets go of members that can no longer count; while something is found of the group it keeps them all."""
        if self.watches:
            return
        newest = max((member.begin for member in self.members.values()), default=0)
        wanted = [rule.gather for rule in self.plan.by_name.values() if rule.gather is not None]
        self.members = {
            key: member
            for key, member in self.members.items()
            if any(member.rule in gather.hears and useful(gather, member, newest) for gather in wanted)
        }
