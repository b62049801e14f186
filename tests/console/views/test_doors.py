"""Storeys of doors, from the tree of places or from their numbers."""

from __future__ import annotations

import pytest

from console.schemas.surroundings import Position
from console.views.doors import Door, door_of, position_of, stairwell_of
from domain import Place
from domain.people import Community, community


def door(name: str, floor: str | None = None) -> tuple[Community, Place]:
    around = [Place("u", "1单元", "unit")]
    if floor is not None:
        around.append(Place("f", floor, "floor", "u"))
    place = Place("d", name, "household", around[-1].id)
    return community([*around, place]), place


@pytest.mark.parametrize(
    ("name", "floor", "expected"),
    [
        ("402", None, Door(4, "02")),
        ("1203室", None, Door(12, "03")),
        ("12-03", None, Door(12, "03")),
        ("402", "5层", Door(5, "02")),
        ("东户", "3楼", Door(3, "东户")),
        ("车库", "负一层", Door()),
        ("车库", "-2F", Door(-2, "车库")),
        ("东户", None, Door()),
        ("8", None, Door()),
    ],
)
def test_the_tree_tells_the_storey_before_the_number_of_the_door(name: str, floor: str | None, expected: Door) -> None:
    assert door_of(*door(name, floor)) == expected


def test_doors_of_floors_share_the_stairwell() -> None:
    town, place = door("402", "4层")
    found = stairwell_of(town, place)
    assert found is not None
    assert found.id == "u"


@pytest.mark.parametrize(
    ("storey", "own", "expected"),
    [
        (5, 4, Position.ABOVE),
        (3, 4, Position.BELOW),
        (4, 4, Position.BESIDE),
        (6, 4, None),
        (1, -1, Position.ABOVE),
        (-1, 1, Position.BELOW),
        (None, 1, None),
        (1, None, None),
    ],
)
def test_a_door_is_next_to_another_one_on_its_storey_or_the_next(
    storey: int | None, own: int | None, expected: Position | None
) -> None:
    assert position_of(Door(storey), Door(own)) is expected
