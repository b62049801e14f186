"""The tables that can be imported, people and duties: their columns, and their rows as records of the registry. Pure.

The columns and limits are those of the site's CSV files (domain.specs); beside their own names they have Chinese ones,
and a cell may name a person, a cell or a role as people do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from console import import_messages_zh as words
from console import messages_zh
from console.http.problems import field_errors
from console.imports import cells
from console.imports.names import Names
from console.imports.sheets import BadTable, Row, TableFault
from console.views.records import DUTY, PERSON
from domain import Duty, Person
from domain.attribute_text import attribute_of_text
from domain.people import Community
from domain.recipients import ADDRESSES

V = TypeVar("V")
Converters = Mapping[str, Callable[[str], Any]]
ADDRESS_COLUMNS: Final = tuple(ADDRESSES)
NO_ID: Final = "-"
"""Stands for the id of a line that has none in the file."""
FAULTS_MAX: Final = 200
"""Faults that are shown of one file: more are not read."""


class Columns(Struct, frozen=True):
    """The columns of a table: those that it must have, and the others."""

    required: tuple[str, ...]
    optional: tuple[str, ...]


TABLES: Final[Mapping[str, Columns]] = {
    "people": Columns(("id", "name"), ("phone", "wecom", "home", *ADDRESS_COLUMNS)),
    "duties": Columns(
        ("cell", "role", "person"),
        ("id", "rank", "weekdays", "from", "to", "since", "until", "absent", "hazards", "days"),
    ),
}


def column_name(field: str) -> str:
    """A column as people read it."""
    return words.COLUMNS.get(field, (field,))[0]


class TableReader:
    """Reads the rows of one table. `records` raises BadTable with every fault."""

    def __init__(self, table: str, community: Community, names: Names, zone: ZoneInfo) -> None:
        self._table, self._community, self._names, self._zone = table, community, names, zone
        self._converters = self._duty_converters() if table == "duties" else {"home": names.place}

    def records(self, rows: Sequence[Row]) -> list[Any]:
        fields = self._header(rows[0])
        faults: list[TableFault] = []
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for row in rows[1:]:
            try:
                record = self._record(fields, row)
            except BadTable as bad:
                faults += bad.faults
                continue
            record = self._with_own_id(record, found)
            if record.id in found:
                column = fields.index("id") + 1
                detail = words.TWICE.format(line=lines[record.id])
                faults.append(TableFault(row.line, column, column_name("id"), detail))
            found[record.id], lines[record.id] = record, row.line
        if faults:
            raise BadTable(*faults[:FAULTS_MAX])
        return list(found.values())

    def _header(self, row: Row) -> list[str]:
        """The field of each column, in their order."""
        columns = TABLES[self._table]
        known = (*columns.required, *columns.optional)
        by_name = {alias: field for field in reversed(known) for alias in (field, *words.COLUMNS.get(field, ()))}
        fields: list[str] = []
        faults: list[TableFault] = []
        for column, text in enumerate(row.cells, 1):
            field = text if text.startswith("attributes.") and self._table == "people" else by_name.get(text.lower())
            if field is None:
                detail = words.NO_COLUMN.format(known="、".join(map(column_name, known)))
                faults.append(TableFault(row.line, column, text, detail))
            elif field in fields:
                faults.append(TableFault(row.line, column, text, words.COLUMN_TWICE))
            fields.append(field or "")
        required = "、".join(map(column_name, columns.required))
        faults += [
            TableFault(row.line, 0, column_name(field), words.COLUMN_MISSING.format(known=required))
            for field in columns.required
            if field not in fields
        ]
        if faults:
            raise BadTable(*faults)
        return fields

    def _record(self, fields: Sequence[str], row: Row) -> Any:
        extra = [
            TableFault(row.line, column, "", words.TOO_MANY_CELLS)
            for column, text in enumerate(row.cells, 1)
            if column > len(fields) and text
        ]
        texts = dict(zip(fields, [*row.cells, *[""] * len(fields)], strict=False))
        faults: list[tuple[str, str]] = [
            (field, words.CELL_EMPTY) for field in TABLES[self._table].required if not texts[field]
        ]
        values: dict[str, Any] = {}
        for field, text in texts.items():
            try:
                if text:
                    values[field] = self._converters.get(field, str)(text)
            except ValueError as error:
                faults.append((field, str(error)))
        record = None
        if not faults:
            record = self._person(texts, values, faults) if self._table == "people" else self._duty(values, faults)
        if faults or extra:
            located = [*extra, *(_located(fields, row.line, field, detail) for field, detail in faults)]
            raise BadTable(*sorted(located, key=lambda fault: fault.column))
        return record

    def _person(self, texts: Mapping[str, str], values: dict[str, Any], faults: list[tuple[str, str]]) -> Person | None:
        """A person; what the file has no column for stays as it is registered, and an empty cell clears."""
        stored = self._community.people.get(values["id"])
        addresses = dict(stored.addresses) if stored is not None else {}
        attributes = dict(stored.attributes) if stored is not None else {}
        for field, text in texts.items():
            name = field.removeprefix("attributes.")
            if field in ADDRESSES and text and not ADDRESSES[field](text):
                faults.append((field, messages_zh.FIELD_ERRORS["address"]))
            elif field in ADDRESSES:
                addresses = _with(addresses, field, text)
            elif name != field:
                attributes = _with(attributes, name, attribute_of_text(text))
            else:
                continue
            values.pop(field, None)
        kept = {
            field: getattr(stored, field)
            for field in ("phone", "wecom", "home")
            if field not in texts and getattr(stored, field, None) is not None
        }
        try:
            spec = PERSON.validate_python({**kept, **values, "addresses": addresses, "attributes": attributes})
        except ValidationError as error:
            faults += [(one.field, one.detail) for one in field_errors(error.errors(include_url=False))]
            return None
        return spec.value()

    def _duty(self, values: dict[str, Any], faults: list[tuple[str, str]]) -> Duty | None:
        since, until = values.pop("since", None), values.pop("until", None)
        if since is not None and until is not None and until <= since:
            faults.append(("until", words.UNTIL_BEFORE_SINCE))
        try:
            spec = DUTY.validate_python({"id": NO_ID, **values})
        except ValidationError as error:
            faults += [(one.field, one.detail) for one in field_errors(error.errors(include_url=False))]
            return None
        return spec.value(since, until)

    def _with_own_id(self, record: Any, found: Mapping[str, Any]) -> Any:
        """A line of a roster without an id gets one of cell, role and person: the same when it is imported again."""
        if self._table == "people" or record.id != NO_ID:
            return record
        own = f"{record.cell}-{record.role}-{record.person}"
        name, number = own, 2
        while name in found:
            name, number = f"{own}-{number}", number + 1
        return replace(record, id=name)

    def _duty_converters(self) -> Converters:
        return {
            "person": self._names.person,
            "cell": self._names.cell,
            "role": self._names.role,
            "rank": cells.parse_rank,
            "weekdays": cells.parse_weekdays,
            "from": cells.parse_clock,
            "to": cells.parse_clock,
            "since": partial(cells.parse_instant, zone=self._zone, is_end=False),
            "until": partial(cells.parse_instant, zone=self._zone, is_end=True),
            "absent": cells.parse_yes,
            "hazards": cells.parse_names,
            "days": cells.parse_day_types,
        }


def _with(values: Mapping[str, V], name: str, value: V) -> dict[str, V]:
    """The values with this one in place of an earlier one; an empty one clears it."""
    others = {key: one for key, one in values.items() if key != name}
    return others if value == "" else {**others, name: value}


def _located(fields: Sequence[str], line: int, field: str, detail: str) -> TableFault:
    """A fault at the cell of its column; `addresses.email` and `hazards[0]` lie in the columns email and hazards."""
    name = field.removeprefix("addresses.")
    plain = name if name in fields else name.partition("[")[0]
    column = fields.index(plain) + 1 if plain in fields else 0
    return TableFault(line, column, column_name(plain), detail)
