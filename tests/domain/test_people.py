"""The community: addresses, responsible cells, residents."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from domain import Cell, Duty, Person, Place, Subject
from domain.people import Community, community
from domain.rosters import Handover, Override, OverrideKind, Rotation, RotationLayer, Shift


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


def test_the_people_of_a_rotation_are_workers_and_have_its_role() -> None:
    layer = RotationLayer(0, (("a",), ("b", "c")), (Shift("", 0, 1440),), Handover(date(2026, 12, 1), 0, 1))
    lines = [Duty("1", "g", "lead", "a"), Duty("2", "g", "worker", "d", absent=True)]
    people = community(duties=lines, rotations=[Rotation("r", "轮班", ("g",), "worker", (layer,))])
    assert people.workers == {"a", "b", "c", "d"}
    assert [people.roles_of(name) for name in "abd"] == [("lead", "worker"), ("worker",), ()]


def test_a_finding_about_a_cell_belongs_to_that_cell() -> None:
    places, cells = (
        [Place("p", "楼", "building", cell="g")],
        [Cell("g", "网格", "grid"), Cell("h", "社区", "community")],
    )
    people = community(places, cells)
    assert people.cell_concerned(Subject("cell", "h"), None) == "h"
    assert people.cell_concerned(Subject("cell", "h"), "p") == "g"
    assert people.cell_concerned(Subject("cell", "x"), None) is None
    assert people.cell_concerned(Subject("device", "h"), None) is None


def test_the_overrides_of_all_people_are_read_one_after_the_other() -> None:
    leave = Override("o1", OverrideKind.LEAVE, "a", 0, 10, None)
    people = community(overrides=[leave, replace(leave, id="o2", person="b")])
    assert [one.id for one in people.overrides] == ["o1", "o2"]


def test_another_roster_keeps_what_was_found_out_about_places_and_people() -> None:
    before = community([Place("a", "A", "street")], people=[Person("p", "甲")], duties=[Duty("d", "c", "worker", "p")])
    after = before.with_roster([Duty("e", "c", "lead", "p")], (), ())

    assert after.place_tree is before.place_tree
    assert after.people_table is before.people_table
    assert list(after.duty_table.ids) == ["e"]
    assert (after.people_of("lead"), after.people_of("worker")) == (("p",), ())


def test_the_cells_of_a_person_are_those_of_lines_and_of_rotations() -> None:
    layer = RotationLayer(0, (("p",), ("q",)), (Shift("", 0, 1440),), Handover(date(2026, 12, 1), 0, 1))
    turns = Rotation("r", "R", ("a", "b"), "worker", (layer,))
    people = community(duties=[Duty("d", "c", "lead", "p")], rotations=[turns])
    assert (people.cells_of("p"), people.cells_of("q"), people.cells_of("x")) == ({"a", "b", "c"}, {"a", "b"}, set())


def test_the_tables_of_the_registry_are_in_the_order_of_their_ids() -> None:
    built = community(
        [Place("b", "B", "street"), Place("a", "A", "street")],
        cells=[Cell("d", "D", "grid"), Cell("c", "C", "grid")],
        people=[Person("q", "乙"), Person("p", "甲")],
    )
    tables = (built.place_table, built.cell_table, built.people_table)
    assert [list(table.ids) for table in tables] == [["a", "b"], ["c", "d"], ["p", "q"]]
