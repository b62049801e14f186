"""Pages of a table: what is read for one."""

from __future__ import annotations

from domain import Place
from domain.table import Table

PLACES = {name: Place(name, name, "street" if name == "m" else "spot") for name in "zymcba"}


def test_pages_follow_each_other_in_the_order_of_ids_without_one_twice() -> None:
    table, read = Table(PLACES), list[str]()
    after = ""
    while rows := table.page(table.ids, after, 4, lambda place: place.level == "spot"):
        read += [place.id for place in rows]
        after = read[-1]
    assert read == ["a", "b", "c", "y", "z"]


def test_nothing_before_the_cursor_and_nothing_beyond_the_page_is_looked_at() -> None:
    table, asked = Table(PLACES), list[str]()

    def matches(place: Place) -> bool:
        asked.append(place.id)
        return True

    assert [place.id for place in table.page(table.ids, "b", 2, matches)] == ["c", "m"]
    assert asked == ["c", "m"]


def test_the_ids_of_a_value_are_in_order_and_an_id_without_a_record_is_passed_over() -> None:
    table = Table(PLACES)

    assert list(table.with_value("level", "spot")) == ["a", "b", "c", "y", "z"]
    assert list(table.with_value("level", "nowhere")) == []
    assert [place.id for place in table.page(["a", "gone", "z"], "", 5, lambda _: True)] == ["a", "z"]
