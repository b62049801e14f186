"""Zigbee2MQTT messages."""

from __future__ import annotations

import json

from simulators.events import Measurement
from simulators.wire import MessageHeader, zigbee2mqtt

AT = 1_658_136_855_775  # 2022-07-18T09:34:15.775Z


def test_zigbee2mqtt_uses_the_property_names_of_the_converter() -> None:
    said = Measurement("g", {"alarm": True, "tamper": False, "battery_low": False, "battery_pct": 80, "opened": True})
    (message,) = zigbee2mqtt.encode(said, MessageHeader("厨房燃气 c1-1-1-101", AT, 0))
    assert message.topic == "zigbee2mqtt/厨房燃气 c1-1-1-101"
    assert json.loads(message.payload) == {
        "gas": True,
        "tamper": False,
        "battery_low": False,
        "battery": 80,
        "contact": False,
        "linkquality": 60,
    }


def test_zigbee2mqtt_publishes_availability_retained() -> None:
    (device,) = zigbee2mqtt.encode_available("kitchen")
    (bridge,) = zigbee2mqtt.encode_bridge_online()
    assert (device.topic, device.payload, device.retain) == (
        "zigbee2mqtt/kitchen/availability",
        b'{"state":"online"}',
        True,
    )
    assert (bridge.topic, bridge.retain) == ("zigbee2mqtt/bridge/state", True)
