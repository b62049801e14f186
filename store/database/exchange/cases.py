"""Alerts under their numbers in outside systems, and the events that those systems sent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select

from alerts.exchange.messages import CaseLink, Direction, ReceivedEvent, ReceivedOutcome
from domain import Instant
from store.database.exchange.tables import exchange_cases as cases
from store.database.exchange.tables import exchange_received as received_rows
from store.database.sql import upsert


def find_link(tx: Connection, system: str, external_id: str) -> CaseLink | None:
    """The link by the number under which the system knows the case."""
    known = or_(cases.c.external_id == external_id, cases.c.their_id == external_id)
    query = select(cases).where(cases.c.system == system, known).order_by(cases.c.external_id != external_id)
    row = tx.execute(query.limit(1)).first()
    return None if row is None else _link(row)


def links_of(tx: Connection, alert: int) -> list[CaseLink]:
    """The links of an alert, oldest first."""
    query = select(cases).where(cases.c.alert == alert).order_by(cases.c.opened_at, cases.c.system)
    return [_link(row) for row in tx.execute(query)]


def save_link(tx: Connection, link: CaseLink) -> None:
    """Insert the link, or replace the one with this number."""
    names = [name for name in CaseLink.__struct_fields__ if name not in ("system", "external_id", "direction")]
    values = {name: getattr(link, name) for name in names} | {"direction": link.direction.value}
    upsert(tx, cases, {"system": link.system, "external_id": link.external_id}, values)


def find_received(tx: Connection, system: str, event_id: str) -> ReceivedEvent | None:
    """An event that was received before."""
    key = received_rows.c.system == system, received_rows.c.event_id == event_id
    row = tx.execute(select(received_rows).where(*key)).first()
    return None if row is None else _received(row)


def save_received(tx: Connection, event: ReceivedEvent) -> None:
    """Store an event and what became of it."""
    values = {name: getattr(event, name) for name in ReceivedEvent.__struct_fields__ if name != "outcome"}
    tx.execute(insert(received_rows), {**values, "outcome": event.outcome.value})


def list_received(tx: Connection, system: str, external_id: str) -> list[ReceivedEvent]:
    """The events of one case in order of receipt."""
    of_case = received_rows.c.system == system, received_rows.c.external_id == external_id
    query = select(received_rows).where(*of_case).order_by(received_rows.c.received_at, received_rows.c.version)
    return [_received(row) for row in tx.execute(query)]


def purge_received(tx: Connection, before: Instant) -> int:
    """Delete events received before an instant; returns their number."""
    return tx.execute(delete(received_rows).where(received_rows.c.received_at < before)).rowcount


def _link(row: Row[Any]) -> CaseLink:
    return CaseLink(**{**row._mapping, "direction": Direction(row.direction)})


def _received(row: Row[Any]) -> ReceivedEvent:
    return ReceivedEvent(**{**row._mapping, "outcome": ReceivedOutcome(row.outcome)})
