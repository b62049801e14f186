"""Devices that can be registered: those whose messages were refused as unknown, and those that a platform announced.

The caller says which identities are registered and guesses the kind of a device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, select, update

from domain import Identity, Instant, RefusalReason
from domain.identities import canonical
from ingest.results import DeviceEvent, DiscoveredDevice
from store.database.refusals.tables import described, refusals

MAX_ANNOUNCED: Final = 10_000
"""Announced devices that are stored; beyond it, those announced longest ago are deleted."""

IsRegistered = Callable[[str, str], bool]
"""Whether the identity (platform, id) belongs to a registered device."""

GuessKind = Callable[[str, Sequence[str]], str | None]
"""The likely kind of a device of this platform with these field names."""


class UnregisteredDevice(Struct, frozen=True):
    """A device to register with these identities. `messages` of it were refused; they can be replayed after that.

    `obstacle` is what prevents its messages from being received or decoded even then: no subscription filter covers its
    topic, or a codec is missing.
    """

    platform: str
    identity: str
    proposed_kind: str | None
    messages: int
    first_at: Instant
    last_at: Instant
    danger: bool
    identities: tuple[Identity, ...]
    vendor: str | None = None
    model: str | None = None
    name: str | None = None
    obstacle: str | None = None


def record_discovery(tx: Connection, events: Sequence[DeviceEvent]) -> None:
    """Store or delete the devices that these events announce or withdraw. Idempotent."""
    for event in events:
        for device in event.discovered:
            if device.is_withdrawn:
                _delete_announcement(tx, device)
            else:
                _store_announcement(tx, device, event.at)
    oldest = select(described.c.last_at).order_by(described.c.last_at.desc()).offset(MAX_ANNOUNCED).limit(1)
    tx.execute(delete(described).where(described.c.last_at <= oldest.scalar_subquery()))


def list_unregistered(
    tx: Connection, limit: int, is_registered: IsRegistered, guess_kind: GuessKind
) -> list[UnregisteredDevice]:
    """Unregistered devices: those with a danger in a refused message first, then by the latest message."""
    announcements = [
        row for row in tx.execute(select(described)) if not any(is_registered(*name) for name in row.identities)
    ]
    rows_by_name: dict[tuple[str, str], list[Any]] = {}
    for row in announcements:
        for platform, name in row.identities:
            rows_by_name.setdefault((platform, canonical(platform, name)), []).append(row)
    devices: dict[tuple[str, str], UnregisteredDevice] = {}
    for device in _refused_devices(tx):
        if not is_registered(device.platform, device.identity):
            rows = rows_by_name.get((device.platform, canonical(device.platform, device.identity)), ())
            devices[device.platform, device.identity] = _with_announcements(device, rows, guess_kind)
    listed_names = {name for device in devices.values() for name in device.identities}
    for row in announcements:
        device = _announced_device(row)
        if listed_names.isdisjoint(device.identities):
            devices[device.platform, device.identity] = _with_announcements(device, [row], guess_kind)
    listed = sorted(devices.values(), key=lambda device: (not device.danger, -device.last_at))[:limit]
    obstacles = _obstacles(tx) if listed else {}
    return [replace(device, obstacle=_obstacle(device, obstacles)) for device in listed]


def _obstacles(tx: Connection) -> dict[tuple[str, str], str]:
    """By identity, the latest reason why no message of a device can be decoded."""
    query = (
        select(refusals.c.platform, refusals.c.identity, refusals.c.detail)
        .where(
            refusals.c.reason == RefusalReason.NO_CODEC.value,
            refusals.c.identity.is_not(None),
            refusals.c.replayed_at.is_(None),
        )
        .order_by(refusals.c.at)
    )
    return {(platform, canonical(platform, identity)): detail for platform, identity, detail in tx.execute(query)}


def _obstacle(device: UnregisteredDevice, obstacles: Mapping[tuple[str, str], str]) -> str | None:
    names = ((name.platform, canonical(name.platform, name.id)) for name in device.identities)
    return next((obstacles[name] for name in names if name in obstacles), None)


def _store_announcement(tx: Connection, device: DiscoveredDevice, at: Instant) -> None:
    """Several announcements of one device are one row: Home Assistant announces each entity of a device."""
    platform, identity = device.identities[0]
    stored = tx.execute(select(described).where(_is_row(platform, identity))).first()
    values: dict[str, Any] = {
        "identities": _merged(stored.identities if stored else [], map(list, device.identities)),
        "hints": _merged(stored.hints if stored else [], device.hints),
        "last_at": max(at, stored.last_at) if stored else at,
    }
    labels = {name: getattr(device, name) for name in ("vendor", "model", "name")}
    values |= {name: label for name, label in labels.items() if label is not None}
    if stored is not None:
        tx.execute(update(described).where(_is_row(platform, identity)).values(**values))
    else:
        tx.execute(insert(described).values(platform=platform, identity=identity, first_at=at, **values))


def _is_row(platform: str, identity: str) -> ColumnElement[bool]:
    return (described.c.platform == platform) & (described.c.identity == identity)


def _merged(stored: Sequence[Any], added: Iterable[Any]) -> list[Any]:
    return [*stored, *(item for item in added if item not in stored)]


def _delete_announcement(tx: Connection, device: DiscoveredDevice) -> None:
    withdrawn = {tuple(name) for name in device.identities}
    for row in tx.execute(select(described)).all():
        if withdrawn & {tuple(name) for name in row.identities}:
            tx.execute(delete(described).where(_is_row(row.platform, row.identity)))


def _refused_devices(tx: Connection) -> Iterator[UnregisteredDevice]:
    """Identities of messages that were refused as unknown and not replayed since."""
    danger = func.max(case((refusals.c.danger, 1), else_=0))
    query = (
        select(
            refusals.c.platform,
            refusals.c.identity,
            func.max(refusals.c.proposed_kind),
            func.count(),
            func.min(refusals.c.at),
            func.max(refusals.c.at),
            danger,
        )
        .where(
            refusals.c.reason == RefusalReason.UNKNOWN_DEVICE.value,
            refusals.c.identity.is_not(None),
            refusals.c.replayed_at.is_(None),
        )
        .group_by(refusals.c.platform, refusals.c.identity)
    )
    for platform, identity, kind, messages, first, last, dangerous in tx.execute(query):
        names = (Identity(platform, identity),)
        yield UnregisteredDevice(platform, identity, kind, int(messages), int(first), int(last), bool(dangerous), names)


def _announced_device(row: Any) -> UnregisteredDevice:
    names = tuple(Identity(*name) for name in row.identities)
    return UnregisteredDevice(row.platform, row.identity, None, 0, row.first_at, row.last_at, False, names)


def _with_announcements(device: UnregisteredDevice, rows: Iterable[Any], guess_kind: GuessKind) -> UnregisteredDevice:
    """The device with the identities, kind and labels that the platform announced."""
    for row in rows:
        names = tuple(dict.fromkeys((*device.identities, *(Identity(*name) for name in row.identities))))
        kind = device.proposed_kind or guess_kind(row.platform, row.hints)
        labels = {name: getattr(device, name) or getattr(row, name) for name in ("vendor", "model", "name")}
        device = replace(device, proposed_kind=kind, identities=names, **labels)
    return device
