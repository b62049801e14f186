"""The subjects in which findings gather (households, buildings, cells, lines): one seat each, with the findings of
their devices. It turns a finding's beginning or end into words for the rules that gather it; it tells nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from domain import Device, Evidence, Instant
from domain.kind import Words
from rules.compiled.rule import PlannedRule
from rules.compiled.ruleset import group_plans
from rules.engine.community_index import Neighbourhood
from rules.engine.context import Scope
from rules.engine.correlation import enough, remaining
from rules.lifecycle.state_machine import QUIET_WATCH, TOLD_OF, Watch, Word
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import Gather, Rulebook
from rules.state.device import Seat
from rules.state.group import Gathered, Group, Member

MOST_SHOWN: Final = 10
"""Members shown as evidence; the count comes first."""


class Groups:
    """Every group that has something to remember."""

    def __init__(self, books: Sequence[Rulebook]) -> None:
        self.plans = group_plans(books)
        self.seats: dict[str, Group] = {}
        gathering = [rule for plan in self.plans.values() for rule in plan.by_name.values()]
        planned = sorted(gathering, key=lambda rule: rule.rank)
        names = {name for rule in planned if rule.gather is not None for name in rule.gather.hears}
        self.titles = {rule.name: rule.title for book in books for rule in book.rules if rule.name in names}
        self.gatherers = {
            name: tuple(rule for rule in planned if rule.gather is not None and name in rule.gather.hears)
            for name in names
        }
        """By the rule whose findings they gather; what inhibits another comes before it."""

    def moved(
        self,
        seat: Seat,
        rule: str,
        before: Watch,
        after: Watch,
        at: Instant,
        near: Neighbourhood,
        only: frozenset[str] | None = None,
    ) -> Iterator[tuple[Group, PlannedRule, Word | None]]:
        """What the beginning or the end of a finding says to those that gather it, or to these of them only; None where
        enough of them are together, at a time at which they may not begin."""
        if (before.phase in TOLD_OF) is (after.phase in TOLD_OF):
            return
        joins = after.phase in TOLD_OF
        touched: list[Group] = []
        for gatherer in (one for one in self.gatherers[rule] if only is None or one.name in only):
            for group in self._joined(seat, gatherer, near, at) if joins else self._left(seat, rule, gatherer, near):
                touched.append(group)
                group.members[rule, seat.device.id] = _member(
                    seat, rule, after if joins else before, joins, near.community.place_of(seat.device)
                )
                may_begin = joins or _bars(gatherer, rule)
                word = self.opinion(group, gatherer, at, near, may_begin)
                if word is not None or (may_begin and _is_held_back(group, gatherer)):
                    yield group, gatherer, word
        for group in touched:
            self.tidy(group)

    def tidy(self, group: Group) -> None:
        """Forgets what a group no longer needs, and the group when nothing is left."""
        group.forget()
        if not group.members and not group.watches:
            self.seats.pop(group.device.id, None)

    def _joined(self, seat: Seat, gatherer: PlannedRule, near: Neighbourhood, now: Instant) -> list[Group]:
        device = near.group_of(seat.device, gatherer.rule.of)
        if device is None:
            return []
        group = self.seats.get(device.id)
        if group is None:
            group = self.seats[device.id] = Group(device, self.plans[device.kind], now)
        return [group]

    def _left(self, seat: Seat, rule: str, gatherer: PlannedRule, near: Neighbourhood) -> list[Group]:
        key, of = (rule, seat.device.id), gatherer.rule.of
        device = near.group_of(seat.device, of)
        group = None if device is None else self.seats.get(device.id)
        if group is not None and key in group.members:
            return [group]
        # The registry has moved the device since its finding began: it leaves where it had joined.
        return [group for group in self.seats.values() if group.plan.kind == of and key in group.members]

    def opinion(
        self, group: Group, gatherer: PlannedRule, at: Instant, near: Neighbourhood, joins: bool = False
    ) -> Word | None:
        """What the members of a group say now to a rule that gathers them; it begins only when one `joins`, or when one
        is over that barred it."""
        gather, members = gatherer.gather, list(group.members.values())
        assert gather is not None
        watch = group.watches.get(gatherer.name, QUIET_WATCH)
        at = max(at, watch.word_at)
        quiet, together = watch.phase is Phase.QUIET, gather.within is None
        if is_together(gatherer, members):
            begins = joins and (gatherer.only_if is None or gatherer.only_if(Scope(group, near, at, {})) is True)
            if quiet and not begins:
                return None
            return Word(Signal.DANGER, at, gatherer.rule.severity, evidence=self._evidence(gather, members, near))
        if quiet:
            return None
        return Word(Signal.CLEAR if together or not remaining(gather, members) else Signal.BETWEEN, at)

    def _evidence(self, gather: Gather, members: Sequence[Member], near: Neighbourhood) -> tuple[Evidence, ...]:
        counted = sorted((m for m in members if m.rule in gather.rules), key=lambda member: member.begin)
        different, wanted = len({member.device for member in counted}), sum(part.at_least for part in gather.parts)
        count = Evidence("count", different, "", wanted, counted[-1].begin)
        lines = [
            Evidence(title.zh, near.where(one.place, one.device), at=one.begin, name_en=title.en)
            for one in counted[-MOST_SHOWN:]
            for title in (self.titles.get(one.rule, Words(zh=one.rule, en=one.rule)),)
        ]
        return (count, *lines)

    def stands(self, device: Device, rule: str, near: Neighbourhood) -> bool:
        """True while this rule has found something of a group that the device belongs to."""
        for of, plan in self.plans.items():
            if rule in plan.by_name:
                group = near.group_of(device, of)
                seat = None if group is None else self.seats.get(group.id)
                return seat is not None and seat.stands(rule) and not plan.by_name[rule].rule.shadow
        return False

    def read_by(self, seat: Seat, near: Neighbourhood) -> Iterator[tuple[str, str]]:
        """The findings of groups that rules of this seat ask for, each with the group."""
        for name in sorted(seat.plan.reads.difference(seat.plan.by_name)):
            for of, plan in self.plans.items():
                group = near.group_of(seat.device, of) if name in plan.by_name else None
                if group is not None:
                    yield name, group.id

    def unheard(self, name: str) -> Group | None:
        """A subject of which nothing was found, such as `building/b3`; None when nothing gathers in its like."""
        of, _, place = name.partition("/")
        return Group(Device(name, of, place=place), self.plans[of], 0) if of in self.plans else None

    # -- being written down -------------------------------------------------------------------------------------

    def written(self) -> list[Gathered]:
        """Every group as a value."""
        return [Gathered(group.written(), list(group.members.values())) for group in self.seats.values()]

    def recall(self, written: Iterable[Gathered]) -> Iterator[Group]:
        """Takes up what was written down; types of subject that nothing gathers in any more are forgotten."""
        for gathered in written:
            memory = gathered.seat
            if memory.kind not in self.plans:
                continue
            _, _, name = memory.device.partition("/")
            first = gathered.members[0].place if gathered.members else None
            place = name if memory.kind in ("household", "building") else first
            group = self.seats[memory.device] = Group(
                Device(memory.device, memory.kind, place=place), self.plans[memory.kind], 0
            )
            group.recall(memory)
            group.members = {(member.rule, member.device): member for member in gathered.members}
            yield group


def _bars(gatherer: PlannedRule, rule: str) -> bool:
    return gatherer.gather is not None and rule in gatherer.gather.without


def _is_held_back(group: Group, gatherer: PlannedRule) -> bool:
    quiet = gatherer.only_if is not None and gatherer.name not in group.watches
    return quiet and is_together(gatherer, group.members.values())


def is_together(gatherer: PlannedRule, members: Iterable[Member]) -> bool:
    """Whether what a rule gathers is complete, and not over."""
    gather, held = gatherer.gather, list(members)
    assert gather is not None
    return enough(gather, held) and (gather.within is None or remaining(gather, held))


def _member(seat: Seat, rule: str, watch: Watch, stands: bool, place: str | None) -> Member:
    order = seat.device.attributes.get("order")
    along = float(order) if isinstance(order, (int, float)) else None
    return Member(rule, seat.device.id, watch.begin, stands, place, along)
