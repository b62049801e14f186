"""A site's files into the ledger. Each record has one owner: the files, until somebody changes it over the API.

What was changed or deleted over the API stays as it is, and what the files would undo is told; `force` lets the files
win. docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.config.site import SiteConfig
from console.timestamps import Timestamp
from domain import Instant
from domain.identities import canonical
from store.database import registry as table
from store.database.registry import edits
from store.database.registry.changes import RegistryChanges


class SkippedRecord(Struct, frozen=True):
    """A record of a file that was not taken: the one of the registry stays. `held` is None for one that was deleted."""

    table: str
    id: str
    file: Any
    stored: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.table}.csv: {self.id}: {self.reason}; in the file {_changed_fields(self.file, self.stored)}"


class ImportResult(Struct, frozen=True):
    """What an import did."""

    created: int
    updated: int
    unchanged: int
    skipped: tuple[SkippedRecord, ...]


EDITED, DELETED = "was changed over the API, which stays", "was deleted over the API, and stays so"
_STORE_TABLE: Mapping[str, Callable[..., RegistryChanges]] = {
    "cells": table.put_cells,
    "places": table.put_places,
    "people": table.put_people,
    "duties": table.put_duties,
    "devices": table.put_devices,
}


def import_site(tx: Connection, folder: SiteConfig, now: Instant, *, force: bool = False) -> ImportResult:
    """Take up the files. What the API added stays; what it changed stays unless forced."""
    if folder.path is not None:
        table.put_levels(tx, folder.settings.levels, now)
    kept, same = ((), ()) if force else _compare(tx, folder)
    if force:
        same = tuple((shelf, record.id) for shelf in _STORE_TABLE for record in getattr(folder, shelf))
    for shelf in _STORE_TABLE:
        edits.clear_edits(tx, shelf, [name for of, name in same if of == shelf])
    left = {(one.table, one.id) for one in kept}
    done = [
        put(tx, [one for one in getattr(folder, shelf) if (shelf, one.id) not in left], now)
        for shelf, put in _STORE_TABLE.items()
    ]
    created, updated, unchanged = (
        sum(len(getattr(one, sort)) for one in done) for sort in ("created", "updated", "unchanged")
    )
    return ImportResult(created, updated, unchanged, kept)


def differences(tx: Connection, folder: SiteConfig) -> tuple[SkippedRecord, ...]:
    """What the files say otherwise than the registry, where somebody changed it over the API."""
    return _compare(tx, folder)[0]


def _compare(tx: Connection, folder: SiteConfig) -> tuple[tuple[SkippedRecord, ...], tuple[tuple[str, str], ...]]:
    """What is not taken, and what was edited to what the files say: that is theirs again."""
    edited = {(one.resource, one.id): one for one in edits.list_edits(tx)}
    if not edited:
        return (), ()
    kept: list[SkippedRecord] = []
    same: list[tuple[str, str]] = []
    held = _stored_records(tx)
    for shelf in _STORE_TABLE:
        for record in getattr(folder, shelf):
            if (shelf, record.id) in edited:
                now_held = held[shelf].get(record.id)
                if now_held == record:
                    same.append((shelf, record.id))
                else:
                    kept.append(SkippedRecord(shelf, record.id, record, now_held, EDITED if now_held else DELETED))
    return (*kept, *_identity_conflicts(folder, held["devices"], {one.id for one in kept if one.table == "devices"})), (
        *same,
    )


def _stored_records(tx: Connection) -> dict[str, Mapping[str, Any]]:
    town = table.community(tx)
    duties = {duty.id: duty for duty in town.duties}
    devices = {device.id: device for device in table.all_devices(tx)}
    return {"places": town.places, "cells": town.cells, "people": town.people, "duties": duties, "devices": devices}


def _identity_conflicts(folder: SiteConfig, held: Mapping[str, Any], left: set[str]) -> Iterable[SkippedRecord]:
    """Devices of the file whose identity another device got over the API."""
    written = {device.id for device in folder.devices} - left
    holders = {
        (one.platform, canonical(one.platform, one.id)): device.id
        for device in held.values()
        if device.id not in written
        for one in device.identities
    }
    for device in folder.devices:
        names = ((one.platform, canonical(one.platform, one.id)) for one in device.identities)
        holder = next((holders[name] for name in names if name in holders), None)
        if holder is not None and device.id not in left:
            yield SkippedRecord(
                "devices", device.id, device, held.get(device.id), f"{holder} got its identity over the API"
            )


def _changed_fields(file: Any, held: Any) -> str:
    """The fields in which two records differ, as the file has them and as they are held."""
    mine = msgspec.to_builtins(file)
    ours = msgspec.to_builtins(held) if held is not None else {}
    other = [name for name, value in mine.items() if ours and ours.get(name) != value]
    return ", ".join(f"{name} {mine[name]!r} instead of {ours[name]!r}" for name in other) or "it still stands"


def _record_view(one: Any) -> dict[str, Any] | None:
    """A record of the registry as plain data; the bounds of a duty are times."""
    if one is None:
        return None
    times = {name: Timestamp(at) for name in ("since", "until") if (at := getattr(one, name, None)) is not None}
    return {**msgspec.to_builtins(one), **times}


def skipped_view(kept: Sequence[SkippedRecord]) -> list[dict[str, Any]]:
    """As the API and `check` show them."""
    return [
        {
            "record": one.table,
            "id": one.id,
            "why": one.reason,
            "file": _record_view(one.file),
            "held": _record_view(one.stored),
            "text": str(one),
        }
        for one in kept
    ]
