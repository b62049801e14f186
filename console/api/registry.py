"""`/places`, `/cells`, `/people`, `/rosters`: how each resource is validated, masked and filtered.

A worker's link may read none of them: it gives access to one alert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from console import messages_zh
from console.api.registry_crud import FieldErrors, Resource, crud_router
from console.http import examples
from console.http.personal_data import record_personal_reads
from console.http.problems import FieldError, invalid
from console.http.requests import Deps, parse_period
from console.schemas import registry as schema
from console.schemas import rosters
from console.security.auth import Principal
from console.security.masking import mask_person
from console.views.records import CELL, DUTY, PERSON, PLACE, ROTATION, cell_view, duty_view, person_view, place_view
from domain import Cell, Duty, Person, Place
from domain.people import Community
from domain.places import self_and_ancestors
from domain.roster_specs import RotationSpec, rotation_view
from domain.rosters import Rotation
from domain.specs import DutySpec
from store.database import registry

Query = Mapping[str, str]


def _matches(query: Query, row: object, *fields: str) -> bool:
    return all(not query.get(field) or query[field] == getattr(row, field) for field in fields)


def _place_is_visible(community: Community, user: Principal, place: Place, query: Query) -> bool:
    return (
        user.alert is None
        and (user.place is None or _lies_in(community, place.id, user.place))
        and _matches(query, place, "level", "parent", "cell")
    )


def _lies_in(community: Community, place: str, root: str) -> bool:
    """Whether a registered place is a registered one or lies below it."""
    return place in community.places and root in community.places and place in community.place_tree.inside(root)


def _places_inside(community: Community, root: str) -> Sequence[str]:
    inside = community.place_tree.inside(root)
    return community.place_table.ids if _are_most(inside, community) else sorted(inside)


def people_inside(community: Community, root: str) -> Sequence[str]:
    """People without a home are seen by everybody."""
    return community.people_search.kept_ids(root, lambda: _collect_people(community, root))


def _collect_people(community: Community, root: str) -> Sequence[str]:
    inside = community.place_tree.inside(root)
    if _are_most(inside, community):
        return community.people_table.ids
    housed = (person.id for place in inside for person in community.residents(place))
    return sorted([*community.without_home, *housed])


def _are_most(inside: AbstractSet[str], community: Community) -> bool:
    """Whether it takes longer to sort these places than to pass over the others."""
    return len(inside) > len(community.places) // 2


def _place_errors(community: Community, place: Place, with_new_rows: Mapping[str, Place]) -> FieldErrors:
    if place.cell is not None and place.cell not in community.cells:
        yield "cell", messages_zh.UNKNOWN_CELL.format(cell=place.cell)
    if place.parent is not None and place.parent not in with_new_rows:
        yield "parent", messages_zh.UNKNOWN_PLACE.format(place=place.parent)
    elif place.parent is not None and place.id in {
        ancestor.id for ancestor in self_and_ancestors(with_new_rows, place.parent)
    }:
        yield "parent", messages_zh.PARENT_LOOP.format(id=place.id)


def _cell_errors(_community: Community, cell: Cell, with_new_rows: Mapping[str, Cell]) -> FieldErrors:
    if cell.parent is not None and cell.parent not in with_new_rows:
        yield "parent", messages_zh.UNKNOWN_CELL.format(cell=cell.parent)
    elif cell.parent is not None and cell.id in {
        ancestor.id for ancestor in self_and_ancestors(with_new_rows, cell.parent)
    }:
        yield "parent", messages_zh.PARENT_LOOP.format(id=cell.id)


def _person_is_visible(community: Community, user: Principal, person: Person, query: Query) -> bool:
    return (
        user.alert is None
        and (user.place is None or person.home is None or _lies_in(community, person.home, user.place))
        and _matches(query, person, "home")
    )


def _person_viewer(deps: Deps, user: Principal) -> Callable[[Person], dict[str, Any]]:
    if user.sees_names:
        return person_view
    workers = deps.registry.community().workers
    return lambda person: mask_person(person_view(person), is_resident=person.id not in workers)


async def _note_people_read(deps: Deps, user: Principal, people: Sequence[Person]) -> None:
    """Residents whose data is shown unmasked. Phones of the people on the roster are for work, and not counted."""
    if user.sees_names:
        workers = deps.registry.community().workers
        await record_personal_reads(deps, user, [one.id for one in people if one.id not in workers], "phone, health")


def _person_errors(community: Community, person: Person, _together: Mapping[str, Person]) -> FieldErrors:
    if person.home is not None and person.home not in community.places:
        yield "home", messages_zh.UNKNOWN_PLACE.format(place=person.home)


def _duty_record(deps: Deps, spec: DutySpec) -> Duty:
    since, until = parse_period(deps, spec.since, spec.until, ("since", "until"))
    if since is not None and since == until:
        raise invalid(FieldError("until", messages_zh.BAD_ORDER))  # it would never hold: files are refused alike
    _check_role(deps, spec.role)
    return spec.value(since, until)


def _rotation_record(deps: Deps, spec: RotationSpec) -> Rotation:
    since, until = parse_period(deps, spec.since, spec.until, ("since", "until"))
    if since is not None and since == until:
        raise invalid(FieldError("until", messages_zh.BAD_ORDER))
    _check_role(deps, spec.role)
    return spec.value(since, until)


def _rotation_errors(community: Community, rotation: Rotation, _together: Mapping[str, Rotation]) -> FieldErrors:
    for cell in rotation.cells:
        if cell not in community.cells:
            yield "cells", messages_zh.UNKNOWN_CELL.format(cell=cell)
    for number, layer in enumerate(rotation.layers):
        for person in (person for team in layer.teams for person in team):
            if person not in community.people:
                yield f"layers[{number}].members", messages_zh.UNKNOWN_PERSON.format(person=person)


def _check_role(deps: Deps, role: str) -> None:
    if role not in deps.registry.roles:
        roles = "、".join(deps.registry.roles)
        raise invalid(FieldError("role", messages_zh.UNKNOWN_ROLE.format(role=role, roles=roles)))


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
    table_of=lambda community: community.place_table,
    put=registry.put_places,
    to_record=lambda _deps, spec: spec.value(),
    viewer_for=lambda _deps, _user: place_view,
    is_visible=_place_is_visible,
    filters={
        "level": lambda community, level: community.place_table.with_value("level", level),
        "parent": lambda community, parent: sorted(child.id for child in community.place_tree.children(parent)),
        "cell": lambda community, cell: community.place_table.with_value("cell", cell),
    },
    ids_inside=_places_inside,
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
    table_of=lambda community: community.cell_table,
    put=registry.put_cells,
    to_record=lambda _deps, spec: spec.value(),
    viewer_for=lambda _deps, _user: cell_view,
    is_visible=lambda _community, user, cell, query: user.alert is None and _matches(query, cell, "level", "parent"),
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
    table_of=lambda community: community.people_table,
    put=registry.put_people,
    to_record=lambda _deps, spec: spec.value(),
    viewer_for=_person_viewer,
    is_visible=_person_is_visible,
    filters={"home": lambda community, home: sorted(person.id for person in community.residents(home))},
    ids_inside=people_inside,
    reference_errors=_person_errors,
    on_read=_note_people_read,
    personal_fields="name, phone, health",
)

ROSTERS = Resource(
    path="rosters",
    table="duties",
    noun="duty",
    example=examples.DUTY,
    action="roster",
    body=DUTY,
    schema=schema.Duty,
    table_of=lambda community: community.duty_table,
    put=registry.put_duties,
    to_record=_duty_record,
    viewer_for=lambda _deps, _user: duty_view,
    is_visible=lambda _community, user, duty, query: (
        user.alert is None and _matches(query, duty, "cell", "role", "person")
    ),
    filters={
        "cell": lambda community, cell: community.duty_table.with_value("cell", cell),
        "role": lambda community, role: community.duty_table.with_value("role", role),
        "person": lambda community, person: community.duty_table.with_value("person", person),
    },
    reference_errors=_duty_errors,
)

ROTATIONS = Resource(
    path="rotations",
    table="rotations",
    noun="rotation",
    example=examples.ROTATION,
    action="roster",
    body=ROTATION,
    schema=rosters.Rotation,
    table_of=lambda community: community.rotation_table,
    put=registry.put_rotations,
    to_record=_rotation_record,
    viewer_for=lambda _deps, _user: rotation_view,
    is_visible=lambda _community, user, rotation, query: user.alert is None and _matches(query, rotation, "role"),
    filters={"role": lambda community, role: community.rotation_table.with_value("role", role)},
    reference_errors=_rotation_errors,
)

ROUTERS = (
    crud_router(PLACES),
    crud_router(CELLS),
    crud_router(PEOPLE),
    crud_router(ROSTERS),
    crud_router(ROTATIONS),
)
