"""Erases the words of a reporter where others repeat them: timelines, messages, events for outside systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, or_, select, update

from store.database.alerts.tables import alerts, deliveries, timeline
from store.database.exchange.tables import exchange_events

_PLACES: Final[tuple[tuple[Table, Column[Any]], ...]] = (
    (timeline, timeline.c.text),
    (deliveries, deliveries.c.payload),
    (exchange_events, exchange_events.c.data),
)
"""Tables that repeat words of an alert, and the column with them: a text, or a JSON value."""


def erase_words(tx: Connection, alert: int, words: Sequence[str], text: str) -> None:
    """Put `text` in place of each of these words in what belongs to an alert, or to the one it was merged into."""
    merged = select(alerts.c.merged_into).where(alerts.c.id == alert).scalar_subquery()
    for table, column in _PLACES:
        (key,) = table.primary_key.columns
        of_alert = or_(table.c.alert == alert, table.c.alert == merged)
        for number, value in tx.execute(select(key, column).where(of_alert)).all():
            changed = replaced(value, words, text)
            if changed != value:
                tx.execute(update(table).where(key == number).values({column.name: changed}))


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
