"""Correlation: when the findings of several devices together satisfy a `gather` rule (three gas alarms in one building,
smoke and an e-bike in one lift, water rising along one sewer line). Pure functions of the rule and the group's
members.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from domain import Instant
from rules.rulebook.model import Gather, Part
from rules.state.group import GroupMember


def is_satisfied(gather: Gather, members: Sequence[GroupMember]) -> bool:
    """True when every part has its number of devices: standing now, or begun within one stretch of time."""
    if is_excluded(gather, members):
        return False
    if gather.within is None:
        return _all_parts(gather, [member for member in members if member.is_active])
    ends = {member.begin for member in members}
    return any(_all_parts(gather, _begun_between(members, end - gather.within, end)) for end in ends)


def is_excluded(gather: Gather, members: Iterable[GroupMember]) -> bool:
    """True while a finding listed in `without` is active."""
    return bool(gather.without) and any(member.is_active and member.rule in gather.without for member in members)


def any_active(gather: Gather, members: Collection[GroupMember]) -> bool:
    """True while a counted finding is active and none of `without` is."""
    rules = gather.rules
    return any(member.is_active and member.rule in rules for member in members) and not is_excluded(gather, members)


def _begun_between(members: Sequence[GroupMember], start: Instant, end: Instant) -> list[GroupMember]:
    return [member for member in members if start <= member.begin <= end]


def _all_parts(gather: Gather, members: Sequence[GroupMember]) -> bool:
    return all(_count(part, members) >= part.at_least for part in gather.parts)


def _count(part: Part, members: Sequence[GroupMember]) -> int:
    chosen = [member for member in members if member.rule in part.rules]
    if not part.in_order:
        return len({member.device for member in chosen})
    along = [(member.begin, member.order) for member in chosen if member.order is not None]
    return max(_longest_monotonic_run(along), _longest_monotonic_run([(begin, -order) for begin, order in along]))


def _longest_monotonic_run(along: Sequence[tuple[Instant, float]]) -> int:
    """How many of them, in the order in which they began, lie each further along the line than the one before."""
    lengths: list[tuple[float, int]] = []
    for _, order in sorted(along):
        lengths.append((order, 1 + max((length for before, length in lengths if before < order), default=0)))
    return max((length for _, length in lengths), default=0)
