"""Dangers of unregistered devices, by platform."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.decoding.decoder import Decoder
from tests.ingest.adapters.home_platforms import frame_of


@pytest.mark.parametrize(
    ("topic", "content", "danger"),
    [
        ("zigbee2mqtt/hall", {"occupancy": True}, False),
        ("zigbee2mqtt/front door", {"contact": False}, False),
        ("homeassistant/light/kitchen/state", "ON", False),
        ("stat/lamp/RESULT", {"Switch1": {"Action": "ON"}}, False),
        ("tele/b/SENSOR", {"ZbReceived": {"0x099F": {"0500!00": "010000FF0000"}}}, False),
        ("zigbee2mqtt/hall", {"smoke": True}, True),
        ("homeassistant/binary_sensor/kitchen/gas/state", "ON", True),
        ("tele/b/SENSOR", {"ZbReceived": {"0x099F": {"0501!02": ""}}}, True),
        ("application/a/device/01/event/up", {"object": {"smokeAlarm": "Alarm"}}, True),
        ("application/a/device/01/event/up", {"object": {"smokeAlarm": "Alarm", "testButtonPressed": "Pushed"}}, False),
    ],
)
def test_an_unregistered_device_is_a_danger_only_when_its_word_is_unambiguous(
    topic: str, content: object, danger: bool, build_decoder: Callable[..., Decoder]
) -> None:
    (refusal,) = build_decoder().decode([frame_of(topic, content)]).refusals

    assert (refusal.reason, refusal.danger) == ("unknown_device", danger)
