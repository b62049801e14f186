"""Messages of the native platform."""

from __future__ import annotations

import json

from simulators.events import Measurement
from simulators.wire import MessageHeader, native

AT = 1_658_136_855_775  # 2022-07-18T09:34:15.775Z


SAID = Measurement("gas-001", {"alarm": False, "lel_pct": 1.2})


def test_a_native_device_publishes_one_object_on_its_own_topic() -> None:
    (message,) = native.encode(SAID, MessageHeader("gas-001", AT, 7))
    assert message.topic == "fengshao/v1/gas-001/up"
    assert json.loads(message.payload) == {"ts": AT, "seq": 7, "alarm": False, "lel_pct": 1.2}
    assert message.qos == 1


def test_a_native_alarm_takes_the_urgent_lane() -> None:
    (message,) = native.encode(Measurement("gas-001", {"alarm": True}, urgent=True), MessageHeader("gas-001", AT, 8))
    assert message.topic == "fengshao/v1/gas-001/alarm"
