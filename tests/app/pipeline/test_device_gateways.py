"""Which gateway a device hangs on, as far as its platform's names tell it."""

from __future__ import annotations

import pytest

from app.pipeline.device_gateways import assign_gateways, device_of_event
from domain import Device, Identity
from ingest.results import DeviceEvent, DeviceEventKind


def device(name: str, *identities: tuple[str, str], **attributes: str) -> Device:
    return Device(name, "door", identities=tuple(Identity(*one) for one in identities), attributes=dict(attributes))


def gateways(*devices: Device) -> dict[str, object]:
    return {one.id: one.attributes.get("gateway") for one in assign_gateways(devices)}


def test_a_configured_gateway_wins_and_platforms_without_such_identities_imply_none() -> None:
    assert gateways(
        device("a", ("zigbee2mqtt", "Door"), gateway="cellar"),
        device("b", ("chirpstack", "0101010101010101")),
        device("c"),
        device("d", ("shelly", "x"), ("zigbee2mqtt", "Door")),
    ) == {"a": "cellar", "b": None, "c": None, "d": "system/zigbee2mqtt/bridge"}


def test_a_sparkplug_device_is_behind_its_edge_node_and_a_node_behind_nothing() -> None:
    below, other, node = ("sparkplug", "g/e/door"), ("sparkplug", "g/f/door"), ("sparkplug", "g/e")
    assert gateways(device("door", below), device("far", other), device("edge", node)) == {
        "door": "edge", "far": "system/sparkplug/g/f", "edge": None,
    }  # fmt: skip


def test_a_registered_bridge_is_named_by_its_device_id() -> None:
    assert gateways(device("hub", ("zigbee2mqtt", "bridge")), device("door", ("zigbee2mqtt", "Door"))) == {
        "hub": None, "door": "hub",
    }  # fmt: skip


def test_of_several_bridges_the_registered_one_of_a_devices_base_topic_is_its_gateway() -> None:
    assert gateways(
        device("hub", ("zigbee2mqtt", "bridge")),
        device("hub-b4", ("zigbee2mqtt", "z2m-b4/bridge")),
        device("near", ("zigbee2mqtt", "stairs/door")),
        device("far", ("zigbee2mqtt", "z2m-b4/stairs/door")),
    ) == {"hub": None, "hub-b4": None, "near": "hub", "far": "hub-b4"}


@pytest.mark.parametrize(
    ("identity", "ours", "name"),
    [("bridge", None, "system/zigbee2mqtt/bridge"), ("bridge", "hub", "hub"), (None, None, None)],
)
def test_an_event_is_about_a_device_or_about_an_unregistered_gateway(
    identity: str | None, ours: str | None, name: str | None
) -> None:
    assert name == device_of_event(
        DeviceEvent(DeviceEventKind.BRIDGE, "zigbee2mqtt", identity, "bridge offline", False, ours)
    )
