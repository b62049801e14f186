"""What several findings say together: three gas alarms in one building, smoke and an e-bike in one lift, water rising
along one sewer line. It keeps nothing and tells nobody; it knows no devices but by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from domain import Instant
from rules.rulebook.model import Gather, Part
from rules.state.group import Member


def enough(gather: Gather, members: Sequence[Member]) -> bool:
    """True when every part has its number of devices: standing now, or begun within one stretch of time."""
    if barred(gather, members):
        return False
    if gather.within is None:
        return _all_parts(gather, [member for member in members if member.stands])
    ends = {member.begin for member in members}
    return any(_all_parts(gather, _begun(members, end - gather.within, end)) for end in ends)


def barred(gather: Gather, members: Iterable[Member]) -> bool:
    """True while a finding stands without which it would count (`without`)."""
    return bool(gather.without) and any(member.stands and member.rule in gather.without for member in members)


def remaining(gather: Gather, members: Collection[Member]) -> bool:
    """True while a finding that counts still stands: what was found of all of them together is not over."""
    rules = gather.rules
    return any(member.stands and member.rule in rules for member in members) and not barred(gather, members)


def _begun(members: Sequence[Member], start: Instant, end: Instant) -> list[Member]:
    return [member for member in members if start <= member.begin <= end]


def _all_parts(gather: Gather, members: Sequence[Member]) -> bool:
    return all(_count(part, members) >= part.at_least for part in gather.parts)


def _count(part: Part, members: Sequence[Member]) -> int:
    chosen = [member for member in members if member.rule in part.rules]
    if not part.in_order:
        return len({member.device for member in chosen})
    along = [(member.begin, member.order) for member in chosen if member.order is not None]
    return max(_longest_climb(along), _longest_climb([(begin, -order) for begin, order in along]))


def _longest_climb(along: Sequence[tuple[Instant, float]]) -> int:
    """How many of them, in the order in which they began, lie each further along the line than the one before."""
    lengths: list[tuple[float, int]] = []
    for _, order in sorted(along):
        lengths.append((order, 1 + max((length for before, length in lengths if before < order), default=0)))
    return max((length for _, length in lengths), default=0)
