"""Zigbee2MQTT: device list, self-tests, malformed messages."""

from __future__ import annotations

from collections.abc import Callable

from ingest.decoding.decoder import Decoder
from ingest.results import DiscoveredDevice
from tests.ingest.adapters.home_platforms import frame_of, named_on, proposed


def test_a_bridge_device_list_discovers_all_devices_but_the_bridge() -> None:
    found = proposed(
        "zigbee2mqtt/bridge/devices",
        [
            {"ieee_address": "0x00124b00120144ae", "type": "Coordinator", "friendly_name": "Coordinator"},
            {
                "ieee_address": "0x00158d0001deec28",
                "friendly_name": "Kitchen",
                "definition": {"model": "HS3CG", "vendor": "Heiman", "exposes": [{"property": "gas"}]},
            },
        ],
    )

    assert found == (
        DiscoveredDevice(
            (("zigbee2mqtt", "Kitchen"), ("zigbee2mqtt", "0x00158d0001deec28")),
            ("gas",),
            "Heiman",
            "HS3CG",
            "Kitchen",
            ("zigbee2mqtt/Kitchen",),
        ),
    )


def test_a_requested_self_test_is_a_test_until_its_result_arrives(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(named_on("zigbee2mqtt", "gas_alarm", "kitchen"))
    content = [{"gas": True, "self_test": True, "self_test_result": word} for word in (None, "checking", "success")]
    result = decoder.decode(
        [frame_of("zigbee2mqtt/kitchen", {**item, "self_test_result": item["self_test_result"]}) for item in content]
    )

    assert [True, True, None] == [reading.values.get("test") for reading in result.readings]


def test_a_malformed_message_with_a_danger_bit_is_reported_whatever_the_device_name(
    build_decoder: Callable[..., Decoder],
) -> None:
    result = build_decoder().decode([frame_of("zigbee2mqtt/3栋/402", '{"alarm": true, "batt')])

    assert [(refusal.reason, refusal.identity, refusal.danger) for refusal in result.refusals] == [
        ("bad_payload", "3栋/402", True)
    ]
