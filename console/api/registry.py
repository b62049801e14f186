"""The four shelves themselves: how places, cells, people and rosters are checked, masked and shown.

A worker's link sees none of them: its page is about one alert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from console import messages_zh
from console.api.registry_crud import FieldErrors, Resource, crud_router
from console.http import examples
from console.http.problems import FieldError, invalid
from console.http.requests import Deps, parse_period
from console.schemas import registry as schema
from console.security.auth import Principal
from console.security.masking import mask_person
from console.views.records import CELL, DUTY, PERSON, PLACE, cell_view, duty_view, person_view, place_view
from domain import Cell, Duty, Person, Place
from domain.people import Community
from domain.places import self_and_ancestors
from domain.specs import DutySpec
from store.database import registry

Query = Mapping[str, str]


def _matches(wanted: Query, row: object, *fields: str) -> bool:
    return all(not wanted.get(field) or wanted[field] == getattr(row, field) for field in fields)


def _place_is_visible(deps: Deps, user: Principal, place: Place, wanted: Query) -> bool:
    if user.alert is not None:
        return False
    in_reach = user.place is None or any(
        up.id == user.place for up in self_and_ancestors(deps.registry.community().places, place.id)
    )
    return in_reach and _matches(wanted, place, "level", "parent", "cell")


def _place_errors(community: Community, place: Place, together: Mapping[str, Place]) -> FieldErrors:
    if place.cell is not None and place.cell not in community.cells:
        yield "cell", messages_zh.UNKNOWN_CELL.format(cell=place.cell)
    if place.parent is not None and place.parent not in together:
        yield "parent", messages_zh.UNKNOWN_PLACE.format(place=place.parent)
    elif place.parent is not None and place.id in {up.id for up in self_and_ancestors(together, place.parent)}:
        yield "parent", messages_zh.PARENT_LOOP.format(id=place.id)


def _cell_errors(_community: Community, cell: Cell, together: Mapping[str, Cell]) -> FieldErrors:
    if cell.parent is not None and cell.parent not in together:
        yield "parent", messages_zh.UNKNOWN_CELL.format(cell=cell.parent)
    elif cell.parent is not None and cell.id in {up.id for up in self_and_ancestors(together, cell.parent)}:
        yield "parent", messages_zh.PARENT_LOOP.format(id=cell.id)


def _person_is_visible(deps: Deps, user: Principal, person: Person, wanted: Query) -> bool:
    if user.alert is not None:
        return False
    places = deps.registry.community().places
    in_reach = (
        user.place is None
        or person.home is None
        or any(up.id == user.place for up in self_and_ancestors(places, person.home))
    )
    return in_reach and _matches(wanted, person, "home")


def _person_viewer(deps: Deps, user: Principal) -> Callable[[Person], dict[str, Any]]:
    if user.sees_names:
        return person_view
    workers = {duty.person for duty in deps.registry.community().duties}
    return lambda person: mask_person(person_view(person), is_resident=person.id not in workers)


def _person_errors(community: Community, person: Person, _together: Mapping[str, Person]) -> FieldErrors:
    if person.home is not None and person.home not in community.places:
        yield "home", messages_zh.UNKNOWN_PLACE.format(place=person.home)


def _duty_record(deps: Deps, written: DutySpec) -> Duty:
    since, until = parse_period(deps, written.since, written.until, ("since", "until"))
    if since is not None and since == until:
        raise invalid(FieldError("until", messages_zh.BAD_ORDER))  # it would never hold: files are refused alike
    return written.value(since, until)


def _duty_errors(community: Community, duty: Duty, _together: Mapping[str, Duty]) -> FieldErrors:
    if duty.cell not in community.cells:
        yield "cell", messages_zh.UNKNOWN_CELL.format(cell=duty.cell)
    if duty.person not in community.people:
        yield "person", messages_zh.UNKNOWN_PERSON.format(person=duty.person)


PLACES = Resource(
    path="places",
    table="places",
    noun="place",
    example=examples.PLACE,
    action="registry",
    body=PLACE,
    schema=schema.Place,
    rows_of=lambda community: community.places,
    put=registry.put_places,
    load=registry.community,
    to_record=lambda _deps, written: written.value(),
    viewer_for=lambda _deps, _user: place_view,
    is_visible=_place_is_visible,
    reference_errors=_place_errors,
)

CELLS = Resource(
    path="cells",
    table="cells",
    noun="cell",
    example=examples.CELL,
    action="registry",
    body=CELL,
    schema=schema.Cell,
    rows_of=lambda community: community.cells,
    put=registry.put_cells,
    load=registry.community,
    to_record=lambda _deps, written: written.value(),
    viewer_for=lambda _deps, _user: cell_view,
    is_visible=lambda _deps, user, cell, wanted: user.alert is None and _matches(wanted, cell, "level", "parent"),
    reference_errors=_cell_errors,
)

PEOPLE = Resource(
    path="people",
    table="people",
    noun="person",
    example=examples.PERSON,
    action="registry",
    body=PERSON,
    schema=schema.Person,
    rows_of=lambda community: community.people,
    put=registry.put_people,
    load=registry.community,
    to_record=lambda _deps, written: written.value(),
    viewer_for=_person_viewer,
    is_visible=_person_is_visible,
    reference_errors=_person_errors,
)

ROSTERS = Resource(
    path="rosters",
    table="duties",
    noun="duty",
    example=examples.DUTY,
    action="roster",
    body=DUTY,
    schema=schema.Duty,
    rows_of=lambda community: {duty.id: duty for duty in community.duties},
    put=registry.put_duties,
    load=registry.community,
    to_record=_duty_record,
    viewer_for=lambda _deps, _user: duty_view,
    is_visible=lambda _deps, user, duty, wanted: (
        user.alert is None and _matches(wanted, duty, "cell", "role", "person")
    ),
    reference_errors=_duty_errors,
)

ROUTERS = (crud_router(PLACES), crud_router(CELLS), crud_router(PEOPLE), crud_router(ROSTERS))
