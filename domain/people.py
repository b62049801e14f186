"""The community: places, cells, people and duties, indexed. Read by rules (attributes) and alerts (recipients)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from msgspec import Struct, field, structs

from domain import Cell, Device, Duty, Person, Place, Subject
from domain.addresses import NO_NAME, joined
from domain.levels import AREAS, INSIDE, Level, LevelRole, named_role, understood
from domain.people_search import PeopleSearch
from domain.place_search import PlaceSearch
from domain.place_tree import PlaceTree
from domain.places import self_and_ancestors
from domain.rosters import Override, Rotation
from domain.table import Table, grouped

_WITHOUT_DOOR: Final = AREAS | {LevelRole.COMPOUND}
"""Places where people without a recorded door are registered: an event there concerns none of them by name."""


class Community(Struct, frozen=True, dict=True):
    """One version of the registry's places and people. Immutable; `community()` builds a new one after each change."""

    places: Mapping[str, Place]
    cells: Mapping[str, Cell]
    people: Mapping[str, Person]
    duties: tuple[Duty, ...]
    rotations: tuple[Rotation, ...] = ()
    overrides_of: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)
    """Overrides of the roster by the person whose turns they concern."""
    levels: Mapping[str, Level] = field(default_factory=dict)
    """Role by level."""
    homes: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    """Residents by place."""
    families: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    """By person: those whose attribute `family_of` names that person."""
    flats: frozenset[str] = frozenset()
    """Homes that contain no other place; a whole compound recorded as a home is none."""

    def with_roster(
        self, duties: Iterable[Duty], rotations: Iterable[Rotation], overrides: Iterable[Override]
    ) -> Community:
        """The same places and people with another roster."""
        built = structs.replace(
            self, duties=tuple(duties), rotations=tuple(rotations), overrides_of=_overrides_by_person(overrides)
        )
        _build_indices(built, self, (*_OF_PLACES, *_OF_PEOPLE))
        return built

    @cached_property
    def place_tree(self) -> PlaceTree:
        """What lies in a place. `community()` builds it and the tables: whoever loads a registry does so in a thread,
        and whoever asks is on the event loop."""
        return PlaceTree(self.places)

    @cached_property
    def place_search(self) -> PlaceSearch:
        """Places by words of their path."""
        return PlaceSearch(self.places, self.place_tree)

    @cached_property
    def place_table(self) -> Table[Place]:
        """Places in the order of their ids; likewise the other four."""
        return Table(self.places)

    @cached_property
    def cell_table(self) -> Table[Cell]:
        return Table(self.cells)

    @cached_property
    def people_table(self) -> Table[Person]:
        return Table(self.people)

    @cached_property
    def people_search(self) -> PeopleSearch:
        """People by name or phone."""
        return PeopleSearch(self.people[one] for one in self.people_table.ids)

    @cached_property
    def duty_table(self) -> Table[Duty]:
        return Table({duty.id: duty for duty in self.duties})

    @cached_property
    def rotation_table(self) -> Table[Rotation]:
        return Table({rotation.id: rotation for rotation in self.rotations})

    @cached_property
    def without_home(self) -> tuple[str, ...]:
        """Ids of the people without a home."""
        return tuple(person.id for person in self.people.values() if person.home is None)

    def cell_of(self, place: str | None) -> str | None:
        """The cell responsible for a place: its own, or its nearest ancestor's."""
        return next((node.cell for node in self_and_ancestors(self.places, place) if node.cell), None)

    def duties_at(self, cell: str, role: str) -> tuple[Duty, ...]:
        """The roster lines of a cell for a role."""
        return self._duties_by_cell.get((cell, role), ())

    def rotations_at(self, cell: str, role: str) -> tuple[Rotation, ...]:
        """The rotations of a cell for a role."""
        return self._rotations_by_cell.get((cell, role), ())

    def people_of(self, role: str) -> tuple[str, ...]:
        """Ids of the people with a role on the roster."""
        return self._people_by_role.get(role, ())

    @cached_property
    def _people_by_role(self) -> Mapping[str, tuple[str, ...]]:
        return grouped((role, person) for person, roles in self._roles_by_person.items() for role in roles)

    def duties_of(self, role: str) -> tuple[Duty, ...]:
        """The roster lines of a role, of all cells."""
        return self._duties_by_role.get(role, ())

    @cached_property
    def _duties_by_cell(self) -> Mapping[tuple[str, str], tuple[Duty, ...]]:
        """A district has 7,500 lines and 4,600 rotations, and an alert asks for ten roles at up to five cells."""
        return grouped(((duty.cell, duty.role), duty) for duty in self.duties)

    @cached_property
    def _rotations_by_cell(self) -> Mapping[tuple[str, str], tuple[Rotation, ...]]:
        return grouped(((cell, one.role), one) for one in self.rotations for cell in dict.fromkeys(one.cells))

    @cached_property
    def _duties_by_role(self) -> Mapping[str, tuple[Duty, ...]]:
        return grouped((duty.role, duty) for duty in self.duties)

    @cached_property
    def workers(self) -> frozenset[str]:
        """Ids of everybody on the roster: in a line, or a team of a rotation. Asked for each row of a list."""
        teams = (team for rotation in self.rotations for layer in rotation.layers for team in layer.teams)
        return frozenset({*(duty.person for duty in self.duties), *(person for team in teams for person in team)})

    def roles_of(self, person: str) -> tuple[str, ...]:
        """The roles of a person on the roster, those of lines before those of rotations."""
        return self._roles_by_person.get(person, ())

    def cells_of(self, person: str) -> frozenset[str]:
        """The cells with a line or a rotation that has this person."""
        lines = {duty.cell for duty in self.duties if duty.person == person}
        turns = (
            one.cells for one in self.rotations if any(person in team for layer in one.layers for team in layer.teams)
        )
        return frozenset(lines.union(*turns))

    @cached_property
    def _roles_by_person(self) -> Mapping[str, tuple[str, ...]]:
        """Asked for each person of a list."""
        lines = ((duty.person, duty.role) for duty in self.duties if not duty.absent)
        turns = (
            (person, rotation.role)
            for rotation in self.rotations
            for layer in rotation.layers
            for team in layer.teams
            for person in team
        )
        return grouped(dict.fromkeys((*lines, *turns)))

    @cached_property
    def absences(self) -> tuple[Duty, ...]:
        """The duties that take their person off duty."""
        return tuple(duty for duty in self.duties if duty.absent)

    @property
    def overrides(self) -> Iterator[Override]:
        """Every override of the roster."""
        return (override for overrides in self.overrides_of.values() for override in overrides)

    def cell_concerned(self, subject: Subject, place: str | None) -> str | None:
        """The cell responsible for a finding: of its place, else the cell that it is about."""
        own = subject.id if subject.type == "cell" and subject.id in self.cells else None
        return self.cell_of(place) or own

    def role_of(self, place: Place) -> LevelRole:
        """The role of the level of a place."""
        level = self.levels.get(place.level)
        return level.role if level is not None else named_role(place.level) or LevelRole.ZONE

    def nearest(self, place: str | None, role: LevelRole, otherwise: LevelRole | None = None) -> Place | None:
        """The nearest place of this role that contains `place` (or is it), else the nearest of the other role."""
        second: Place | None = None
        for node in self_and_ancestors(self.places, place):
            node_role = self.role_of(node)
            if node_role is role:
                return node
            if node_role is otherwise and second is None:
                second = node
        return second

    def building_of(self, place: str | None) -> Place | None:
        """The building it lies in; premises of one operator (a school, a market) are one building."""
        return self.nearest(place, LevelRole.BUILDING, LevelRole.FACILITY)

    def household_of(self, place: str | None) -> Place | None:
        """The household or shop it lies in, else a room let singly, else a home of another level."""
        door = self.nearest(place, LevelRole.HOUSEHOLD, LevelRole.ROOM)
        return self.places[place] if door is None and place is not None and place in self.flats else door

    def compound_of(self, place: str | None) -> Place | None:
        """The compound or village, else the area around it, else the outermost place."""
        compound = self.nearest(place, LevelRole.COMPOUND, LevelRole.AREA)
        if compound is not None:
            return compound
        return next(reversed(list(self_and_ancestors(self.places, place))), None)

    def address(self, place: str | None) -> str:
        """The address down to the door: 枫林苑3栋2单元402. Empty only for an unknown place."""
        path = list(self_and_ancestors(self.places, place))
        named = [node for node in path if node.name != NO_NAME]
        if not named:
            return path[0].id if path else ""
        return joined([node.name for node in reversed(list(self._address_parts(named)))])

    def _address_parts(self, named: list[Place]) -> Iterator[Place]:
        """The places below the areas, and the nearest area where the rest would be ambiguous without it."""
        below = [node for node in named if self.role_of(node) not in AREAS]
        yield from below
        if not below:
            yield named[0]
        elif self.role_of(below[-1]) in INSIDE:
            around = named[named.index(below[-1]) :]
            yield from [node for node in around if self.role_of(node) is LevelRole.AREA][:1]

    def residents(self, place: str | None) -> tuple[Person, ...]:
        """The people whose home is this place."""
        return self.homes.get(place or "", ())

    def family_of(self, person: Person) -> tuple[Person, ...]:
        """The relatives to call about this person."""
        return self.families.get(person.id, ())

    def behind_door(self, place: str | None) -> tuple[Person, ...]:
        """The residents of the household of a place: a sensor may be in one room of their flat."""
        household = self.household_of(place)
        return self.residents(place) or self.residents(household.id if household is not None else None)

    def bearer_of(self, device: Device) -> Person | None:
        """The person who carries the device, or for whom it is installed."""
        return self.people.get(str(device.attributes.get("person")))

    def place_of(self, device: Device) -> str | None:
        """Where to go: the place of the device, else the home of its bearer."""
        if device.place is not None:
            return device.place
        bearer = self.bearer_of(device)
        return None if bearer is None else bearer.home

    def concerned(self, subject: Subject, device: Device | None, place: str | None) -> tuple[Person, ...]:
        """People who may need help: the subject or the bearer of the device, else the residents of that household."""
        named = self.people.get(subject.id) if subject.type == "person" else None
        if named is None and device is not None:
            named = self.bearer_of(device)
        if named is not None:
            return (named,)
        node = self.places.get(place or "")
        is_door = node is not None and self.role_of(node) not in _WITHOUT_DOOR
        return self.behind_door(place) if is_door else ()


