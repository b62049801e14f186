"""The registry in memory follows the database as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.datadir.stores import open_database
from app.reload.registry import RegistryCache
from domain import Device, Identity, Person, Place
from domain.device_index import DeviceFilter
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


async def test_a_change_of_people_leaves_places_and_devices_indexed(database: Database) -> None:
    cache = RegistryCache(database)
    await database.write(lambda tx: table.put_places(tx, [Place("h", "402", "household")], 1))
    await database.write(lambda tx: table.put_devices(tx, [Device("gas-1", "gas_alarm", place="h")], 1))
    await cache.reload()
    tree, index = cache.community.place_tree, cache.current_device_index()

    await database.write(lambda tx: table.put_people(tx, [Person("p", "王奶奶", home="h")], 2))
    await cache.reload()
    assert cache.community.people_search.find("王") == {"p"}
    assert cache.community.place_tree is tree
    assert cache.current_device_index() is index

    await database.write(lambda tx: table.put_places(tx, [Place("h", "403", "household")], 3))
    await cache.reload()
    assert set(cache.community.place_search.find("403")) == {"h"}
    assert listed(cache, DeviceFilter(places=cache.community.place_tree.inside("h"))) == ["gas-1"]
    assert cache.current_device_index().tree is cache.community.place_tree


async def test_a_device_that_is_registered_again_between_two_loads_is_the_newest(database: Database) -> None:
    cache = RegistryCache(database)
    await database.write(lambda tx: table.put_devices(tx, [Device("a", "door"), Device("b", "door")], 1))
    await cache.reload()
    assert listed(cache, DeviceFilter()) == ["a", "b"]

    await database.write(lambda tx: table.delete_device(tx, "b", 2))
    await database.write(lambda tx: table.put_devices(tx, [Device("b", "door")], 3))
    await cache.reload()
    assert listed(cache, DeviceFilter()) == ["b", "a"]


def listed(cache: RegistryCache, filters: DeviceFilter) -> list[str]:
    index = cache.current_device_index()
    return [device.id for device in index.page(index.find(filters), 100, None)[0]]


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
