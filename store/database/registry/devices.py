"""Devices and their identities in the ledger, as they were written; two are the same as `domain.identities` says.

It knows nothing of files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, or_, select, update

from domain import Device, Identity, Instant
from domain.identities import canonical, in_either_case
from store.database.registry.changes import RegistryChanges, bump_version
from store.database.registry.tables import devices as devices_table
from store.database.registry.tables import identities as identities_table
from store.database.sql import Page, chunks, page_of
from store.errors import IdentityTaken

_NATIVE = "native"


def all_devices(tx: Connection) -> list[Device]:
    """Every device, by id."""
    rows = tx.execute(select(devices_table).order_by(devices_table.c.id)).all()
    return _with_identities(rows, tx.execute(_identities_in_order()).all())


def get_device(tx: Connection, device_id: str) -> Device | None:
    """The device with this id."""
    return next(iter(_devices_by_id(tx, [device_id])), None)


def find_device(tx: Connection, platform: str, identity: str) -> Device | None:
    """The device that holds this identity; natively every device is also known by its own id."""
    held = select(identities_table.c.device).where(
        identities_table.c.platform == platform, identities_table.c.identity == identity
    )
    found = tx.execute(held).scalar()
    if found is None and platform == _NATIVE:
        found = identity
    return None if found is None else get_device(tx, found)


def list_devices(
    tx: Connection,
    limit: int,
    after: str | None = None,
    *,
    kind: str | None = None,
    places: Collection[str] | None = None,
    text: str | None = None,
) -> Page[Device]:
    """Devices registered last come first. `places` are ids, as many as it takes; `text` is a part of an id."""
    query = select(devices_table).order_by(devices_table.c.created_at.desc(), devices_table.c.id).limit(limit + 1)
    if kind is not None:
        query = query.where(devices_table.c.kind == kind)
    if places is not None:
        query = query.where(devices_table.c.place.in_(sorted(places)))
    if text is not None:
        query = query.where(devices_table.c.id.contains(text, autoescape=True))
    if after is not None:
        created_at, _, last_id = after.partition(":")
        older = devices_table.c.created_at < int(created_at)
        query = query.where(
            or_(older, and_(devices_table.c.created_at == int(created_at), devices_table.c.id > last_id))
        )
    rows = tx.execute(query).all()
    found = _with_identities(rows, _identity_rows(tx, [row.id for row in rows]))
    return page_of([(f"{row.created_at}:{row.id}", item) for row, item in zip(rows, found, strict=True)], limit)


def put_devices(tx: Connection, wanted: Iterable[Device], now: Instant) -> RegistryChanges:
    """Register devices or bring them up to date, all or none. Putting the same again changes nothing.

    Raises IdentityTaken when a device claims an identity that another device holds and keeps.
    """
    asked = {one.id: _without_repeated_identities(one) for one in wanted}
    held = {one.id: one for one in _devices_by_id(tx, list(asked))}
    created = [one for one in asked.values() if one.id not in held]
    updated = [one for one in asked.values() if one.id in held and _encoded(one) != _encoded(held[one.id])]
    _write_devices(tx, created, updated, now)
    changed = RegistryChanges(
        created=tuple(one.id for one in created),
        updated=tuple(one.id for one in updated),
        unchanged=tuple(asked.keys() - {one.id for one in (*created, *updated)}),
    )
    if changed:
        bump_version(tx, now)
    return changed


def delete_device(tx: Connection, device_id: str, now: Instant) -> bool:
    """Forget a device and its identities. False when there was none. What it said stays in the history."""
    tx.execute(delete(identities_table).where(identities_table.c.device == device_id))
    gone = tx.execute(delete(devices_table).where(devices_table.c.id == device_id)).rowcount > 0
    if gone:
        bump_version(tx, now)
    return gone


def _without_repeated_identities(one: Device) -> Device:
    unique = tuple(dict.fromkeys(one.identities))
    return one if len(unique) == len(one.identities) else msgspec.structs.replace(one, identities=unique)


def _encoded(one: Device) -> bytes:
    # Compared as written: in Python True == 1 == 1.0, for a person reading the registry they differ.
    return msgspec.json.encode(one, order="sorted")


def _write_devices(tx: Connection, created: Sequence[Device], updated: Sequence[Device], now: Instant) -> None:
    touched = [*created, *updated]
    for some in chunks([one.id for one in touched]):
        tx.execute(delete(identities_table).where(identities_table.c.device.in_(some)))
    _refuse_taken(tx, touched)
    if created:
        tx.execute(insert(devices_table), [_device_row(one, now) | {"created_at": now} for one in created])
    for one in updated:
        tx.execute(update(devices_table).where(devices_table.c.id == one.id).values(**_device_row(one, now)))
    rows = [row for one in touched for row in _identity_values(one)]
    if rows:
        tx.execute(insert(identities_table), rows)


def _refuse_taken(tx: Connection, touched: Sequence[Device]) -> None:
    claims: dict[Identity, str] = {}
    for one in touched:
        for identity in (Identity(_NATIVE, one.id), *one.identities):
            holder = claims.setdefault(_canonical(identity), one.id)
            if holder != one.id:
                raise IdentityTaken(identity, one.id, holder)
    for identity, holder in _owners(tx, list(claims)):
        if claims.get(_canonical(identity), holder) != holder:
            raise IdentityTaken(identity, claims[_canonical(identity)], holder)


def _owners(tx: Connection, claimed: Sequence[Identity]) -> Iterable[tuple[Identity, str]]:
    for platform in {identity.platform for identity in claimed}:
        for some in chunks([identity.id for identity in claimed if identity.platform == platform]):
            either = [each for each in some if in_either_case(platform, each)]
            written = identities_table.c.identity
            same = written.in_(some) if not either else or_(written.in_(some), func.lower(written).in_(either))
            held = select(written, identities_table.c.device).where(identities_table.c.platform == platform, same)
            yield from ((Identity(platform, row.identity), row.device) for row in tx.execute(held))
            if platform == _NATIVE:
                own = select(devices_table.c.id).where(devices_table.c.id.in_(some))
                yield from ((Identity(_NATIVE, row.id), row.id) for row in tx.execute(own))


def _canonical(identity: Identity) -> Identity:
    return Identity(identity.platform, canonical(identity.platform, identity.id))


def _device_row(one: Device, now: Instant) -> dict[str, object]:
    return {
        "id": one.id,
        "kind": one.kind,
        "model": one.model,
        "place": one.place,
        "attributes": one.attributes,
        "updated_at": now,
    }


def _identity_values(one: Device) -> list[dict[str, object]]:
    return [
        {"platform": identity.platform, "identity": identity.id, "device": one.id, "ordinal": ordinal}
        for ordinal, identity in enumerate(one.identities)
    ]


def _devices_by_id(tx: Connection, ids: Sequence[str]) -> list[Device]:
    rows = [
        row for some in chunks(ids) for row in tx.execute(select(devices_table).where(devices_table.c.id.in_(some)))
    ]
    return _with_identities(rows, _identity_rows(tx, ids))


def _identities_in_order() -> Select[Any]:
    return select(identities_table).order_by(identities_table.c.device, identities_table.c.ordinal)


def _identity_rows(tx: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    return [
        row
        for some in chunks(ids)
        for row in tx.execute(_identities_in_order().where(identities_table.c.device.in_(some)))
    ]


def _with_identities(rows: Iterable[Sequence[Any]], identity_rows: Iterable[Sequence[Any]]) -> list[Device]:
    held: dict[str, list[Identity]] = {}
    for platform, identity, holder, _ordinal in identity_rows:
        held.setdefault(holder, []).append(Identity(platform, identity))
    return [
        Device(device_id, kind, model, place, tuple(held.get(device_id, ())), attributes)
        for device_id, kind, model, place, attributes, _created_at, _updated_at in rows
    ]
