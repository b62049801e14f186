"""Places, cells, people and duties come back as they were put."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import Cell, Duty, Person, Place
from store.database import registry

PLACE = Place("p-402", "402", "household", "u-2", None, 120.0, 31.25, attributes={"floor": 4})


DUTY = Duty("d1", "grid-1", "worker", "w1", 1, (1, 5), 480, 1200, 10, 20, True)


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
