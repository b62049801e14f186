"""Values that the history server refused, in the database."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import DAY
from store.database.refusals.history_refusals import (
    count_history_refusals,
    list_history_refusals,
    purge_history_refusals,
    store_history_refusals,
)
from store.refused_values import HistoryRefusalReason, RefusedValue

NOW = 1_795_262_400_000
OLD, TYPE = HistoryRefusalReason.BEYOND_RETENTION, HistoryRefusalReason.TYPE_CONFLICT


def refused(at: int, reason: HistoryRefusalReason = OLD) -> RefusedValue:
    return RefusedValue("gas-1", "lel_pct", at, "24", reason, "points beyond retention policy dropped=1")


def test_they_are_stored_once_and_beyond_the_limit_of_a_day_only_counted(tx: Connection) -> None:
    assert store_history_refusals(tx, [refused(1), refused(1), refused(2)], NOW, limit=4) == 2
    assert store_history_refusals(tx, [refused(1), refused(2), refused(3)], NOW, limit=4) == 1
    assert store_history_refusals(tx, [refused(at) for at in range(10, 20)], NOW, limit=4) == 1
    assert store_history_refusals(tx, [refused(1, TYPE)], NOW, limit=4) == 1
    assert store_history_refusals(tx, [refused(30)], NOW + DAY, limit=4) == 1
    assert count_history_refusals(tx) == {OLD: 14, TYPE: 1}
    assert count_history_refusals(tx, since=NOW + DAY) == {OLD: 1}


def test_the_newest_refusal_comes_first_page_by_page(tx: Connection) -> None:
    for day in range(3):
        store_history_refusals(tx, [refused(day)], NOW + day * DAY)
    first = list_history_refusals(tx, 2)
    assert [item.refused.at for item in first.items] == [2, 1]
    assert [item.refused for item in list_history_refusals(tx, 2, first.next).items] == [refused(0)]


def test_old_ones_are_forgotten(tx: Connection) -> None:
    store_history_refusals(tx, [refused(1)], NOW)
    store_history_refusals(tx, [refused(2)], NOW + 3 * DAY)
    assert purge_history_refusals(tx, NOW + 2 * DAY) == 1
    assert count_history_refusals(tx) == {OLD: 1}
