"""Devices and community in memory: one version at a time, reloaded from the database after a change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from alerts.alert import Alert
from app.pipeline.device_gateways import assign_gateways
from domain import Device, Person
from domain.device_index import DeviceIndex
from domain.people import Community, community
from store.database import registry as table
from store.database.database import Database
from store.database.registry import StoredRegistry


class RegistryChange(Struct, frozen=True):
    """Difference of two versions: new or changed devices, and ids of removed ones."""

    changed: Sequence[Device]
    removed: Sequence[str]


class RegistryCache:
    """`devices` by id and the `community`. Both are replaced as a whole, never changed in place."""

    def __init__(self, database: Database) -> None:
        self._database, self._lock = database, asyncio.Lock()
        self._loaded: _Loaded | None = None
        self.devices: dict[str, Device] = {}
        self.community: Community = community()
        self.device_index = DeviceIndex({}, {}, self.community.place_tree)
        self.version = 0

    async def reload(self) -> RegistryChange:
        """Load the present version from the database and return which devices changed since the previous load.

        One load at a time: of two at once the second would be compared with the version before the first.
        """
        async with self._lock:
            before = None if self._loaded is None else self._loaded.stored
            stored = await self._database.read(lambda tx: table.read_registry(tx, before))
            loaded, change = await asyncio.to_thread(_index, stored, self._loaded)
            self._loaded = loaded
            self.devices, self.community, self.version = loaded.devices, loaded.community, loaded.stored.version
            self.device_index = loaded.device_index
            return change

    def current_community(self) -> Community:
        return self.community

    def names(self) -> list[str]:
        """The names of all people."""
        return [person.name for person in self.community.people.values()]

    def current_devices(self) -> Mapping[str, Device]:
        return self.devices

    def current_device_index(self) -> DeviceIndex:
        return self.device_index

    def device_list(self) -> list[Device]:
        return list(self.devices.values())

    def affected_people(self, alert: Alert) -> Sequence[Person]:
        """Who may need help: the person an alert is about, or the residents of its place."""
        return self.community.concerned(alert.subject, self.devices.get(alert.device or ""), alert.place)


class _Loaded(Struct, frozen=True):
    """One version of the registry: as it is stored, and as it is used."""

    stored: StoredRegistry
    devices: dict[str, Device]
    device_index: DeviceIndex
    community: Community


def _index(stored: StoredRegistry, before: _Loaded | None) -> tuple[_Loaded, RegistryChange]:
    """In a thread, after the transaction that read: a district takes seconds."""
    indexed = _community(stored, before)
    index = _device_index(stored, indexed, before)
    if before is not None and stored.devices is before.stored.devices:
        return _Loaded(stored, before.devices, index, indexed), RegistryChange((), ())
    devices = {device.id: device for device in assign_gateways(stored.devices.values())}
    known = {} if before is None else before.devices
    changed = [device for device in devices.values() if known.get(device.id) != device]
    removed = [device_id for device_id in known if device_id not in devices]
    return _Loaded(stored, devices, index, indexed), RegistryChange(changed, removed)


def _device_index(stored: StoredRegistry, community: Community, before: _Loaded | None) -> DeviceIndex:
    """The same object while neither a device nor a place changed."""
    tree = community.place_tree
    if before is not None and stored.devices is before.stored.devices and tree is before.device_index.tree:
        return before.device_index
    return DeviceIndex(stored.devices, stored.registered_at, tree)


def _community(stored: StoredRegistry, before: _Loaded | None) -> Community:
    """The same object while nothing of it changed; where lines of the roster alone did, the rest stays indexed."""
    if before is not None and _are_same(stored, before.stored, _PEOPLE):
        if _are_same(stored, before.stored, _ROSTER):
            return before.community
        return before.community.with_roster(
            stored.duties.values(), stored.rotations.values(), stored.overrides.values()
        )
    return community(
        stored.places.values(),
        stored.cells.values(),
        stored.people.values(),
        stored.duties.values(),
        stored.levels,
        stored.rotations.values(),
        stored.overrides.values(),
        same_places=before.community if before is not None and stored.places is before.stored.places else None,
    )


_PEOPLE: Final = ("places", "cells", "people")
_ROSTER: Final = ("duties", "rotations", "overrides")


def _are_same(one: StoredRegistry, other: StoredRegistry, fields: Sequence[str]) -> bool:
    return one.levels == other.levels and all(getattr(one, field) is getattr(other, field) for field in fields)
