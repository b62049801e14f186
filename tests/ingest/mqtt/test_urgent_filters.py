"""Topics of urgent devices on which the urgent session subscribes."""

from __future__ import annotations

from domain import Device, Identity
from domain.kind import Kind
from ingest.mqtt.urgent_filters import NATIVE_ALARMS, urgent_filters
from ingest.routing.routes import Routes


def test_urgent_devices_with_their_own_topic_are_subscribed_on_it_up_to_the_limit(kinds: dict[str, Kind]) -> None:
    devices = [
        Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "厨房 1"), Identity("shelly", "x"))),
        Device("gas-2", "gas_alarm", identities=(Identity("chirpstack", "ABCD"), Identity("zigbee2mqtt", "a#"))),
        Device("gas-3", "gas_alarm", identities=(Identity("tts", "0004A30B001C0530"), Identity("tts", "dev1"))),
        Device("door-1", "door", identities=(Identity("zigbee2mqtt", "Door"),)),
        Device("thing", "robot", identities=(Identity("zigbee2mqtt", "Robot"),)),
    ]
    everything = urgent_filters(devices, kinds, 9)
    own = ("zigbee2mqtt/厨房 1", "application/+/device/abcd/event/up", "v3/+/devices/dev1/up")
    assert (NATIVE_ALARMS, *own) == everything.filters
    assert ((NATIVE_ALARMS, "zigbee2mqtt/厨房 1"), 2) == (
        urgent_filters(devices, kinds, 2).filters,
        urgent_filters(devices, kinds, 2).omitted,
    )


def test_the_urgent_session_subscribes_the_topics_of_this_site(kinds: dict[str, Kind]) -> None:
    devices = [
        Device("a", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),)),
        Device("b", "gas_alarm", identities=(Identity("zigbee2mqtt", "z2m-b4/kitchen"),)),
        Device("c", "gas_alarm", identities=(Identity("chirpstack", "0101010101ABCDEF"),)),
    ]
    routes = Routes(
        {"zigbee2mqtt": ["zigbee2mqtt/#", "z2m-b4/#"], "chirpstack": ["b3/application/+/device/+/event/up"]}
    )

    wanted = urgent_filters(devices, kinds, 10, routes).filters

    assert wanted == (
        "fengshao/v1/+/alarm",
        "zigbee2mqtt/kitchen",
        "zigbee2mqtt/z2m-b4/kitchen",
        "z2m-b4/kitchen",
        "b3/application/+/device/0101010101abcdef/event/up",
    )
    assert ("fengshao/v1/+/alarm",) == urgent_filters(
        devices, kinds, 10, Routes({"zigbee2mqtt": [], "chirpstack": []})
    ).filters
    tasmota = Routes({"tasmota": ["+/tele/#"]})
    assert ["kitchen/tele/SENSOR"] == tasmota.site_filters("tasmota", "tele/kitchen/SENSOR")
