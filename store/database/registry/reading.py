"""Reads the registry as a whole, or what changed since it was read.

A district has 460,000 records. Read again as a whole after each change, they took ten seconds until a person's leave or
a new device had effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection

from domain import Cell, Device, Duty, Instant, Person, Place
from domain.levels import LevelRole
from domain.rosters import Override, Rotation
from store.database.registry import tables
from store.database.registry.changes import changed_since, last_change, registry_version
from store.database.registry.community import declared_levels, find_records, list_records
from store.database.registry.devices import all_devices, find_devices, registration_times


class StoredRegistry(Struct, frozen=True):
    """The records of one version of the registry by id, in the order of their ids. A table without changes is the same
    object as in the version before."""

    version: int
    token: str
    """Of the change that made this version (store.database.registry.changes)."""
    levels: Mapping[str, LevelRole]
    places: Mapping[str, Place]
    cells: Mapping[str, Cell]
    people: Mapping[str, Person]
    duties: Mapping[str, Duty]
    rotations: Mapping[str, Rotation]
    overrides: Mapping[str, Override]
    devices: Mapping[str, Device]
    registered_at: Mapping[str, Instant]
    """By device."""


def read_registry(tx: Connection, before: StoredRegistry | None) -> StoredRegistry:
    """The present version; of what `before` holds, only rows that changed since are read."""
    changed = None if before is None else changed_since(tx, before.version, before.token)
    records = {field: _read(tx, field, table, before, changed) for field, table in _TABLES.items()}
    return StoredRegistry(
        registry_version(tx),
        last_change(tx),
        declared_levels(tx),
        **records,
        registered_at=_registered_at(tx, before, changed),
    )


_TABLES: Final = {
    "places": tables.places.name,
    "cells": tables.cells.name,
    "people": tables.people.name,
    "duties": tables.duties.name,
    "rotations": tables.rotations.name,
    "overrides": tables.overrides.name,
    "devices": tables.devices.name,
}
"""Field of StoredRegistry -> table."""


def _read(
    tx: Connection,
    field: str,
    table: str,
    before: StoredRegistry | None,
    changed: Mapping[str, set[str] | None] | None,
) -> Mapping[str, Any]:
    ids = None if changed is None else changed.get(table, set())
    if before is None or ids is None:
        rows = all_devices(tx) if field == "devices" else list_records(tx, field)
        return {row.id: row for row in sorted(rows, key=_id)}
    known: Mapping[str, Any] = getattr(before, field)
    if not ids:
        return known
    found = find_devices(tx, ids) if field == "devices" else find_records(tx, field, ids)
    records = {name: row for name, row in {**known, **found}.items() if name not in ids or name in found}
    return records if found.keys() <= known.keys() else dict(sorted(records.items()))


def _registered_at(
    tx: Connection, before: StoredRegistry | None, changed: Mapping[str, set[str] | None] | None
) -> Mapping[str, Instant]:
    ids = None if changed is None else changed.get(tables.devices.name, set())
    if before is None or ids is None:
        return registration_times(tx, None)
    unchanged = {name: at for name, at in before.registered_at.items() if name not in ids}
    return unchanged | registration_times(tx, ids) if ids else before.registered_at


def _id(record: Any) -> str:
    return str(record.id)
