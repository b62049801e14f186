"""What an import changes: records created, changed and removed, each with the fields before and after. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from console.imports.tables import column_name
from console.schemas.imports import ChangedField, TableChange
from domain import Duty, Instant, Person
from domain.people import Community
from domain.roles import Roles
from domain.roster_specs import format_clock

TimeText = Callable[[Instant], str]
NOTHING: Final = ""
_TITLE: Final = frozenset({"cell", "role", "person", "name"})


class ImportPlan(msgspec.Struct, frozen=True):
    """The records of a table as they will be: `records` are written, `removed` deleted; `changes` are for people.
    `before`: the stored records of both, by id."""

    before: Mapping[str, Any]
    records: tuple[Any, ...]
    removed: tuple[str, ...]
    changes: tuple[TableChange, ...]
    unchanged: int

    def digest(self, data: bytes) -> str:
        """Identifies the file together with what it would change now: an import does what its preview showed."""
        seen = msgspec.json.encode(
            [hashlib.sha256(data).hexdigest(), self.before, self.removed, self.records], order="sorted"
        )
        return hashlib.sha256(seen).hexdigest()[:32]


class Differences:
    """Compares records with the stored ones. `time_text` writes an instant for people."""

    def __init__(self, community: Community, roles: Roles, time_text: TimeText) -> None:
        self._community, self._roles, self._time_text = community, roles, time_text

    def plan(self, stored: Mapping[str, Any], records: Iterable[Any], removed: Sequence[str]) -> ImportPlan:
        """The plan of writing these records, and of removing the stored ones of these ids."""
        changed: list[Any] = []
        changes: list[TableChange] = []
        unchanged = 0
        for record in records:
            before = stored.get(record.id)
            if before == record:
                unchanged += 1
                continue
            changed.append(record)
            kind = "created" if before is None else "updated"
            changes.append(
                TableChange(id=record.id, change=kind, title=self._title(record), fields=self._fields(before, record))
            )
        for identifier in removed:
            record = stored[identifier]
            fields = self._fields(record, None)
            changes.append(TableChange(id=identifier, change="removed", title=self._title(record), fields=fields))
        touched = (*(one.id for one in changed), *removed)
        before = {identifier: stored[identifier] for identifier in touched if identifier in stored}
        return ImportPlan(before, tuple(changed), tuple(removed), tuple(changes), unchanged)

    def _title(self, record: Any) -> str:
        if not isinstance(record, Duty):
            return str(record.name)
        return " ".join((self._cell(record.cell), self._role(record.role), self._person(record.person)))

    def _fields(self, before: Any, after: Any) -> list[ChangedField]:
        """The fields that differ; of a new or removed record those that say something the title does not."""
        old, new = ({} if one is None else self._texts(one) for one in (before, after))
        if before is None or after is None:
            old, new = ({name: text for name, text in one.items() if name not in _TITLE} for one in (old, new))
        return [
            ChangedField(field=column_name(name), before=old.get(name, NOTHING), after=new.get(name, NOTHING))
            for name in dict.fromkeys((*old, *new))
            if old.get(name, NOTHING) != new.get(name, NOTHING)
        ]

    def _texts(self, record: Any) -> dict[str, str]:
        return self._duty_texts(record) if isinstance(record, Duty) else self._person_texts(record)

    def _duty_texts(self, duty: Duty) -> dict[str, str]:
        return {
            "cell": self._cell(duty.cell),
            "role": self._role(duty.role),
            "person": self._person(duty.person),
            "rank": str(duty.rank) if duty.rank else NOTHING,
            "weekdays": "".join(map(str, duty.weekdays)),
            "from": format_clock(duty.from_minute),
            "to": format_clock(duty.to_minute),
            "since": NOTHING if duty.since is None else self._time_text(duty.since),
            "until": NOTHING if duty.until is None else self._end_text(duty.until),
            "absent": "是" if duty.absent else NOTHING,
            "hazards": "、".join(duty.hazards),
            "days": "、".join(duty.days),
        }

    def _end_text(self, until: Instant) -> str:
        """An end at midnight is the end of the day before: 2026-12-31 24:00."""
        text = self._time_text(until)
        return text if not text.endswith(" 00:00") else self._time_text(until - 1)[:-5] + "24:00"

    def _person_texts(self, person: Person) -> dict[str, str]:
        fields = {
            "name": person.name,
            "phone": person.phone or NOTHING,
            "wecom": person.wecom or NOTHING,
            "home": self._community.address(person.home) if person.home else NOTHING,
        }
        return fields | person.addresses | {name: str(value) for name, value in person.attributes.items()}

    def _cell(self, identifier: str) -> str:
        cell = self._community.cells.get(identifier)
        return identifier if cell is None else cell.name

    def _role(self, identifier: str) -> str:
        return self._roles[identifier].zh if identifier in self._roles else identifier

    def _person(self, identifier: str) -> str:
        person = self._community.people.get(identifier)
        return identifier if person is None else person.name