def _overrides_by_person(overrides: Iterable[Override]) -> dict[str, tuple[Override, ...]]:
    return grouped((override.person, override) for override in overrides)


def community(
    places: Iterable[Place] = (),
    cells: Iterable[Cell] = (),
    people: Iterable[Person] = (),
    duties: Iterable[Duty] = (),
    levels: Mapping[str, LevelRole] | None = None,
    rotations: Iterable[Rotation] = (),
    overrides: Iterable[Override] = (),
    same_places: Community | None = None,
) -> Community:
    """A community indexed by id. `levels` are the roles that the site declares; the others are derived.
    `same_places`: another version with these places, already indexed."""
    tree = {place.id: place for place in places}
    known = {person.id: person for person in people}
    homes = grouped((person.home, person) for person in known.values() if person.home is not None)
    relatives = (person for person in known.values() if "family_of" in person.attributes)
    families = grouped((str(person.attributes["family_of"]), person) for person in relatives)
    parents = {place.parent for place in tree.values()}
    roles = understood(tree, levels or {}, homes)
    built = Community(
        places=tree,
        cells={cell.id: cell for cell in cells},
        people=known,
        duties=tuple(duties),
        rotations=tuple(rotations),
        overrides_of=_overrides_by_person(overrides),
        levels=roles,
        homes=homes,
        families=families,
        flats=frozenset(
            home for home in homes if home in tree and home not in parents and roles[tree[home].level].role in INSIDE
        ),
    )
    _build_indices(built, same_places, _OF_PLACES)
    return built


def _build_indices(built: Community, before: Community | None, kept: Iterable[str]) -> None:
    """Those of `kept` are taken over from another version."""
    if before is not None:
        vars(built).update({name: getattr(before, name) for name in kept})
    for name in _BUILT_WHEN_LOADED:
        getattr(built, name)


_OF_PLACES: Final = ("place_tree", "place_search", "place_table")
_OF_PEOPLE: Final = ("people_table", "people_search", "without_home")
_OF_ROSTER: Final = ("duty_table", "rotation_table", "workers", "_roles_by_person")
_BUILT_WHEN_LOADED: Final = (*_OF_PLACES, *_OF_PEOPLE, *_OF_ROSTER)
"""Of a district these take from 5 to 150 ms each at the first use."""
