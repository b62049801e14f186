"""Places, cells, people and duties come back as they were put."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event

from domain import Cell, Duty, Person, Place
from store.database import registry

PLACE = Place("p-402", "402", "household", "u-2", None, 120.0, 31.25, attributes={"floor": 4})


DUTY = Duty("d1", "grid-1", "worker", "w1", 1, (1, 5), 480, 1200, 10, 20, True)


@pytest.fixture
def whole_tables_read(tx: Connection) -> list[str]:
    """Statements that read a table as a whole."""
    found: list[str] = []

    def note(_tx: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if statement.startswith("SELECT") and "WHERE" not in statement:
            found.append(statement)

    event.listen(tx, "before_cursor_execute", note)
    return found


def test_a_change_of_one_record_does_not_read_all_others_while_alerts_wait_for_its_transaction(
    tx: Connection, whole_tables_read: list[str]
) -> None:
    registry.put_people(tx, [Person(f"p{n}", f"居民{n}") for n in range(3)], now=0)
    assert registry.put_people(tx, [Person("p1", "王芳"), Person("p3", "李强")], now=1).updated == ("p1",)
    assert registry.find_records(tx, "people", ["p1", "p9"]) == {"p1": Person("p1", "王芳")}
    assert registry.remove_records(tx, "people", ["p0", "p9"], now=2).removed == ("p0",)
    assert not registry.remove_records(tx, "people", ["p0"], now=3)
    assert [statement for statement in whole_tables_read if "FROM people" in statement] == []
    assert [person.id for person in registry.list_records(tx, "people")] == ["p1", "p2", "p3"]


def test_the_community_comes_back_exactly(tx: Connection) -> None:
    registry.put_places(tx, [PLACE, Place("无", "无", "unit", lon=0.0)], now=0)
    registry.put_cells(tx, [Cell("grid-1", "第一网格", "grid", "c")], now=0)
    elder = Person("w1", "王建国", "19900001234", None, "p-402", {"lives_alone": True, "age": 81})
    registry.put_people(tx, [elder], now=0)
    registry.put_duties(tx, [DUTY], now=0)
    found = registry.community(tx)
    assert found.places == {"p-402": PLACE, "无": Place("无", "无", "unit", lon=0.0)}
    assert found.cells == {"grid-1": Cell("grid-1", "第一网格", "grid", "c")}
    assert found.people == {"w1": elder}
    assert found.duties == (DUTY,)


def test_putting_places_again_names_what_changed_and_replace_removes_the_rest(tx: Connection) -> None:
    registry.put_places(tx, [PLACE, Place("x", "X", "unit")], now=0)
    assert not registry.put_places(
        tx, [Place("p-402", "402", "household", "u-2", None, 120, 31.25, attributes={"floor": 4})], now=1
    )
    changed = registry.put_places(tx, [Place("x", "新", "unit"), Place("y", "Y", "unit")], now=1, replace=True)
    assert (changed.created, changed.updated, changed.removed) == (("y",), ("x",), ("p-402",))
    assert set(registry.community(tx).places) == {"x", "y"}
