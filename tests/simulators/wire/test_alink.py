"""Alink messages."""

from __future__ import annotations

import json

from simulators.events import Measurement
from simulators.wire import MessageHeader, alink

AT = 1_524_448_722_000


def test_a_property_post_has_the_shape_of_the_documented_one() -> None:
    header = MessageHeader("a1/gas-1", AT, 123, "gas_alarm")
    (message,) = alink.encode(Measurement("gas-1", {"alarm": True, "battery_pct": 80}), header)
    assert message.topic == "/sys/a1/gas-1/thing/event/property/post"
    assert json.loads(message.payload) == {
        "id": "123",
        "version": "1.0",
        "sys": {"ack": 0},
        "params": {"GasSensorState": {"value": 1, "time": AT}, "BatteryPercentage": {"value": 80, "time": AT}},
        "method": "thing.event.property.post",
    }


def test_removal_is_an_event() -> None:
    header = MessageHeader("a1/door-1", AT, 1, "door")
    (message,) = alink.encode(Measurement("door-1", {"tamper": True}), header)
    assert message.topic == "/sys/a1/door-1/thing/event/TamperAlarm/post"
    assert json.loads(message.payload)["params"] == {"value": {}, "time": AT}
