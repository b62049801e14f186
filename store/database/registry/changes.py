"""What a change of the registry did, and the version number that every change increments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from domain import Instant
from store.database.system import key_values, versions

_VERSION: Final = "registry_version"
_CHANGES: Final = "registry_changes"
ENTRIES_MAX: Final = 64
"""Changes that are kept: whoever reads the registry after every change needs the last one."""
IDS_MAX: Final = 500
"""Of one change; more are recorded as a change of the whole table."""

_Entry = tuple[int, str, list[str] | None]
"""Version, table, ids of the changed rows."""


class RegistryChanges(Struct, frozen=True):
    """Ids by what a `put_*` function did to them."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.removed)


def registry_version(tx: Connection) -> int:
    """A number that every change of devices, places, cells, people or duties increments."""
    return int(key_values.get(tx, _VERSION, 0))


def bump_version(tx: Connection, now: Instant, table: str, ids: Iterable[str]) -> int:
    """Increment the version after a change of these rows of a table; returns the new one."""
    version = registry_version(tx) + 1
    key_values.put(tx, _VERSION, version, now)
    changed = list(ids)
    entry: _Entry = (version, table, changed if len(changed) <= IDS_MAX else None)
    logged: list[_Entry] = [*key_values.get(tx, _CHANGES, []), entry]
    key_values.put(tx, _CHANGES, logged[-ENTRIES_MAX:], now)
    versions.record_version(tx, versions.REGISTRY, str(version), now)
    return version


def changed_since(tx: Connection, version: int) -> dict[str, set[str] | None] | None:
    """Ids of the rows that changed since a version, by table; None in place of ids: any row may have changed. None in
    place of all: any row of any table, because not every change since is known."""
    logged: list[_Entry] = [entry for entry in key_values.get(tx, _CHANGES, []) if entry[0] > version]
    if len(logged) != registry_version(tx) - version:
        return None
    found: dict[str, set[str] | None] = {}
    for _, table, ids in logged:
        known = found.setdefault(table, set())
        found[table] = None if known is None or ids is None else known | set(ids)
    return found
