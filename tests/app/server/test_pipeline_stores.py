"""Checkpoints and refusals of the pipeline in the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.datadir.stores import open_database
from app.pipeline.ports import RefusalBatch
from app.reload.active_definitions import ActiveDefinitions
from app.reload.definitions import Definitions
from app.reload.stored_definitions import encode_definitions
from app.server.pipeline_stores import DEFINITIONS, ServiceStores, load_checkpoint
from domain import Lane, RefusalReason
from domain.kind import CommonQuantities
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, Refusal
from store.database.database import Database
from store.database.refusals import refusals
from store.database.refusals.unregistered_devices import list_unregistered
from store.database.system import key_values

POSITIONS = {Lane.URGENT: 3, Lane.BULK: 8}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def definitions() -> ActiveDefinitions:
    return ActiveDefinitions(Definitions())


@pytest.fixture
def stores(database: Database, definitions: ActiveDefinitions) -> ServiceStores:
    parts: Any = SimpleNamespace(database=database, history=None)
    return ServiceStores(parts, definitions)


async def test_definitions_are_stored_with_the_first_checkpoint_that_was_evaluated_by_them(
    database: Database, stores: ServiceStores, definitions: ActiveDefinitions
) -> None:
    assert load_checkpoint(database) == (None, None)
    await stores.store_checkpoint(POSITIONS, 5, b"state")
    checkpoint, encoded = load_checkpoint(database)
    assert checkpoint is not None
    assert (checkpoint.cursor, checkpoint.saved_at, checkpoint.blob) == (POSITIONS, 5, b"state")
    assert encoded == encode_definitions(Definitions())
    assert definitions.stored

    await database.write(lambda tx: key_values.put(tx, DEFINITIONS, {"unchanged": {}}, 6))
    await stores.store_checkpoint(POSITIONS, 7, b"state 2")
    assert load_checkpoint(database)[1] == {"unchanged": {}}, "unchanged definitions were written again"

    definitions.replace(Definitions(common=CommonQuantities(common={})))
    await stores.store_checkpoint(POSITIONS, 8, b"state 3")
    assert load_checkpoint(database)[1] == encode_definitions(definitions.current)


async def test_definitions_replaced_while_others_are_written_are_stored_with_the_next_checkpoint(
    database: Database, stores: ServiceStores, definitions: ActiveDefinitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = database.write

    async def replaced_meanwhile(work: Any) -> Any:
        result = await write(work)
        definitions.replace(Definitions())
        return result

    monkeypatch.setattr(database, "write", replaced_meanwhile)
    await stores.store_checkpoint(POSITIONS, 5, b"state")
    assert not definitions.stored


async def test_refusals_and_announced_devices_of_one_entry_are_stored_together(
    database: Database, stores: ServiceStores
) -> None:
    refusal = Refusal(1, "zigbee2mqtt", "zigbee2mqtt/x", b"{", RefusalReason.BAD_PAYLOAD, "no JSON")
    device = DiscoveredDevice((("zigbee2mqtt", "hall"),), ("gas",))
    event = DeviceEvent(DeviceEventKind.DISCOVERY, "zigbee2mqtt", None, "devices", at=1, discovered=(device,))
    await stores.store_refusals([RefusalBatch(Lane.BULK, 4, [refusal], [event])])
    await stores.store_refusals([RefusalBatch(Lane.BULK, 4, [refusal], [event])])  # replayed after a crash

    page = await database.read(lambda tx: refusals.list_refusals(tx, limit=10))
    assert [(stored.refusal.topic, stored.refusal.detail) for stored in page.items] == [("zigbee2mqtt/x", "no JSON")]
    found = await database.read(lambda tx: list_unregistered(tx, 10, lambda *_: False, lambda *_: None))
    assert [device.identity for device in found] == ["hall"]
