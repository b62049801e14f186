"""Places, cells, people and duties: written as lists, read as one `Community`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, Table, delete, select, update

from domain import Cell, Duty, Instant, Person, Place
from domain.levels import LevelRole
from domain.people import Community
from domain.people import community as index
from domain.rosters import Override, Rotation
from store.database.registry.changes import RegistryChanges, bump_version
from store.database.registry.rosters import revoke_calendar_links
from store.database.registry.tables import cells, duties, overrides, people, places, rotations
from store.database.sql import chunks, insert_rows
from store.database.system import key_values, users
from store.database.system.personal_access import end_access

S = TypeVar("S", bound=Struct)

LEVELS = "levels"
"""Key of the stored roles that the site declares for levels of its place tree."""


def community(tx: Connection) -> Community:
    """The community as of this transaction."""
    return index(
        _load(tx, places, Place),
        _load(tx, cells, Cell),
        _load(tx, people, Person),
        _load(tx, duties, Duty),
        declared_levels(tx),
        _load(tx, rotations, Rotation),
        _load(tx, overrides, Override),
    )


def declared_levels(tx: Connection) -> dict[str, LevelRole]:
    """The roles of levels of the place tree, as the site declares them."""
    return {level: LevelRole(role) for level, role in key_values.get(tx, LEVELS, {}).items()}


def put_levels(tx: Connection, declared: Mapping[str, LevelRole], now: Instant) -> None:
    """Store the roles of the levels of the place tree, as the site declares them."""
    key_values.put(tx, LEVELS, {level: role.value for level, role in declared.items()}, now)


def put_places(tx: Connection, records: Iterable[Place], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Insert or update places; with `replace` all others are deleted."""
    return _put(tx, places, Place, records, now, replace)


def put_cells(tx: Connection, records: Iterable[Cell], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Insert or update cells; with `replace` all others are deleted."""
    return _put(tx, cells, Cell, records, now, replace)


def put_people(tx: Connection, records: Iterable[Person], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Insert or update people; with `replace` all others are deleted, and their access ends. The only administrator's
    account stays, without a person: a shorter file of people must not lock everybody out."""
    changes = _put(tx, people, Person, records, now, replace)
    _end_access_of(tx, changes.removed, now)
    return changes


def put_duties(tx: Connection, records: Iterable[Duty], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Insert or update roster lines; with `replace` all others are deleted."""
    return _put(tx, duties, Duty, records, now, replace)


def put_rotations(
    tx: Connection, records: Iterable[Rotation], now: Instant, *, replace: bool = False
) -> RegistryChanges:
    """Insert or update rotations; with `replace` all others are deleted."""
    return _put(tx, rotations, Rotation, records, now, replace)


_RECORDS: Final[Mapping[str, tuple[Table, type[Struct]]]] = {
    "places": (places, Place),
    "cells": (cells, Cell),
    "people": (people, Person),
    "duties": (duties, Duty),
    "rotations": (rotations, Rotation),
    "overrides": (overrides, Override),
}


_AS_STORED: Final = frozenset({Place, Cell, Person})
"""Records whose fields are stored as what they are. A district has 370,000 of them."""


def find_record(tx: Connection, table: str, record_id: str) -> Any:
    """The stored record of this id in one of the tables of the community; None when there is none."""
    return find_records(tx, table, [record_id]).get(record_id)


def find_records(tx: Connection, table: str, ids: Iterable[str]) -> dict[str, Any]:
    """The stored records of these ids, by id. Reads no others: the whole table of a city takes seconds, in which a
    transaction that writes would keep every alert waiting."""
    stored, shape = _RECORDS[table]
    return {row.id: row for row in _find(tx, stored, shape, list(ids))}  # type: ignore[attr-defined]


def list_records(tx: Connection, table: str) -> list[Any]:
    """All records of one of the tables of the community, by id."""
    return _load(tx, *_RECORDS[table])


def remove_records(tx: Connection, table: str, ids: Iterable[str], now: Instant) -> RegistryChanges:
    """Delete the records of these ids; a person's access ends, as in `put_people`."""
    stored, removed = _RECORDS[table][0], list[str]()
    for part in chunks(list(ids)):
        removed += tx.execute(select(stored.c.id).where(stored.c.id.in_(part))).scalars()
        tx.execute(delete(stored).where(stored.c.id.in_(part)))
    if table == "people":
        _end_access_of(tx, removed, now)
    return _changes(tx, stored, [], [], {}, removed, now)


def _end_access_of(tx: Connection, removed: Iterable[str], now: Instant) -> None:
    for person in removed:
        administrators = users.other_administrators(tx, "")
        end_access(tx, person, now, spared=administrators[0].id if len(administrators) == 1 else None)
        revoke_calendar_links(tx, person)


def _load(tx: Connection, table: Table, shape: type[S]) -> list[S]:
    return _records(tx.execute(_select(table, shape).order_by(table.c.id)), shape)


def _find(tx: Connection, table: Table, shape: type[S], ids: Sequence[str]) -> list[S]:
    query = _select(table, shape)
    parts = (tx.execute(query.where(table.c.id.in_(part))) for part in chunks(ids))
    return [record for rows in parts for record in _records(rows, shape)]


def _select(table: Table, shape: type[Struct]) -> Select[Any]:
    return select(*(table.c[name] for name in shape.__struct_fields__))


def _records(rows: Iterable[Row[Any]], shape: type[S]) -> list[S]:
    if shape in _AS_STORED:
        return [shape(*row) for row in rows]
    names = shape.__struct_fields__
    return [msgspec.convert(dict(zip(names, row, strict=True)), shape) for row in rows]


def _put(
    tx: Connection, table: Table, shape: type[S], records: Iterable[S], now: Instant, replace: bool
) -> RegistryChanges:
    given = {row["id"]: row for row in map(msgspec.to_builtins, records)}
    found = _load(tx, table, shape) if replace else _find(tx, table, shape, list(given))
    stored = {row["id"]: _encoded(row) for row in map(msgspec.to_builtins, found)}
    created = [row for id_, row in given.items() if id_ not in stored]
    updated = [row for id_, row in given.items() if id_ in stored and _encoded(row) != stored[id_]]
    removed = [id_ for id_ in stored if id_ not in given] if replace else []
    insert_rows(tx, table, created)
    for row in updated:
        tx.execute(update(table).where(table.c.id == row["id"]).values(**row))
    for ids in chunks(removed):
        tx.execute(delete(table).where(table.c.id.in_(ids)))
    return _changes(tx, table, created, updated, given, removed, now)


def _changes(
    tx: Connection,
    table: Table,
    created: Sequence[dict[str, str]],
    updated: Sequence[dict[str, str]],
    given: dict[str, object],
    removed: Sequence[str],
    now: Instant,
) -> RegistryChanges:
    touched = {row["id"] for row in (*created, *updated)}
    changes = RegistryChanges(
        created=tuple(row["id"] for row in created),
        updated=tuple(row["id"] for row in updated),
        unchanged=tuple(id_ for id_ in given if id_ not in touched),
        removed=tuple(removed),
    )
    if changes:
        bump_version(tx, now, table.name, [*touched, *removed])
    return changes


def _encoded(row: Mapping[str, Any]) -> bytes:
    # Compared as JSON, so that 1 in place of true is a change; a longitude of 120 is stored as 120.0 and is no change.
    degrees = {name: float(row[name]) for name in ("lon", "lat") if row.get(name) is not None}
    return msgspec.json.encode({**row, **degrees}, order="sorted")
