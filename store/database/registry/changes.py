"""What a change of the registry did, and the version number that every change increments."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection

from domain import Instant
from store.database.system import key_values, versions

_VERSION = "registry_version"


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


def bump_version(tx: Connection, now: Instant) -> int:
    """Increment the version after a change; returns the new one."""
    version = registry_version(tx) + 1
    key_values.put(tx, _VERSION, version, now)
    versions.record_version(tx, versions.REGISTRY, str(version), now)
    return version
