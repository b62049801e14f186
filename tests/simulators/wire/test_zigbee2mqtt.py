"""Zigbee2MQTT messages."""

from __future__ import annotations

import json

from domain import Value
from simulators.events import Measurement
from simulators.wire import MessageHeader, zigbee2mqtt

AT = 1_658_136_855_775  # 2022-07-18T09:34:15.775Z


def state(kind: str, values: dict[str, Value]) -> object:
    (message,) = zigbee2mqtt.encode(Measurement("d", values), MessageHeader("厨房燃气 c1-1-1-101", AT, 0, kind))
    assert message.topic == "zigbee2mqtt/厨房燃气 c1-1-1-101"
    return json.loads(message.payload)


def test_a_gas_detector_has_the_state_that_was_published_of_one() -> None:
    # github.com/stas-demydiuk/domoticz-zigbee2mqtt-plugin issue 343, but for the link quality
    values: dict[str, Value] = {"alarm": True, "tamper": False, "battery_low": False}
    assert state("gas_alarm", values) == {"gas": True, "tamper": False, "battery_low": False, "linkquality": 60}


def test_contact_is_true_when_a_door_is_closed_and_a_voltage_is_in_mv() -> None:
    assert state("door", {"opened": True, "battery_v": 2.985}) == {"contact": False, "voltage": 2985, "linkquality": 60}


def test_a_button_sends_its_action_when_it_is_pressed_only() -> None:
    assert state("sos_button", {"sos": True, "battery_pct": 80.4}) == {
        "action": "emergency",
        "battery": 80,
        "linkquality": 60,
    }
    assert state("sos_button", {"sos": False}) == {"linkquality": 60}


def test_zigbee2mqtt_publishes_availability_retained() -> None:
    (device,) = zigbee2mqtt.encode_available("kitchen")
    (offline,) = zigbee2mqtt.encode_available("kitchen", online=False)
    assert offline.payload == b'{"state":"offline"}'
    (bridge,) = zigbee2mqtt.encode_bridge_online()
    assert (device.topic, device.payload, device.retain) == (
        "zigbee2mqtt/kitchen/availability",
        b'{"state":"online"}',
        True,
    )
    assert (bridge.topic, bridge.retain) == ("zigbee2mqtt/bridge/state", True)
