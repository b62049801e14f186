"""Claiming: devices that send messages or are described are shown, claimed, and their earlier messages are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness, running_service

SENSOR = "0x00158d0001deec28"
BRIDGE = [
    {"type": "Coordinator", "ieee_address": "0x0", "friendly_name": "Coordinator"},
    {
        "type": "EndDevice",
        "ieee_address": SENSOR,
        "friendly_name": "Hall smoke",
        "definition": {
            "model": "HS1SA",
            "vendor": "Heiman",
            "exposes": [{"property": "smoke"}, {"property": "battery"}, {"property": "battery_low"}],
        },
    },
]


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


def button_message(identity: str, action: str) -> tuple[str, Any]:
    return f"zigbee2mqtt/{identity}", {"action": action}


async def claim(harness: ServiceHarness, device: str, kind: str, identities: list[dict[str, str]]) -> None:
    response = await harness.api.post("/api/v1/devices", json={"id": device, "kind": kind, "identities": identities})
    assert response.status_code == 201, response.text


async def test_a_device_listed_by_a_bridge_can_be_claimed_before_its_first_message(harness: ServiceHarness) -> None:
    await harness.publish("zigbee2mqtt/bridge/devices", BRIDGE)
    (found,) = await harness.until_items("/api/v1/claimable")
    assert ("smoke_alarm", "Heiman", "HS1SA", "Hall smoke", 0, False) == tuple(
        found[name] for name in ("proposed_kind", "vendor", "model", "name", "messages", "danger")
    )

    await claim(harness, "hall", found["proposed_kind"], found["identities"])
    await harness.publish("zigbee2mqtt/Hall smoke", {"smoke": False, "battery": 61})
    (reading,) = await harness.until_items("/api/v1/devices/hall/readings?quantity=battery_pct")
    assert 61 == reading["value"]
    assert [] == await harness.items("/api/v1/claimable")
    assert [] == await harness.items("/api/v1/refusals")


async def test_a_device_with_messages_and_a_description_is_shown_once(harness: ServiceHarness) -> None:
    await harness.publish("zigbee2mqtt/Hall smoke", {"battery": 61})
    await harness.until_items("/api/v1/refusals")
    await harness.publish("zigbee2mqtt/bridge/devices", BRIDGE)
    await harness.publish("zigbee2mqtt/Lamp", {"brightness": 254})
    await harness.until_items("/api/v1/refusals", 2)
    claimable = {device["identity"]: device for device in await harness.items("/api/v1/claimable")}

    assert {"Hall smoke", "Lamp"} == set(claimable)
    smoke = claimable["Hall smoke"]
    assert ("smoke_alarm", 1, "HS1SA") == (smoke["proposed_kind"], smoke["messages"], smoke["model"])
    assert [{"platform": "zigbee2mqtt", "id": name} for name in ("Hall smoke", SENSOR)] == smoke["identities"]


async def test_a_leak_of_a_described_unregistered_sensor_opens_an_alert(harness: ServiceHarness) -> None:
    topic = "homeassistant/binary_sensor/cellar"
    config = {"stat_t": f"{topic}/state", "dev_cla": "moisture", "dev": {"ids": ["esp-7"], "name": "地下室"}}
    await harness.publish(f"{topic}/config", config)
    (found,) = await harness.until_items("/api/v1/claimable")
    assert ("homeassistant", "cellar", "water_leak", "地下室") == tuple(
        found[name] for name in ("platform", "identity", "proposed_kind", "name")
    )

    await harness.publish(f"{topic}/state", "ON")
    (alert,) = await harness.until_items("/api/v1/alerts")
    assert ("unknown-device-danger", "未登记设备报警") == (alert["rule"], alert["title"])

    await claim(harness, "cellar", "water_leak", found["identities"])
    replayed = await harness.api.post("/api/v1/refusals/replay", json={"identity": "cellar"})
    assert {"replayed": 1} == replayed.json()
    (reading,) = await harness.until_items("/api/v1/devices/cellar/readings?quantity=leak")
    assert reading["value"] is True


async def test_a_withdrawn_description_is_not_offered_any_more(harness: ServiceHarness) -> None:
    await harness.publish("homeassistant/binary_sensor/cellar/config", {"dev_cla": "moisture", "uniq_id": "esp-7-leak"})
    await harness.until_items("/api/v1/claimable")
    await harness.publish("homeassistant/binary_sensor/cellar/config", "")
    await harness.publish("homeassistant/binary_sensor/attic/config", {"dev_cla": "smoke"})

    await harness.publish("homeassistant/binary_sensor/attic/state", "ON")
    await harness.until_items("/api/v1/refusals")
    assert ["attic"] == [device["identity"] for device in await harness.items("/api/v1/claimable")]


async def test_only_messages_of_the_claimed_device_are_replayed(harness: ServiceHarness) -> None:
    for identity in ("Bed", "Bath", "Bed"):
        await harness.publish(*button_message(identity, "single"))
    await harness.until_items("/api/v1/refusals", 3)
    assert 2 == len(await harness.items("/api/v1/refusals?identity=Bed"))

    await claim(harness, "bed", "sos_button", [{"platform": "zigbee2mqtt", "id": "Bed"}])
    replayed = await harness.api.post("/api/v1/refusals/replay", json={"identity": "Bed"})
    assert {"replayed": 2} == replayed.json()
    await harness.until_items("/api/v1/devices/bed/readings?quantity=sos", 2)
    assert ["Bath"] == [device["identity"] for device in await harness.items("/api/v1/claimable")]


async def test_descriptions_survive_a_crash(harness: ServiceHarness) -> None:
    await harness.publish("zigbee2mqtt/bridge/devices", BRIDGE)
    await harness.until_items("/api/v1/claimable")
    await harness.crash()
    await harness.start()

    (found,) = await harness.items("/api/v1/claimable")
    assert ("Hall smoke", "smoke_alarm") == (found["identity"], found["proposed_kind"])
