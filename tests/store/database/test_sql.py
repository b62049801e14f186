"""Pages, slices and upserts."""

from __future__ import annotations

from sqlalchemy import Connection, select

from store.database.sql import MAX_IN_LIST, Page, chunks, page_of, upsert
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


def test_an_upsert_inserts_and_then_updates(tx: Connection) -> None:
    for value in (1, 2):
        upsert(tx, settings, {"key": "a"}, {"value": value, "updated_at": 0})
    assert tx.execute(select(settings.c.value)).scalars().all() == [2]
