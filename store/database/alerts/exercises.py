"""Exercises (drills) that are still open."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from alerts.alert import AlertSource, State
from domain import Instant
from store.database.alerts.tables import alerts


def last_exercise(tx: Connection) -> Instant | None:
    """When the last drill began; None before the first."""
    began = tx.execute(select(func.max(alerts.c.opened_at)).where(alerts.c.exercise.is_(True))).scalar()
    return None if began is None else int(began)


def open_exercises(tx: Connection, opened_before: Instant) -> list[int]:
    """Ids of the exercises opened up to an instant that are not closed, oldest first."""
    of_drills = alerts.c.source == AlertSource.EXERCISE.value, alerts.c.exercise.is_(True)
    query = select(alerts.c.id).where(*of_drills, alerts.c.state != State.CLOSED.value)
    return list(tx.execute(query.where(alerts.c.opened_at <= opened_before).order_by(alerts.c.id)).scalars())
