"""Imports the records of a site's files into the registry of the database.

A record belongs to the files until somebody changes or deletes it over the API; from then on the import skips it and
reports it, unless forced. See docs/decisions/0018.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.config.site import ROSTERS, SiteConfig
from console.timestamps import Timestamp
from domain import Instant
from domain.identities import canonical
from store.database import registry
from store.database.postgresql import allow_idle
from store.database.registry import edits
from store.database.registry.changes import RegistryChanges, begin_lineage, change_lineage
from store.database.system import key_values


class SkippedRecord(Struct, frozen=True):
    """A record of a file that was not imported; `stored` is the registry's, None where it was deleted."""

    resource: str
    id: str
    file: Any
    stored: Any
    reason: str

    def __str__(self) -> str:
        file = ROSTERS if self.resource == "rotations" else f"{self.resource}.csv"
        return f"{file}: {self.id}: {self.reason}; in the file {_changed_fields(self.file, self.stored)}"


class ImportResult(Struct, frozen=True):
    """Numbers of records created, updated and unchanged, and the records that were skipped."""

    created: int
    updated: int
    unchanged: int
    skipped: tuple[SkippedRecord, ...]


class _Comparison(Struct, frozen=True):
    """Edited records that differ from the files, (resource, id) of those that are equal again, and devices of the files
    whose identity another device has."""

    edited: tuple[SkippedRecord, ...] = ()
    equal: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[SkippedRecord, ...] = ()

    @property
    def skipped(self) -> tuple[SkippedRecord, ...]:
        return (*self.edited, *self.conflicts)


EDITED, DELETED = "was changed over the API, which stays", "was deleted over the API, and stays so"
_STORE: Mapping[str, Callable[..., RegistryChanges]] = {
    "cells": registry.put_cells,
    "places": registry.put_places,
    "people": registry.put_people,
    "duties": registry.put_duties,
    "devices": registry.put_devices,
    "rotations": registry.put_rotations,
}


IDLE_MS: Final = 120_000
"""The 460,000 records of a district are compared for seconds between two statements, on a busy machine for more than
the ten seconds after which a PostgreSQL server ends the transaction: the service could not start."""
_IMPORTED: Final = "imported_records"
"""Key of the digests of the records imported last, by table, and of the lineage of changes they belong to."""
_LINEAGE: Final = "lineage"


def import_site(tx: Connection, site: SiteConfig, now: Instant, *, force: bool = False) -> ImportResult:
    """Import the files. Records that were added over the API stay; edited ones are overwritten only with `force`."""
    allow_idle(tx, IDLE_MS)
    return _import(tx, site, now, frozenset(_STORE), force=force)


def import_changed_site(tx: Connection, site: SiteConfig, now: Instant) -> ImportResult:
    """As `import_site` at a start: tables whose records are those imported last are not compared again.

    What the registry has otherwise since was edited over the API, and an edit stays; after a change by an earlier
    version of the program, which may have imported other files, all are compared. The 460,000 records of a district
    took 15 s of each start.
    """
    allow_idle(tx, IDLE_MS)
    imported, digests = key_values.get(tx, _IMPORTED, {}), _digests(site)
    lineage = change_lineage(tx)
    is_continued = lineage is not None and imported.get(_LINEAGE) == lineage
    changed = (table for table in _STORE if not is_continued or imported.get(table) != digests[table])
    return _import(tx, site, now, frozenset(changed))


def _import(
    tx: Connection, site: SiteConfig, now: Instant, changed: frozenset[str], *, force: bool = False
) -> ImportResult:
    if site.path is not None:
        registry.put_levels(tx, site.settings.levels, now)
    comparison = _Comparison() if force else _compare(tx, site, changed)
    owned_again = comparison.equal
    if force:
        owned_again = tuple((resource, record.id) for resource in _STORE for record in getattr(site, resource))
    for resource in _STORE:
        edits.clear_edits(
            tx, resource, [record_id for edited_resource, record_id in owned_again if edited_resource == resource]
        )
    skipped = {(record.resource, record.id) for record in comparison.skipped}
    changes = [
        store(tx, [record for record in getattr(site, resource) if (resource, record.id) not in skipped], now)
        for resource, store in _STORE.items()
        if resource in changed
    ]
    if changed:
        begin_lineage(tx, now)
        # A device whose identity is taken is tried again at each start: the other one may have given it up.
        digests = {**_digests(site), **({"devices": ""} if comparison.conflicts else {})}
        key_values.put(tx, _IMPORTED, {**digests, _LINEAGE: change_lineage(tx)}, now)
    created, updated = (sum(len(getattr(change, outcome)) for change in changes) for outcome in ("created", "updated"))
    records = sum(len(getattr(site, resource)) for resource in _STORE)
    return ImportResult(created, updated, records - created - updated - len(comparison.skipped), comparison.skipped)


