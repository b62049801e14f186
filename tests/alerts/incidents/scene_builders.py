"""Builders shared by the tests of incidents: findings that begin now, and more people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from alerts.reply_parsing.codes import MAX_NUMBER
from domain import Duty, Person, Subject
from domain.people import community
from store.database.alerts.tables import reply_codes


def new_finding(harness: Any, finding: Any, **changes: Any) -> Any:
    """A gas leak in 402 that begins now, with `changes`."""
    now = harness.clock.now
    defaults = {"id": f"{changes.get('rule', 'gas-alarm')}@1/{now}", "begin": now, "at": now, "now": now}
    return finding(**{**defaults, **changes})


def wristband_finding(harness: Any, finding: Any, rule: str, title: str, **changes: Any) -> Any:
    """A finding of the wristband of the person in 402 that begins now."""
    defaults: dict[str, Any] = {
        "id": f"{rule}@1/person:e1/{harness.clock.now}",
        "rule": rule,
        "hazard": "person",
        "title": title,
        "subject": Subject("person", "e1"),
        "device": "band-1",
        "advice": "",
    }
    return new_finding(harness, finding, **{**defaults, **changes})


def add_people(harness: Any, people: Sequence[Person] = (), duties: Sequence[Duty] = ()) -> None:
    """Adds people and duties. A person with a known id replaces the former one."""
    registry = harness.people
    people_by_id = {**registry.people, **{person.id: person for person in people}}
    harness.people = community(
        registry.places.values(), registry.cells.values(), people_by_id.values(), [*registry.duties, *duties]
    )


def add_property_and_clinic(harness: Any) -> None:
    """Adds a person of the property and one of the clinic; the SMS provider accepts only numbers of its own list."""
    people = [Person("house", "钱师傅", "19900000008"), Person("nurse", "孙护士", "19900000009")]
    duties = [Duty("8", "grid", "property", "house"), Duty("9", "community", "clinic", "nurse")]
    add_people(harness, people, duties)


def use_every_reply_code(tx: Any, phone: str, person: str) -> None:
    """Every code of this phone belongs to an alert: the next message to it has none."""
    taken = set(tx.execute(select(reply_codes.c.number).where(reply_codes.c.phone == phone)).scalars())
    rows = [
        {"phone": phone, "number": number, "alert": 1, "person": person, "since": 0}
        for number in range(1, MAX_NUMBER + 1)
        if number not in taken
    ]
    tx.execute(insert(reply_codes), rows)
