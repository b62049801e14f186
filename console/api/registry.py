"""The four shelves themselves: how places, cells, people and rosters are checked, masked and shown.

A worker's link sees none of them: its page is about one alert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from console import messages_zh
from console.api.registry_crud import Faults, Shelf, shelf_router
from console.dependencies import Services
from console.http import examples
from console.http.requests import asked_period
from console.schemas import registry as schema
from console.security.auth import Principal
from console.security.masking import masked_person
from console.views.records import CELL, DUTY, PERSON, PLACE, cell_view, duty_view, person_view, place_view
from domain import Cell, Duty, Person, Place
from domain.people import Community
from domain.places import upward
from domain.specs import DutySpec
from store.database import registry

Wanted = Mapping[str, str]


def _equal(wanted: Wanted, row: object, *fields: str) -> bool:
    return all(not wanted.get(field) or wanted[field] == getattr(row, field) for field in fields)


def _place_shows(services: Services, who: Principal, place: Place, wanted: Wanted) -> bool:
    if who.alert is not None:
        return False
    in_reach = who.place is None or any(
        up.id == who.place for up in upward(services.registry.community().places, place.id)
    )
    return in_reach and _equal(wanted, place, "level", "parent", "cell")


def _place_faults(community: Community, place: Place, together: Mapping[str, Place]) -> Faults:
    if place.cell is not None and place.cell not in community.cells:
        yield "cell", messages_zh.UNKNOWN_CELL.format(cell=place.cell)
    if place.parent is not None and place.parent not in together:
        yield "parent", messages_zh.UNKNOWN_PLACE.format(place=place.parent)
    elif place.parent is not None and place.id in {up.id for up in upward(together, place.parent)}:
        yield "parent", messages_zh.LOOP.format(id=place.id)


def _cell_faults(_community: Community, cell: Cell, together: Mapping[str, Cell]) -> Faults:
    if cell.parent is not None and cell.parent not in together:
        yield "parent", messages_zh.UNKNOWN_CELL.format(cell=cell.parent)
    elif cell.parent is not None and cell.id in {up.id for up in upward(together, cell.parent)}:
        yield "parent", messages_zh.LOOP.format(id=cell.id)


def _person_shows(services: Services, who: Principal, person: Person, wanted: Wanted) -> bool:
    if who.alert is not None:
        return False
    places = services.registry.community().places
    in_reach = who.place is None or person.home is None or any(up.id == who.place for up in upward(places, person.home))
    return in_reach and _equal(wanted, person, "home")


def _person_viewer(services: Services, who: Principal) -> Callable[[Person], dict[str, Any]]:
    if who.sees_names:
        return person_view
    workers = {duty.person for duty in services.registry.community().duties}
    return lambda person: masked_person(person_view(person), is_resident=person.id not in workers)


def _person_faults(community: Community, person: Person, _together: Mapping[str, Person]) -> Faults:
    if person.home is not None and person.home not in community.places:
        yield "home", messages_zh.UNKNOWN_PLACE.format(place=person.home)


def _duty_value(services: Services, written: DutySpec) -> Duty:
    return written.value(*asked_period(services, written.since, written.until, ("since", "until")))


def _duty_faults(community: Community, duty: Duty, _together: Mapping[str, Duty]) -> Faults:
    if duty.cell not in community.cells:
        yield "cell", messages_zh.UNKNOWN_CELL.format(cell=duty.cell)
    if duty.person not in community.people:
        yield "person", messages_zh.UNKNOWN_PERSON.format(person=duty.person)


PLACES = Shelf(
    path="places",
    table="places",
    noun="place",
    example=examples.PLACE,
    act="registry",
    shape=PLACE,
    answer=schema.Place,
    held=lambda community: community.places,
    put=registry.put_places,
    load=registry.community,
    value=lambda _services, written: written.value(),
    viewer=lambda _services, _who: place_view,
    shows=_place_shows,
    faults=_place_faults,
)

CELLS = Shelf(
    path="cells",
    table="cells",
    noun="cell",
    example=examples.CELL,
    act="registry",
    shape=CELL,
    answer=schema.Cell,
    held=lambda community: community.cells,
    put=registry.put_cells,
    load=registry.community,
    value=lambda _services, written: written.value(),
    viewer=lambda _services, _who: cell_view,
    shows=lambda _services, who, cell, wanted: who.alert is None and _equal(wanted, cell, "level", "parent"),
    faults=_cell_faults,
)

PEOPLE = Shelf(
    path="people",
    table="people",
    noun="person",
    example=examples.PERSON,
    act="registry",
    shape=PERSON,
    answer=schema.Person,
    held=lambda community: community.people,
    put=registry.put_people,
    load=registry.community,
    value=lambda _services, written: written.value(),
    viewer=_person_viewer,
    shows=_person_shows,
    faults=_person_faults,
)

ROSTERS = Shelf(
    path="rosters",
    table="duties",
    noun="duty",
    example=examples.DUTY,
    act="roster",
    shape=DUTY,
    answer=schema.Duty,
    held=lambda community: {duty.id: duty for duty in community.duties},
    put=registry.put_duties,
    load=registry.community,
    value=_duty_value,
    viewer=lambda _services, _who: duty_view,
    shows=lambda _services, who, duty, wanted: who.alert is None and _equal(wanted, duty, "cell", "role", "person"),
    faults=_duty_faults,
)

ROUTERS = (shelf_router(PLACES), shelf_router(CELLS), shelf_router(PEOPLE), shelf_router(ROSTERS))
