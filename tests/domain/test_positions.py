"""Where places and people are: the nearest place with coordinates, datums, stale positions."""

from __future__ import annotations

import pytest

from domain import Person, Place
from domain.geo import to_gcj02
from domain.people import community
from domain.positions import distance_between, position_of_person, position_of_place

NOW = 1_767_333_900_000
DOOR = (30.65, 104.08)
TREE = community(
    places=[
        Place("yard", "枫林苑", "compound", lon=104.08, lat=30.65, datum="WGS-84"),
        Place("b1", "1栋", "building", "yard"),
        Place("b2", "2栋", "building", "yard", lon=104.081, lat=30.65, datum="WGS-84"),
        Place("lost", "某地", "compound"),
    ]
)


def test_a_place_without_coordinates_lies_where_the_place_around_it_lies() -> None:
    assert position_of_place(TREE, "b1") == DOOR
    assert position_of_place(TREE, "b2") == (30.65, 104.081)
    assert position_of_place(TREE, "lost") is None
    assert position_of_place(TREE, None) is None


@pytest.mark.parametrize(
    ("attributes", "known"),
    [
        ({}, False),
        ({"lat": 30.65}, False),
        ({"lat": True, "lon": 104.08}, False),
        ({"lat": "30.6500", "lon": "104.0800", "datum": "WGS-84"}, True),
        ({"lat": "nan", "lon": "104.08"}, False),
        ({"lat": "北纬30度", "lon": "104.08"}, False),
        ({"lat": 30.65, "lon": 104.08, "datum": "WGS-84"}, True),
        ({"lat": 30.65, "lon": 104.08, "datum": "Mars"}, False),
        ({"lat": 30.65, "lon": 104.08, "datum": "WGS-84", "located_at": NOW - 60_000}, True),
        ({"lat": 30.65, "lon": 104.08, "datum": "WGS-84", "located_at": (NOW - 60_000) / 1000}, True),
        ({"lat": 30.65, "lon": 104.08, "datum": "WGS-84", "located_at": NOW - 3_600_000}, False),
        ({"lat": 30.65, "lon": 104.08, "datum": "WGS-84", "located_at": "2026-01-02T14:04:00+08:00"}, True),
        ({"lat": 30.65, "lon": 104.08, "datum": "WGS-84", "located_at": "2026-01-02T10:04:00+08:00"}, False),
        ({"lat": 30.65, "lon": 104.08, "datum": "WGS-84", "located_at": "just now"}, False),
    ],
)
def test_a_position_of_a_person_is_used_until_it_is_old(attributes: dict[str, object], known: bool) -> None:
    person = Person("p", "何", attributes=attributes)  # type: ignore[arg-type]
    assert position_of_person(person, NOW, 1_800_000) == (DOOR if known else None)


def test_a_position_without_a_datum_is_one_of_a_chinese_map() -> None:
    lat, lon = to_gcj02(DOOR)
    person = Person("p", "何", attributes={"lat": lat, "lon": lon})
    found = position_of_person(person, NOW, 0)
    assert distance_between(found, DOOR) == 0
    assert distance_between(found, None) is distance_between(None, DOOR) is None
