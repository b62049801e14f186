"""Pages, slices and upserts."""

from __future__ import annotations

from sqlalchemy import Connection, select

from store.database.sql import MAX_IN_LIST, Page, begins_with, chunks, page_of, upsert
from store.database.system.tables import settings


def test_a_page_has_a_cursor_only_when_more_rows_follow() -> None:
    rows = [("1", "a"), ("2", "b"), ("3", "c")]
    assert page_of(rows, 2) == Page(("a", "b"), "2")
    assert page_of(rows, 3) == Page(("a", "b", "c"), None)
    assert page_of([], 3) == Page((), None)


def test_slices_hold_all_items_and_fit_into_one_list() -> None:
    items = list(range(2 * MAX_IN_LIST + 1))
    parts = list(chunks(items))
    assert [len(part) for part in parts] == [MAX_IN_LIST, MAX_IN_LIST, 1]
    assert [item for part in parts for item in part] == items


def test_a_prefix_is_a_range_of_the_index(tx: Connection) -> None:
    """With LIKE each message that a provider refused read all findings of a year."""
    keys = [
        "gas",
        "gas@1",
        "gas@1/a",
        "gas@1/_",
        "gas@1/%",
        "gas@10",
        "gas-high@1",
        "Gas@1",
        "燃气@1/三栋",
        "燃气@1",
        "燃@",
    ]
    for key in keys:
        upsert(tx, settings, {"key": key}, {"value": 0, "updated_at": 0})
    for prefix in ("", "gas", "gas@1", "gas@1/", "gas@1/%", "燃气@", "燃", "z"):
        found = tx.execute(select(settings.c.key).where(begins_with(settings.c.key, prefix))).scalars().all()
        assert sorted(found) == sorted(key for key in keys if key.startswith(prefix)), prefix
    query = select(settings.c.key).where(begins_with(settings.c.key, "gas@1")).compile(tx.engine)
    if tx.dialect.name == "sqlite":
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", tuple(query.params.values())).all()
        assert all("SEARCH" in str(step) for step in plan)


def test_an_upsert_inserts_and_then_updates(tx: Connection) -> None:
    for value in (1, 2):
        upsert(tx, settings, {"key": "a"}, {"value": value, "updated_at": 0})
    assert tx.execute(select(settings.c.value)).scalars().all() == [2]
