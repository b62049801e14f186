"""Devices and their identities. Identities are stored as written and compared as `domain.identities` defines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, func, or_, select, update

from domain import Device, Identity, Instant
from domain.identities import canonical, is_case_insensitive
from store.database.registry.changes import RegistryChanges, bump_version
from store.database.registry.tables import devices as devices_table
from store.database.registry.tables import identities as identities_table
from store.database.sql import chunks, insert_rows
from store.errors import IdentityTaken

_NATIVE = "native"


def all_devices(tx: Connection) -> list[Device]:
    """Every device, by id."""
    rows = tx.execute(select(devices_table).order_by(devices_table.c.id)).all()
    return _with_identities(rows, tx.execute(_identities_in_order()).all())


def get_device(tx: Connection, device_id: str) -> Device | None:
    """The device with this id."""
    return next(iter(_devices_by_id(tx, [device_id])), None)


def find_devices(tx: Connection, ids: Iterable[str]) -> dict[str, Device]:
    """The devices with these ids that exist, by id."""
    return {device.id: device for device in _devices_by_id(tx, list(ids))}


def find_device(tx: Connection, platform: str, identity: str) -> Device | None:
    """The device with this identity. The native identity of every device is its own id."""
    query = select(identities_table.c.device).where(
        identities_table.c.platform == platform, identities_table.c.identity == identity
    )
    device_id = tx.execute(query).scalar()
    if device_id is None and platform == _NATIVE:
        device_id = identity
    return None if device_id is None else get_device(tx, device_id)


def count_devices(tx: Connection) -> int:
    """How many devices are registered."""
    return int(tx.execute(select(func.count()).select_from(devices_table)).scalar_one())


def registration_times(tx: Connection, ids: Iterable[str] | None) -> dict[str, Instant]:
    """When these devices (None: all) were registered, by id."""
    query = select(devices_table.c.id, devices_table.c.created_at)
    parts = [query] if ids is None else [query.where(devices_table.c.id.in_(part)) for part in chunks(list(ids))]
    return {row.id: int(row.created_at) for part in parts for row in tx.execute(part)}


def registered_at(tx: Connection, device_id: str) -> tuple[Instant, Instant] | None:
    """When a device was registered and when its record was changed last; None when it does not exist."""
    query = select(devices_table.c.created_at, devices_table.c.updated_at).where(devices_table.c.id == device_id)
    row = tx.execute(query).first()
    return None if row is None else (int(row.created_at), int(row.updated_at))


def put_devices(tx: Connection, devices: Iterable[Device], now: Instant) -> RegistryChanges:
    """Register or update devices, all or none. Idempotent.

    Raises IdentityTaken when a device claims an identity that another device has and keeps.
    """
    given = {device.id: _without_repeated_identities(device) for device in devices}
    stored = {device.id: device for device in _devices_by_id(tx, list(given))}
    created = [device for id_, device in given.items() if id_ not in stored]
    updated = [device for id_, device in given.items() if id_ in stored and _encoded(device) != _encoded(stored[id_])]
    _write_devices(tx, created, updated, now)
    changes = RegistryChanges(
        created=tuple(device.id for device in created),
        updated=tuple(device.id for device in updated),
        unchanged=tuple(given.keys() - {device.id for device in (*created, *updated)}),
    )
    if changes:
        bump_version(tx, now, devices_table.name, (*changes.created, *changes.updated))
    return changes


def delete_device(tx: Connection, device_id: str, now: Instant) -> bool:
    """Delete a device and its identities. False when it does not exist. Its readings stay in the history."""
    tx.execute(delete(identities_table).where(identities_table.c.device == device_id))
    deleted = tx.execute(delete(devices_table).where(devices_table.c.id == device_id)).rowcount > 0
    if deleted:
        bump_version(tx, now, devices_table.name, [device_id])
    return deleted


def _without_repeated_identities(device: Device) -> Device:
    unique = tuple(dict.fromkeys(device.identities))
    return device if len(unique) == len(device.identities) else msgspec.structs.replace(device, identities=unique)


def _encoded(device: Device) -> bytes:
    # Compared as JSON: in Python True == 1 == 1.0, in the registry they differ.
    return msgspec.json.encode(device, order="sorted")


def _write_devices(tx: Connection, created: Sequence[Device], updated: Sequence[Device], now: Instant) -> None:
    changed = [*created, *updated]
    for ids in chunks([device.id for device in changed]):
        tx.execute(delete(identities_table).where(identities_table.c.device.in_(ids)))
    _check_identities_are_free(tx, changed)
    insert_rows(tx, devices_table, [_device_row(device, now) | {"created_at": now} for device in created])
    for device in updated:
        tx.execute(update(devices_table).where(devices_table.c.id == device.id).values(**_device_row(device, now)))
    insert_rows(tx, identities_table, [row for device in changed for row in _identity_values(device)])


def _check_identities_are_free(tx: Connection, changed: Sequence[Device]) -> None:
    claims: dict[Identity, str] = {}
    for device in changed:
        for identity in (Identity(_NATIVE, device.id), *device.identities):
            owner = claims.setdefault(_canonical(identity), device.id)
            if owner != device.id:
                raise IdentityTaken(identity, device.id, owner)
    for identity, owner in _owners(tx, list(claims)):
        if claims.get(_canonical(identity), owner) != owner:
            raise IdentityTaken(identity, claims[_canonical(identity)], owner)


def _owners(tx: Connection, claimed: Sequence[Identity]) -> Iterable[tuple[Identity, str]]:
    for platform in {identity.platform for identity in claimed}:
        for ids in chunks([identity.id for identity in claimed if identity.platform == platform]):
            any_case = [id_ for id_ in ids if is_case_insensitive(platform, id_)]
            stored = identities_table.c.identity
            same = stored.in_(ids) if not any_case else or_(stored.in_(ids), func.lower(stored).in_(any_case))
            query = select(stored, identities_table.c.device).where(identities_table.c.platform == platform, same)
            yield from ((Identity(platform, row.identity), row.device) for row in tx.execute(query))
            if platform == _NATIVE:
                native = select(devices_table.c.id).where(devices_table.c.id.in_(ids))
                yield from ((Identity(_NATIVE, row.id), row.id) for row in tx.execute(native))


def _canonical(identity: Identity) -> Identity:
    return Identity(identity.platform, canonical(identity.platform, identity.id))


def _device_row(device: Device, now: Instant) -> dict[str, object]:
    return {
        "id": device.id,
        "kind": device.kind,
        "model": device.model,
        "place": device.place,
        "attributes": device.attributes,
        "updated_at": now,
    }


def _identity_values(device: Device) -> list[dict[str, object]]:
    return [
        {"platform": identity.platform, "identity": identity.id, "device": device.id, "ordinal": ordinal}
        for ordinal, identity in enumerate(device.identities)
    ]


def _devices_by_id(tx: Connection, ids: Sequence[str]) -> list[Device]:
    rows = [
        row for part in chunks(ids) for row in tx.execute(select(devices_table).where(devices_table.c.id.in_(part)))
    ]
    return _with_identities(rows, _identity_rows(tx, ids))


def _identities_in_order() -> Select[Any]:
    return select(identities_table).order_by(identities_table.c.device, identities_table.c.ordinal)


def _identity_rows(tx: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    return [
        row
        for part in chunks(ids)
        for row in tx.execute(_identities_in_order().where(identities_table.c.device.in_(part)))
    ]


def _with_identities(rows: Iterable[Sequence[Any]], identity_rows: Iterable[Sequence[Any]]) -> list[Device]:
    identities: dict[str, list[Identity]] = {}
    for platform, identity, device_id, _ordinal in identity_rows:
        identities.setdefault(device_id, []).append(Identity(platform, identity))
    return [
        Device(device_id, kind, model, place, tuple(identities.get(device_id, ())), attributes)
        for device_id, kind, model, place, attributes, _created_at, _updated_at in rows
    ]
