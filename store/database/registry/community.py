"""Places, cells, people and duties in the ledger: whole lists in, one `Community` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Table, delete, insert, select, update

from domain import Cell, Duty, Instant, Person, Place
from domain.levels import LevelRole
from domain.people import Community
from domain.people import community as index
from store.database.registry.changes import RegistryChanges, bump_version
from store.database.registry.tables import cells, duties, people, places
from store.database.sql import chunks
from store.database.system import key_values

S = TypeVar("S", bound=Struct)

LEVELS = "levels"
"""The setting that holds the roles which the site declares for levels of its place tree."""


def community(tx: Connection) -> Community:
    """Who and what is where, as of this transaction."""
    return index(
        _load(tx, places, Place),
        _load(tx, cells, Cell),
        _load(tx, people, Person),
        _load(tx, duties, Duty),
        {level: LevelRole(role) for level, role in key_values.get(tx, LEVELS, {}).items()},
    )


def put_levels(tx: Connection, declared: Mapping[str, LevelRole], now: Instant) -> None:
    """Keep what the levels of the place tree are for, as the site declares it."""
    key_values.put(tx, LEVELS, {level: role.value for level, role in declared.items()}, now)


def put_places(tx: Connection, wanted: Iterable[Place], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Add places or bring them up to date; with `replace` those not named are removed."""
    return _put(tx, places, Place, wanted, now, replace)


def put_cells(tx: Connection, wanted: Iterable[Cell], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Add cells or bring them up to date; with `replace` those not named are removed."""
    return _put(tx, cells, Cell, wanted, now, replace)


def put_people(tx: Connection, wanted: Iterable[Person], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Add people or bring them up to date; with `replace` those not named are removed."""
    return _put(tx, people, Person, wanted, now, replace)


def put_duties(tx: Connection, wanted: Iterable[Duty], now: Instant, *, replace: bool = False) -> RegistryChanges:
    """Add roster lines or bring them up to date; with `replace` those not named are removed."""
    return _put(tx, duties, Duty, wanted, now, replace)


def _load(tx: Connection, table: Table, shape: type[S]) -> list[S]:
    names = shape.__struct_fields__
    rows = tx.execute(select(*(table.c[name] for name in names)).order_by(table.c.id))
    return [msgspec.convert(dict(zip(names, row, strict=True)), shape) for row in rows]


def _put(
    tx: Connection, table: Table, shape: type[S], wanted: Iterable[S], now: Instant, replace: bool
) -> RegistryChanges:
    held = {row["id"]: _encoded(row) for row in map(msgspec.to_builtins, _load(tx, table, shape))}
    asked = {row["id"]: row for row in map(msgspec.to_builtins, wanted)}
    created = [row for name, row in asked.items() if name not in held]
    updated = [row for name, row in asked.items() if name in held and _encoded(row) != held[name]]
    removed = [name for name in held if name not in asked] if replace else []
    if created:
        tx.execute(insert(table), created)
    for row in updated:
        tx.execute(update(table).where(table.c.id == row["id"]).values(**row))
    for some in chunks(removed):
        tx.execute(delete(table).where(table.c.id.in_(some)))
    return _changed(tx, created, updated, asked, removed, now)


def _changed(
    tx: Connection,
    created: Sequence[dict[str, str]],
    updated: Sequence[dict[str, str]],
    asked: dict[str, object],
    removed: Sequence[str],
    now: Instant,
) -> RegistryChanges:
    touched = {row["id"] for row in (*created, *updated)}
    changed = RegistryChanges(
        created=tuple(row["id"] for row in created),
        updated=tuple(row["id"] for row in updated),
        unchanged=tuple(name for name in asked if name not in touched),
        removed=tuple(removed),
    )
    if changed:
        bump_version(tx, now)
    return changed


def _encoded(row: Mapping[str, Any]) -> bytes:
    # Compared as written, so that 1 in place of true is a change; a longitude of 120 is kept as 120.0 and is none.
    degrees = {name: float(row[name]) for name in ("lon", "lat") if row.get(name) is not None}
    return msgspec.json.encode({**row, **degrees}, order="sorted")
