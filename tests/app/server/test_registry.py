"""The registry in memory follows the database as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.datadir.stores import open_database
from app.server.registry import RegistryCache
from domain import Device, Identity
from store.database import registry as table
from store.database.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    yield database
    database.close()


async def test_a_reload_returns_what_is_new_changed_and_removed(database: Database) -> None:
    cache = RegistryCache(database)
    gas, band = Device("gas-1", "gas_alarm"), Device("band-1", "wristband")
    await database.write(lambda tx: table.put_devices(tx, [gas, band], 1))
    change = await cache.reload()
    assert (sorted(device.id for device in change.changed), change.removed) == (["band-1", "gas-1"], [])

    before = cache.devices
    await database.write(lambda tx: table.put_devices(tx, [Device("gas-1", "gas_alarm", place="h1")], 2))
    await database.write(lambda tx: table.delete_device(tx, "band-1", 2))
    change = await cache.reload()
    assert ([device.id for device in change.changed], change.removed) == (["gas-1"], ["band-1"])
    assert set(before) == {"gas-1", "band-1"}, "whoever iterates over the previous version must not see it change"
    assert list(cache.current_devices()) == [device.id for device in cache.device_list()] == ["gas-1"]


async def test_devices_of_a_bridge_have_it_as_their_gateway(database: Database) -> None:
    cache = RegistryCache(database)
    door = Device("door-1", "door", identities=(Identity("zigbee2mqtt", "door"),))
    await database.write(lambda tx: table.put_devices(tx, [door], 1))
    await cache.reload()
    assert cache.devices["door-1"].attributes["gateway"] == "system/zigbee2mqtt/bridge"
    assert cache.current_community() is cache.community
