"""Views of rosters: assignments with their reasons, segments and gaps of a schedule, overrides and swaps. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from alerts.roster.gaps import RosterGap, gaps_for_cell
from alerts.roster.on_duty import Assignment
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


def schedule_items(
    community: Community,
    schedule: RosterSchedule,
    gaps: Iterable[RosterGap],
    cell: str,
    role: str,
    name_of: NameOf,
) -> Iterator[schema.ScheduleItem]:
    """The shifts and gaps of a cell in a role, in order; hours for which nobody was ever rostered are left out."""
    segments = schedule.segments(cell, role)
    items = [
        schema.ScheduleItem(
            cell=cell,
            role=role,
            from_=Timestamp(segment.begin),
            until=Timestamp(segment.end),
            gap=False,
            people=[_person(one, name_of) for one in segment.people],
            missing=[],
        )
        for segment in segments
        if segment.people
    ]
    empty = [(segment.begin, segment.end) for segment in segments if not segment.people]
    items += [gap_view(gap, cell, name_of) for gap in gaps_for_cell(community, gaps, cell, role, empty)]
    yield from sorted(items, key=lambda item: (item.from_, item.gap))


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


def _person(assignment: Assignment, name_of: NameOf) -> schema.PersonOnDuty:
    person = assignment.person.id
    because = because_view(assignment)
    return schema.PersonOnDuty(id=person, name=name_of(person), rank=assignment.rank, because=because)


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
