"""Finds the people of a recipient: on the roster, near the place, family and caregivers of the person concerned. Pure.

People are grouped: one group is called together, the next ones are its deputies, nearest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.alert import Alert
from alerts.escalation.policy import Recipient
from alerts.roster import on_duty as roster
from alerts.roster.shifts import is_on_shift
from domain import Instant, Person
from domain.people import Community
from domain.positions import distance_between, position_of_person, position_of_place
from domain.roles import RoleKind, Roles

FAMILY: Final = "family"
CONSENT: Final = "consent"
AVAILABLE: Final = "available"

Groups = list[list[Person]]


class Candidate(Struct, frozen=True):
    """A person who may be called: the rank on the roster (0 first), and the distance from the place if it is known."""

    person: Person
    rank: int = 0
    distance_m: int | None = None


class RecipientFinder:
    """Finds people for one community at one instant. `concerned` are the people whom the alert is about."""

    def __init__(
        self, community: Community, roles: Roles, now: Instant, tz: ZoneInfo, position_max_age_ms: int
    ) -> None:
        self._community, self._roles, self._now, self._tz = community, roles, now, tz
        self._position_max_age_ms = position_max_age_ms

    def groups(self, alert: Alert, recipient: Recipient, concerned: Sequence[Person] = ()) -> Groups:
        """The people of a recipient, in the order in which they are called."""
        if alert.exercise and self.kind(recipient.role) is not RoleKind.STAFF:
            return []
        about = {person.id for person in concerned}
        found = self._candidates(alert, recipient, concerned)
        asked = [one for one in found if one.person.id not in about and self._may_ask(one.person, recipient.role)]
        located = sorted(self._within(alert, recipient, asked), key=_order)
        groups: Groups = []
        for _, same in groupby(located, key=lambda one: one.rank):
            people = [one.person for one in same]
            size = recipient.at_most or len(people)
            groups += [people[start : start + size] for start in range(0, len(people), size)]
        return groups

    def kind(self, role: str) -> RoleKind:
        """The kind of a role; one that the site does not define is treated as staff."""
        return self._roles[role].kind if role in self._roles else RoleKind.STAFF

    def _candidates(self, alert: Alert, recipient: Recipient, concerned: Sequence[Person]) -> Iterator[Candidate]:
        role = recipient.role
        if role == FAMILY:
            yield from (Candidate(member) for person in concerned for member in self._community.family_of(person))
            return
        own = [self._community.people.get(str(person.attributes.get(role, ""))) for person in concerned]
        named = list(dict.fromkeys(person.id for person in own if person is not None))
        away = roster.absent_people(self._community, self._now, self._tz)
        yield from (Candidate(self._community.people[name], rank=-1) for name in named if name not in away)
        if self.kind(role) is RoleKind.VOLUNTEER:
            found = list(self._volunteers(alert, recipient))
        else:
            found = roster.on_duty_ranked(self._community, alert.cell, role, self._now, self._tz, alert.hazard)
        yield from (Candidate(person, rank) for rank, person in found if person.id not in named)

    def _volunteers(self, alert: Alert, recipient: Recipient) -> Iterator[tuple[int, Person]]:
        """Everybody on duty in the role, of the cell and those above it; with a distance limit, of every cell."""
        cells = None if recipient.within_m else set(roster.responsible_cells(self._community, alert.cell))
        away, seen = roster.absent_people(self._community, self._now, self._tz), set[str]()
        for duty in self._community.duties_of(recipient.role):
            is_here = not duty.absent and (cells is None or duty.cell in cells)
            fits = is_here and (not duty.hazards or alert.hazard in duty.hazards)
            if not fits or duty.person in away or duty.person in seen or duty.person not in self._community.people:
                continue
            if is_on_shift(duty, self._now, self._tz):
                seen.add(duty.person)
                yield duty.rank, self._community.people[duty.person]

    def _may_ask(self, person: Person, role: str) -> bool:
        """Volunteers and family only with their consent, volunteers only while they are available."""
        kind = self.kind(role)
        if kind not in (RoleKind.VOLUNTEER, RoleKind.RESIDENT):
            return True
        return person.attributes.get(CONSENT) is True and person.attributes.get(AVAILABLE, True) is not False

    def _within(self, alert: Alert, recipient: Recipient, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
        """With distances; those too far away, or at an unknown place where a distance is required, are left out."""
        here = position_of_place(self._community, alert.place)
        for one in candidates:
            there = position_of_person(one.person, self._now, self._position_max_age_ms)
            if there is None and self.kind(recipient.role) is RoleKind.VOLUNTEER:
                there = position_of_place(self._community, one.person.home)
            distance = distance_between(here, there)
            if recipient.within_m is None or (distance is not None and distance <= recipient.within_m):
                yield Candidate(one.person, one.rank, distance)


def _order(candidate: Candidate) -> tuple[int, float, str]:
    distance = float("inf") if candidate.distance_m is None else candidate.distance_m
    return candidate.rank, distance, candidate.person.id
