"""Erases a person: the record of the registry, name and numbers where alerts and messages repeat them, and access."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from alerts.alert import SETTLED_STATES
from domain import Instant, Person
from domain.people import Community
from store.database import registry
from store.database.alerts.silence_tables import silences
from store.database.alerts.tables import alerts, deliveries, reply_codes, timeline
from store.database.registry import edits, rosters
from store.database.reports.erasure import erase_words, replaced
from store.database.reports.tables import alert_photos
from store.database.system.personal_access import end_access
from store.database.system.tables import rulebook_versions

WORD_MIN = 2
"""A shorter word is no name or number of its own."""
_SETTLED = [state.value for state in SETTLED_STATES]


def is_on_duty(community: Community, person: str) -> bool:
    """Whether somebody relies on this person: a roster names him."""
    return person in community.workers


def open_alert_of(tx: Connection, person: Person) -> int | None:
    """An alert that is not settled and is his to handle, about this person, or about his home; None when there is none.

    Without its owner a danger would be taken by nobody, while everybody reads that it is taken.
    """
    needs = or_(_concerns(person), alerts.c.owner == person.id)
    return tx.execute(
        select(alerts.c.id).where(needs, alerts.c.state.not_in(_SETTLED)).order_by(alerts.c.id).limit(1)
    ).scalar()


def erase_person(tx: Connection, person: Person, now: Instant, text: str) -> int:
    """Put `text` in place of the person's data in alerts, timelines and messages, and delete the record; returns the
    number of alerts that were changed. The id stays in the audit trail, where it names nobody any more."""
    words = _words_of(person)
    notified = select(deliveries.c.alert).where(deliveries.c.person == person.id)
    named = select(timeline.c.alert).where(timeline.c.person == person.id)
    either = or_(_concerns(person), alerts.c.id.in_(notified), alerts.c.id.in_(named))
    found = list(tx.execute(select(alerts.c.id, alerts.c.description, alerts.c.vulnerable).where(either)))
    for row in found:
        erase_words(tx, row.id, words, text)
        changed = {name: replaced(getattr(row, name), words, text) for name in ("description", "vulnerable")}
        tx.execute(update(alerts).where(alerts.c.id == row.id).values(**changed))
    own = deliveries.c.person == person.id
    tx.execute(update(deliveries).where(own).values(name=text, address="", payload={}))
    tx.execute(update(alerts).where(alerts.c.owner == person.id).values(owner_name=text))
    tx.execute(delete(reply_codes).where(reply_codes.c.person == person.id))
    for table in (silences, alert_photos, rulebook_versions):
        tx.execute(update(table).where(table.c.by == person.id).values(by_name=text))
    end_access(tx, person.id, now, name=text)
    rosters.revoke_calendar_links(tx, person.id)
    rosters.erase_reasons(tx, person.id, now)
    registry.remove_records(tx, "people", [person.id], now)
    edits.record_edits(tx, "people", [person.id], now, deleted=True)
    return len(found)


def _concerns(person: Person) -> ColumnElement[bool]:
    about = (alerts.c.subject_type == "person") & (alerts.c.subject_id == person.id)
    return about if person.home is None else or_(about, alerts.c.place == person.home)


def _words_of(person: Person) -> list[str]:
    """Everything that tells who it is: name, phone, accounts, and the contacts in the attributes."""
    attributes = [str(value) for name, value in person.attributes.items() if name.startswith("contact_")]
    words = [person.name, person.phone, person.wecom, *person.addresses.values(), *attributes]
    return [word for word in words if word is not None and len(word) >= WORD_MIN]
