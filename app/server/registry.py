"""Devices and community in memory: one version at a time, reloaded from the database after a change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection

from alerts.alert import Alert
from app.pipeline.device_gateways import assign_gateways
from domain import Device, Person
from domain.people import Community, community
from store.database import registry as table
from store.database.database import Database


class RegistryChange(Struct, frozen=True):
    """Difference of two versions: new or changed devices, and ids of removed ones."""

    changed: Sequence[Device]
    removed: Sequence[str]


class RegistryCache:
    """`devices` by id and the `community`. Both are replaced as a whole, never changed in place."""

    def __init__(self, database: Database) -> None:
        self._database, self._lock = database, asyncio.Lock()
        self.devices: dict[str, Device] = {}
        self.community: Community = community()
        self.version = 0

    async def reload(self) -> RegistryChange:
        """Load the present version from the database and return what changed since the previous load.

        One load at a time: of two at once the second would be compared with the version before the first.
        """
        async with self._lock:
            loaded = await self._database.read(partial(_load, self.devices))
            self.devices, self.community, change, self.version = loaded
            return change

    def current_community(self) -> Community:
        return self.community

    def names(self) -> list[str]:
        """The names of all people."""
        return [person.name for person in self.community.people.values()]

    def current_devices(self) -> Mapping[str, Device]:
        return self.devices

    def device_list(self) -> list[Device]:
        return list(self.devices.values())

    def affected_people(self, alert: Alert) -> Sequence[Person]:
        """Who may need help: the person an alert is about, or the residents of its place."""
        return self.community.concerned(alert.subject, self.devices.get(alert.device or ""), alert.place)


def _load(before: Mapping[str, Device], tx: Connection) -> tuple[dict[str, Device], Community, RegistryChange, int]:
    """Compares in the database's thread: with 300,000 devices that takes a tenth of a second."""
    devices = {device.id: device for device in assign_gateways(table.all_devices(tx))}
    changed = [device for device in devices.values() if before.get(device.id) != device]
    removed = [device_id for device_id in before if device_id not in devices]
    return devices, table.community(tx), RegistryChange(changed, removed), table.registry_version(tx)
