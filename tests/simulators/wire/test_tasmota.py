"""Tasmota's Zigbee telemetry."""

from __future__ import annotations

import json

from domain import Value
from simulators.events import Measurement
from simulators.wire import MessageHeader, tasmota


def received(kind: str, values: dict[str, Value]) -> object:
    (message,) = tasmota.encode(Measurement("d", values), MessageHeader("0xCBA4", 0, 84, kind, gateway="SonoffZB"))
    assert message.topic == "tele/SonoffZB/SENSOR"
    return json.loads(message.payload)["ZbReceived"]["0xCBA4"]


def test_a_door_that_opens_has_the_printed_fields() -> None:
    status = {"0500<00": "010000010000", "ZoneStatusChange": 1, "ZoneStatusChangeZone": 1, "Contact": 1}
    assert received("door", {"opened": True}) == {**status, "Endpoint": 1, "LinkQuality": 144}


def test_a_leak_is_the_raw_zone_status_of_the_documentation() -> None:
    assert received("water_leak", {"leak": True}) == {"0500!00": "010000FF0000", "Endpoint": 1, "LinkQuality": 144}


def test_what_is_not_measured_is_left_out() -> None:
    assert received("motion", {"battery_v": 2.995}) == {"Voltage": 2.995, "Endpoint": 1, "LinkQuality": 144}


def test_the_bridge_has_a_last_will() -> None:
    (will,) = tasmota.encode_online("SonoffZB", online=False)
    assert (will.topic, will.payload, will.retain) == ("tele/SonoffZB/LWT", b"Offline", True)
