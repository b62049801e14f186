"""Parsing of Home Assistant discovery messages."""

from __future__ import annotations

import pytest

from ingest.adapters.homeassistant.discovery import describe_device, reporting_identity


@pytest.mark.parametrize(
    ("topic", "identity"),
    [
        ("application/a/device/0101010101010101/event/up", ("chirpstack", "0101010101010101")),
        ("v3/a@t/devices/dev1/up", ("tts", "dev1")),
        ("zigbee2mqtt/bridge/state", None),
        ("tele/SENSOR", None),
        ("homeassistant", None),
    ],
)
def test_the_state_topic_tells_the_reporting_platform_and_identity(
    topic: str, identity: tuple[str, str] | None
) -> None:
    assert identity == reporting_identity(topic)


def test_a_discovery_message_full_of_nonsense_discovers_no_device() -> None:
    description = describe_device("sensor", {"dev": 3, "cns": 1, "stat_t": 7, "cmps": {"a": 1}, "~": []})

    assert (description.identifiers, description.reporters, description.topics, description.vendor) == (
        (),
        (),
        (),
        None,
    )
