"""Discovery and states as Home Assistant's devices publish them."""

from __future__ import annotations

import json

import msgspec

from simulators.events import Measurement
from simulators.wire import MessageHeader, homeassistant

FIRST = MessageHeader("motion_000007", 0, 0, "motion", is_first=True)


def test_configurations_are_retained_and_come_before_the_first_state() -> None:
    *configurations, state = homeassistant.encode(Measurement("motion-7", {"occupied": True}), FIRST)
    bodies = {message.topic: json.loads(message.payload) for message in configurations}
    assert all(message.retain for message in configurations)
    assert (state.topic, state.payload) == ("homeassistant/binary_sensor/motion_000007/occupied/state", b"ON")
    described = bodies["homeassistant/binary_sensor/motion_000007/occupied/config"]
    assert (described["device_class"], described["state_topic"]) == ("motion", state.topic)
    assert described["device"]["identifiers"] == ["motion_000007"]


def test_later_messages_are_states_only() -> None:
    later = msgspec.structs.replace(FIRST, is_first=False)
    (state,) = homeassistant.encode(Measurement("motion-7", {"temp_c": 21.5, "lel_pct": 3}), later)
    assert (state.topic, state.payload) == ("homeassistant/sensor/motion_000007/temp_c/state", b"21.5")
