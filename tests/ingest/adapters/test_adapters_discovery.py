"""Devices that join, or that a gateway or platform announces, can be claimed."""

from __future__ import annotations

import pytest

from ingest.results import DiscoveredDevice
from tests.ingest.adapters.home_platforms import proposed


@pytest.mark.parametrize(
    ("topic", "content", "found"),
    [
        (
            "application/a/device/0101010101ABCDEF/event/join",
            {"deviceInfo": {"deviceName": "厨房", "deviceProfileName": "GS101"}},
            [DiscoveredDevice((("chirpstack", "0101010101abcdef"),), model="GS101", name="厨房")],
        ),
        (
            "v3/a@t/devices/dev1/join",
            {"end_device_ids": {"dev_eui": "00AB"}},
            [DiscoveredDevice((("tts", "dev1"), ("tts", "00AB"), ("tts", "00ab")))],
        ),
        (
            "v1/gateway/connect",
            {"device": "A", "type": "smoke"},
            [DiscoveredDevice((("thingsboard", "A"),), model="smoke")],
        ),
        ("v1/gateway/disconnect", {"device": "A"}, []),
        (
            "/sys/g/w/thing/topo/add",
            {"params": [{"productKey": "p", "deviceName": "d"}, {"productKey": "p"}, 7]},
            [DiscoveredDevice((("alink", "p/d"),), model="p")],
        ),
        (
            "/sys/g/w/thing/sub/batch_login",
            {"params": {"deviceList": [{"productKey": "p", "deviceName": "d"}]}},
            [DiscoveredDevice((("alink", "p/d"),), model="p")],
        ),
        (
            "/sys/g/w/thing/topo/delete",
            {"params": {"productKey": "p", "deviceName": "d"}},
            [DiscoveredDevice((("alink", "p/d"),), model="p", is_withdrawn=True)],
        ),
        ("/sys/g/w/thing/topo/add_reply", {"code": 200}, []),
        ("/sys/g/w/thing/list/found", "[", []),
    ],
)
def test_a_device_that_joins_or_is_added_by_a_gateway_can_be_claimed(
    topic: str, content: object, found: list[DiscoveredDevice]
) -> None:
    assert found == list(proposed(topic, content))


def test_a_shelly_and_a_tasmota_bridge_announce_their_devices() -> None:
    (shelly,) = proposed("shellies/announce", {"id": "shellygas-1", "model": "SHGS-1"})
    (bulb,) = proposed("tele/b/SENSOR", {"ZbInfo": {"0xECD0": {"Device": "0xECD0", "Name": "门", "Contact": 1}}})

    assert (shelly.identities, shelly.model) == ((("shelly", "shellygas-1"),), "SHGS-1")
    assert ("tasmota", "门") in bulb.identities
    assert bulb.hints == ("Contact",)
