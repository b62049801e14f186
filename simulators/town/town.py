"""The town and the port of the models that make its days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from domain import Cell, Device, Duty, Instant, Person, Place
from domain.rosters import Rotation
from simulators.events import Incident, TimedEvent


class Household(Struct, frozen=True):
    """A dwelling with its residents and devices. `place` is its place; `floor` counts from 1."""

    place: str
    residents: tuple[str, ...]
    devices: tuple[str, ...]
    floor: int
    volume_m3: float
    """Of the kitchen."""
    has_elder_alone: bool = False


class Outline(Struct, frozen=True):
    """The ground that a community, a compound or a building covers: a closed ring, counterclockwise, of longitude and
    latitude in WGS-84.
    """

    place: str
    ring: tuple[tuple[float, float], ...]


class Town(Struct, frozen=True):
    """What a site would import, and the households. The same preset and seed give the same town."""

    preset: str
    seed: int
    timezone: str
    places: tuple[Place, ...]
    cells: tuple[Cell, ...]
    people: tuple[Person, ...]
    duties: tuple[Duty, ...]
    devices: tuple[Device, ...]
    households: tuple[Household, ...]
    rotations: tuple[Rotation, ...] = ()
    outlines: tuple[Outline, ...] = ()

    def workers(self, role: str | None = None) -> frozenset[str]:
        """The people on the roster, always or in turns; of one role, or of all."""
        duties = {duty.person for duty in self.duties if role in (None, duty.role)}
        teams = (
            team
            for rotation in self.rotations
            if role in (None, rotation.role)
            for layer in rotation.layers
            for team in layer.teams
        )
        return frozenset(duties.union(*teams))


class Period(Struct, frozen=True):
    """From `start` (a local midnight) until `end`, excluded."""

    start: Instant
    end: Instant


class EventSource(Protocol):
    """A model of some kinds of devices of a town.

    Everything it yields depends on the town, the period, the seed and the incidents only, never on what was asked
    before, so that a run may be resumed at any day. Random numbers come from `Random(f"{seed}/...")` by name.
    """

    kinds: frozenset[str]
    """The kinds of devices whose measurements it makes; every kind belongs to one source."""

    def incidents(self, town: Town, period: Period, seed: int, per_week: float) -> Sequence[Incident]:
        """Incidents that begin in the period, about `per_week` of every kind of incident; in order of `begin`.

        Two incidents of one device never overlap.
        """
        ...

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, seed: int) -> Iterator[TimedEvent]:
        """Measurements and reports of the period in order of time: ordinary days, and the incidents that overlap it.

        `incidents` are those of the whole run, whatever the period: what flowed in one that is over stays in a counter.
        """
        ...
