"""ESPHome's own topics, read from their end below any prefix."""

from __future__ import annotations

import pytest

from ingest.adapters.esphome import COMPONENTS, decode
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection


def frame_of(topic: str, payload: bytes) -> Frame:
    return Frame(topic, payload, 1767225660000, "bulk")


@pytest.mark.parametrize("component", sorted(COMPONENTS))
@pytest.mark.parametrize("prefix", ["kitchen", "b3/402/kitchen"])
def test_a_state_is_a_reading_of_the_node_named_by_its_object(prefix: str, component: str) -> None:
    (reading,) = decode(frame_of(f"{prefix}/{component}/gas_alarm/state", b"ON"))  # type: ignore[misc]

    assert isinstance(reading, RawReading)
    assert (prefix, {"gas_alarm": "ON"}) == (reading.identity, reading.fields)


@pytest.mark.parametrize("payload", [b"nan", b"unknown", b"unavailable"])
def test_a_sensor_that_has_not_measured_yet_is_a_sign_of_life(payload: bytes) -> None:
    event = decode(frame_of("kitchen/sensor/co_ppm/state", payload))

    assert isinstance(event, DeviceEvent)
    assert (DeviceEventKind.LIFE, "kitchen", True) == (event.kind, event.identity, event.online)


@pytest.mark.parametrize("topic", ["kitchen", "state", "a/b/state", "a/unlisted/b/state"])
def test_a_topic_without_a_component_is_rejected(topic: str) -> None:
    assert isinstance(decode(frame_of(topic, b"ON")), Rejection)
