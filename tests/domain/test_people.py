"""The community: addresses, responsible cells, residents."""

from __future__ import annotations

import pytest

from domain import Cell, Person, Place
from domain.people import Community, community


@pytest.fixture
def registry() -> Community:
    return community(
        places=[
            Place("y", "枫林苑", "compound", cell="g1"),
            Place("b", "3栋", "building", "y", cell="m3"),
            Place("u", "无", "unit", "b"),
            Place("h", "402", "household", "u"),
            Place("loop", "环", "building", "loop"),
        ],
        cells=[Cell("g1", "第一网格", "grid"), Cell("m3", "3栋微网格", "micro_grid", "g1")],
        people=[Person("p", "王奶奶", home="h"), Person("w", "张网格")],
    )


def test_the_address_is_read_to_the_door_and_skips_a_level_that_is_called_none(registry: Community) -> None:
    assert registry.address("h") == "枫林苑3栋402"
    assert registry.address(None) == ""


def test_the_nearest_cell_is_responsible_for_a_place(registry: Community) -> None:
    assert tuple(registry.cell_of(place) for place in ("h", "y", "loop")) == ("m3", "g1", None)


def test_ancestors_and_residents_are_found(registry: Community) -> None:
    assert registry.building_of("h").id == "b"
    assert registry.building_of("y") is None
    assert [person.id for person in registry.residents("h")] == ["p"]
    assert registry.residents(None) == ()
