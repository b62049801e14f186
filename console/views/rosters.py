"""Views of rosters: assignments with their reasons, segments and gaps of a schedule, overrides and swaps. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from alerts.roster.gaps import RosterGap, RosterGaps, gaps_for_cell
from alerts.roster.on_duty import Assignment, responsible_cells
from alerts.roster.schedule import RosterSchedule
from console.schemas import rosters as schema
from console.timestamps import Timestamp
from domain import Instant
from domain.people import Community
from domain.rosters import Override, Swap

NameOf = Callable[[str], str]


def override_view(override: Override) -> schema.Override:
    return schema.Override(**_override_fields(override))


def stored_override_view(override: Override, gaps: Iterable[schema.ScheduleItem]) -> schema.StoredOverride:
    return schema.StoredOverride(**_override_fields(override), gaps=list(gaps))


def _override_fields(override: Override) -> dict[str, Any]:
    return {
        "id": override.id,
        "kind": override.kind,
        "person": override.person,
        "from_": Timestamp(override.since),
        "until": Timestamp(override.until),
        "substitute": override.substitute,
        "cell": override.cell,
        "role": override.role,
        "leave": override.leave,
        "reason": override.reason,
        "made_by": override.made_by,
        "made_at": Timestamp(override.made_at),
        "swap": override.swap,
    }


def because_view(assignment: Assignment) -> schema.Because:
    return schema.Because(
        cell=assignment.cell,
        scheduled=assignment.scheduled,
        duty=assignment.duty,
        rotation=assignment.rotation,
        shift=assignment.shift,
        hazards=list(assignment.hazards),
        overrides=[override_view(override) for override in assignment.overrides],
    )


class ScheduleViews:
    """The shifts and gaps of a schedule as items; equal assignments share one view."""

    def __init__(self, community: Community, schedule: RosterSchedule, gaps: RosterGaps, name_of: NameOf) -> None:
        self._community, self._schedule, self._gaps, self._name_of = community, schedule, gaps, name_of
        self._people: dict[tuple[object, ...], schema.PersonOnDuty] = {}

    def items(self, cell: str, role: str) -> list[schema.ScheduleItem]:
        """The shifts and gaps of a cell in a role, in order; hours without anybody on the roster are left out."""
        segments = self._schedule.segments(cell, role)
        items = [
            schema.ScheduleItem(
                cell=cell,
                role=role,
                from_=Timestamp(segment.begin),
                until=Timestamp(segment.end),
                gap=False,
                people=[self._person(one) for one in segment.people],
                missing=[],
            )
            for segment in segments
            if segment.people
        ]
        chain = responsible_cells(self._community, cell)
        if gaps := [gap for node in chain for gap in self._gaps.of(node, role)]:
            empty = [(segment.begin, segment.end) for segment in segments if not segment.people]
            found = gaps_for_cell(self._community, gaps, cell, role, empty)
            items += [gap_view(gap, cell, self._name_of) for gap in found]
            items.sort(key=lambda item: (item.from_, item.gap))
        return items

    def _person(self, one: Assignment) -> schema.PersonOnDuty:
        overrides = tuple(override.id for override in one.overrides)
        key = (one.person.id, one.cell, one.rank, one.scheduled, one.duty, one.rotation, one.shift, overrides)
        if key not in self._people:
            name, because = self._name_of(one.person.id), because_view(one)
            self._people[key] = schema.PersonOnDuty(id=one.person.id, name=name, rank=one.rank, because=because)
        return self._people[key]


def gap_view(gap: RosterGap, cell: str, name_of: NameOf) -> schema.ScheduleItem:
    """A gap as an item of the schedule of this cell, which may lie below the cell of the gap."""
    return schema.ScheduleItem(
        cell=cell,
        role=gap.role,
        from_=Timestamp(gap.begin),
        until=Timestamp(gap.end),
        gap=True,
        people=[],
        missing=[
            schema.MissingPerson(
                id=one.person,
                name=name_of(one.person),
                override=None if one.override is None else override_view(one.override),
            )
            for one in gap.missing
        ],
    )


def swap_view(swap: Swap, now: Instant, name_of: NameOf, link: str | None = None) -> schema.Swap:
    return schema.Swap(
        id=swap.id,
        asker=swap.asker,
        asker_name=name_of(swap.asker),
        other=swap.other,
        other_name=name_of(swap.other),
        from_=Timestamp(swap.since),
        until=Timestamp(swap.until),
        back_from=_timestamp(swap.back_since),
        back_until=_timestamp(swap.back_until),
        cell=swap.cell,
        role=swap.role,
        reason=swap.reason,
        state=swap.state_at(now),
        expires_at=Timestamp(swap.expires_at),
        proposed_at=Timestamp(swap.proposed_at),
        proposed_by=swap.proposed_by,
        answered_at=_timestamp(swap.answered_at),
        answered_by=swap.answered_by,
        answer_reason=swap.answer_reason,
        link=link,
    )


def _timestamp(at: Instant | None) -> Timestamp | None:
    return None if at is None else Timestamp(at)
