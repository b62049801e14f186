"""Erases the words of a reporter where others repeat them: timelines, messages, events for outside systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, Connection, TableClause, column, or_, select, table, update

from store.database.alerts.tables import alerts, deliveries, timeline

_EVENTS: Final = table("exchange_events", column("n"), column("alert"), column("data", JSON))
"""By its name: the module of this table imports this package."""
_PLACES: Final[tuple[tuple[TableClause, ColumnElement[Any], ColumnElement[Any]], ...]] = (
    (timeline, timeline.c.n, timeline.c.text),
    (deliveries, deliveries.c.id, deliveries.c.payload),
    (_EVENTS, _EVENTS.c.n, _EVENTS.c.data),
)
"""Tables that repeat words of an alert, their key, and the column with the words: a text, or a JSON value."""


def erase_words(tx: Connection, alert: int, words: Sequence[str], text: str) -> None:
    """Put `text` in place of each of these words in what belongs to an alert, or to the one it was merged into."""
    merged = select(alerts.c.merged_into).where(alerts.c.id == alert).scalar_subquery()
    for rows, key, written in _PLACES:
        of_alert = or_(rows.c.alert == alert, rows.c.alert == merged)
        for number, value in tx.execute(select(key, written).where(of_alert)).all():
            changed = replaced(value, words, text)
            if changed != value:
                tx.execute(update(rows).where(key == number).values({written: changed}))


def replaced(value: Any, words: Sequence[str], text: str) -> Any:
    """A text, or a JSON value with such texts, with `text` in place of each of these words."""
    if isinstance(value, dict):
        return {name: replaced(item, words, text) for name, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, words, text) for item in value]
    if not isinstance(value, str):
        return value
    for word in sorted(words, key=len, reverse=True):
        value = value.replace(word, text)
    return value
