"""The registry in memory follows the database as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


async def test_a_device_that_is_deleted_while_its_creation_is_loaded_is_removed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two loads at once, and the second was compared with the version before the first: it removed nothing."""
    cache, read = RegistryCache(database), database.read
    was_read, go_on = asyncio.Event(), asyncio.Event()

    async def slow(work: Any) -> Any:
        result = await read(work)
        was_read.set()
        await go_on.wait()
        return result

    monkeypatch.setattr(database, "read", slow)
    await database.write(lambda tx: table.put_devices(tx, [Device("gas-1", "gas_alarm")], 1))
    creation = asyncio.create_task(cache.reload())
    await was_read.wait()
    await database.write(lambda tx: table.delete_device(tx, "gas-1", 2))
    deletion = asyncio.create_task(cache.reload())
    await asyncio.sleep(0)
    go_on.set()

    assert [device.id for device in (await creation).changed] == ["gas-1"]
    assert (await deletion).removed == ["gas-1"]
