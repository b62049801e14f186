"""What several files of incidents begin with: findings that begin now, and people beside those of the small town."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain import Duty, Person, Role, Subject
from domain.people import community


def begins(town: Any, finding: Any, **changes: Any) -> Any:
    """The gas leak in 402, or what `changes` makes of it, that begins now."""
    now = town.clock.now
    plain = {"id": f"{changes.get('rule', 'gas-alarm')}@1/{now}", "begin": now, "at": now, "now": now}
    return finding(**{**plain, **changes})


def band(town: Any, finding: Any, rule: str, title: str, **changes: Any) -> Any:
    """A finding about the wristband of the person in 402, that begins now."""
    plain: dict[str, Any] = {
        "id": f"{rule}@1/person:e1/{town.clock.now}",
        "rule": rule,
        "hazard": "person",
        "title": title,
        "subject": Subject("person", "e1"),
        "device": "band-1",
        "advice": "",
    }
    return begins(town, finding, **{**plain, **changes})


def with_people(town: Any, people: Sequence[Person] = (), duties: Sequence[Duty] = ()) -> None:
    """These too. A person of a known id takes that one's place."""
    before = town.people
    known = {**before.people, **{person.id: person for person in people}}
    town.people = community(before.places.values(), before.cells.values(), known.values(), [*before.duties, *duties])


def with_property_and_clinic(town: Any) -> None:
    """The phones are of the vendor's book: a provider takes no other numbers."""
    people = [Person("house", "钱师傅", "19900000008"), Person("nurse", "孙护士", "19900000009")]
    duties = [Duty("8", "grid", Role.PROPERTY, "house"), Duty("9", "community", Role.CLINIC, "nurse")]
    with_people(town, people, duties)
