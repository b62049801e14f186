"""Imports the records of a site's files into the registry of the database.

A record belongs to the files until somebody changes or deletes it over the API; from then on the import skips it and
reports it, unless forced. See docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.config.site import ROSTERS, SiteConfig
from console.timestamps import Timestamp
from domain import Instant
from domain.identities import canonical
from store.database import registry
from store.database.registry import edits
from store.database.registry.changes import RegistryChanges


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
    """Edited records that differ from the files, and (resource, id) of those that are equal again."""

    skipped: tuple[SkippedRecord, ...] = ()
    equal: tuple[tuple[str, str], ...] = ()


EDITED, DELETED = "was changed over the API, which stays", "was deleted over the API, and stays so"
_STORE: Mapping[str, Callable[..., RegistryChanges]] = {
    "cells": registry.put_cells,
    "places": registry.put_places,
    "people": registry.put_people,
    "duties": registry.put_duties,
    "devices": registry.put_devices,
    "rotations": registry.put_rotations,
}


def import_site(tx: Connection, site: SiteConfig, now: Instant, *, force: bool = False) -> ImportResult:
    """Import the files. Records that were added over the API stay; edited ones are overwritten only with `force`."""
    if site.path is not None:
        registry.put_levels(tx, site.settings.levels, now)
    comparison = _Comparison() if force else _compare(tx, site)
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
    ]
    created, updated, unchanged = (
        sum(len(getattr(change, outcome)) for change in changes) for outcome in ("created", "updated", "unchanged")
    )
    return ImportResult(created, updated, unchanged, comparison.skipped)


def differences(tx: Connection, folder: SiteConfig) -> tuple[SkippedRecord, ...]:
    """Records edited over the API that differ from the files: an import would skip them."""
    return _compare(tx, folder).skipped


def _compare(tx: Connection, site: SiteConfig) -> _Comparison:
    edited = {(edit.resource, edit.id) for edit in edits.list_edits(tx)}
    if not edited:
        return _Comparison()
    skipped: list[SkippedRecord] = []
    equal: list[tuple[str, str]] = []
    stored = _stored_records(tx)
    for resource in _STORE:
        for record in getattr(site, resource):
            if (resource, record.id) in edited:
                existing = stored[resource].get(record.id)
                if existing == record:
                    equal.append((resource, record.id))
                else:
                    reason = EDITED if existing else DELETED
                    skipped.append(SkippedRecord(resource, record.id, record, existing, reason))
    skipped_devices = {record.id for record in skipped if record.resource == "devices"}
    conflicts = _identity_conflicts(site, stored["devices"], skipped_devices)
    return _Comparison((*skipped, *conflicts), tuple(equal))


def _stored_records(tx: Connection) -> dict[str, Mapping[str, Any]]:
    community = registry.community(tx)
    duties = {duty.id: duty for duty in community.duties}
    devices = {device.id: device for device in registry.all_devices(tx)}
    return {
        "places": community.places,
        "cells": community.cells,
        "people": community.people,
        "duties": duties,
        "devices": devices,
        "rotations": {rotation.id: rotation for rotation in community.rotations},
    }


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
