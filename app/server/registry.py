"""The registry in memory: one version of devices and community at a time, taken anew from the ledger after a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection

from app.pipeline.device_gateways import assign_gateways
from domain import Device
from domain.people import Community, community
from store.database import registry as table
from store.database.database import Database


class RegistryChange(Struct, frozen=True):
    """What a new version changed."""

    changed: Sequence[Device]
    removed: Sequence[str]


class RegistryCache:
    """`devices` by id and the `community`; both are replaced whole, never changed in place."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger
        self.devices: dict[str, Device] = {}
        self.community: Community = community()

    async def reload(self) -> RegistryChange:
        """Take the ledger's present version and say what it changed."""
        before = self.devices
        self.devices, self.community, difference = await self._ledger.read(partial(_load, before))
        return difference


def _load(before: Mapping[str, Device], tx: Connection) -> tuple[dict[str, Device], Community, RegistryChange]:
    """Compared here, in the ledger's thread: 300,000 devices would hold up everybody for a tenth of a second."""
    devices = {device.id: device for device in assign_gateways(table.all_devices(tx))}
    changed = [device for device in devices.values() if before.get(device.id) != device]
    return devices, table.community(tx), RegistryChange(changed, [known for known in before if known not in devices])