def _digests(site: SiteConfig) -> dict[str, str]:
    return {table: hashlib.sha256(msgspec.msgpack.encode(getattr(site, table))).hexdigest() for table in _STORE}


def differences(tx: Connection, folder: SiteConfig) -> tuple[SkippedRecord, ...]:
    """Records edited over the API that differ from the files: an import would skip them."""
    return _compare(tx, folder, frozenset(_STORE)).skipped


def _compare(tx: Connection, site: SiteConfig, changed: Collection[str]) -> _Comparison:
    """Edited records against the files; identities that moved over the API, where the devices are to be imported."""
    edited = _edited(tx)
    if not edited:
        return _Comparison()
    found = _compare_records(site, edited, _stored_records(tx, edited))
    if "devices" not in changed:
        return found
    skipped_devices = {record.id for record in found.edited if record.resource == "devices"}
    stored_devices = {device.id: device for device in registry.all_devices(tx)}
    return replace(found, conflicts=tuple(_identity_conflicts(site, stored_devices, skipped_devices)))


def _edited(tx: Connection) -> set[tuple[str, str]]:
    """(resource, id) of the records that were edited over the API."""
    return {(edit.resource, edit.id) for edit in edits.list_edits(tx)}


def _stored_records(tx: Connection, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """The records of these (resource, id) that exist."""
    found: dict[tuple[str, str], Any] = {}
    for resource in _STORE:
        ids = [record_id for edited_resource, record_id in wanted if edited_resource == resource]
        find = registry.find_devices if resource == "devices" else partial(registry.find_records, table=resource)
        found |= {(resource, record_id): record for record_id, record in find(tx, ids=ids).items()}
    return found


def _compare_records(
    site: SiteConfig, edited: Collection[tuple[str, str]], stored: Mapping[tuple[str, str], Any]
) -> _Comparison:
    """Which of the edited records differ from the files, and which are equal again."""
    skipped: list[SkippedRecord] = []
    equal: list[tuple[str, str]] = []
    for resource in _STORE if edited else ():
        for record in getattr(site, resource):
            if (resource, record.id) in edited:
                existing = stored.get((resource, record.id))
                if existing is not None and _encoded(existing) == _encoded(record):
                    equal.append((resource, record.id))
                else:
                    reason = EDITED if existing else DELETED
                    skipped.append(SkippedRecord(resource, record.id, record, existing, reason))
    return _Comparison(tuple(skipped), tuple(equal))


def _encoded(record: Any) -> bytes:
    """As the registry compares: in Python True == 1 == 1.0."""
    return msgspec.json.encode(record, order="sorted")


def _identity_conflicts(site: SiteConfig, stored: Mapping[str, Any], skipped: set[str]) -> Iterable[SkippedRecord]:
    """Devices of the file with an identity that another device got over the API."""
    imported = {device.id for device in site.devices} - skipped
    owners = {
        (identity.platform, canonical(identity.platform, identity.id)): device.id
        for device in stored.values()
        if device.id not in imported
        for identity in device.identities
    }
    for device in site.devices:
        identities = ((identity.platform, canonical(identity.platform, identity.id)) for identity in device.identities)
        owner = next((owners[identity] for identity in identities if identity in owners), None)
        if owner is not None and device.id not in skipped:
            reason = f"{owner} got its identity over the API"
            yield SkippedRecord("devices", device.id, device, stored.get(device.id), reason)


def _changed_fields(file: Any, stored: Any) -> str:
    """The fields in which two records differ, with both values."""
    in_file = msgspec.to_builtins(file)
    in_registry = msgspec.to_builtins(stored) if stored is not None else {}
    changed = [name for name, value in in_file.items() if in_registry and in_registry.get(name) != value]
    lines = (f"{name} {in_file[name]!r} instead of {in_registry[name]!r}" for name in changed)
    return ", ".join(lines) or "it still stands"


def _record_view(record: Any) -> dict[str, Any] | None:
    """A record as plain data; `since` and `until` of a duty are timestamps."""
    if record is None:
        return None
    times = {name: Timestamp(at) for name in ("since", "until") if (at := getattr(record, name, None)) is not None}
    return {**msgspec.to_builtins(record), **times}


def skipped_view(skipped: Sequence[SkippedRecord]) -> list[dict[str, Any]]:
    """Skipped records as the API and `fengshao check` show them."""
    return [
        {
            "record": record.resource,
            "id": record.id,
            "why": record.reason,
            "file": _record_view(record.file),
            "held": _record_view(record.stored),
            "text": str(record),
        }
        for record in skipped
    ]
