"""Which gateway a device is connected through, read from its platform identity.

Zigbee2MQTT has one bridge per base topic; the identity of a Sparkplug device contains its edge node. The attribute
`gateway` of a device overrides both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from domain import Device, Identity
from ingest.results import DeviceEvent

ATTRIBUTE: Final = "gateway"
ZIGBEE_BRIDGE: Final = Identity("zigbee2mqtt", "bridge")


def assign_gateways(devices: Iterable[Device]) -> list[Device]:
    """The devices with the attribute `gateway` set where their platform identity names one."""
    registered = list(devices)
    gateways = {
        identity: device.id for device in registered for identity in device.identities if _may_be_gateway(identity)
    }
    return [_with_gateway(device, gateways) for device in registered]


def _with_gateway(device: Device, gateways: Mapping[Identity, str]) -> Device:
    if not device.identities or ATTRIBUTE in device.attributes:
        return device
    candidates = (_gateway_of(identity, gateways) for identity in device.identities)
    gateway = next((candidate for candidate in candidates if candidate is not None), None)
    if gateway is None:
        return device
    name = gateways.get(gateway) or _implied_name(gateway.platform, gateway.id)
    return replace(device, attributes={**device.attributes, ATTRIBUTE: name})


def _gateway_of(identity: Identity, gateways: Mapping[Identity, str]) -> Identity | None:
    if identity.platform == ZIGBEE_BRIDGE.platform:
        return None if _may_be_gateway(identity) else _bridge_of(identity, gateways)
    node, slash, _ = identity.id.rpartition("/")
    return Identity("sparkplug", node) if identity.platform == "sparkplug" and slash and "/" in node else None


def _bridge_of(identity: Identity, gateways: Mapping[Identity, str]) -> Identity:
    """The registered bridge whose base topic the identity begins with (`z2m-b4/bridge`), else the default bridge."""
    levels = identity.id.split("/")
    base_topics = ("/".join(levels[:count]) for count in range(len(levels) - 1, 0, -1))
    bridges = (Identity(ZIGBEE_BRIDGE.platform, f"{base}/{ZIGBEE_BRIDGE.id}") for base in base_topics)
    return next((bridge for bridge in bridges if bridge in gateways), ZIGBEE_BRIDGE)


def _may_be_gateway(identity: Identity) -> bool:
    if identity.platform == ZIGBEE_BRIDGE.platform:
        return identity == ZIGBEE_BRIDGE or identity.id.endswith(f"/{ZIGBEE_BRIDGE.id}")
    return identity.platform == "sparkplug" and identity.id.count("/") == 1


def _implied_name(platform: str, identity: str) -> str:
    """Id of a gateway that devices are connected through and that is not registered."""
    return f"system/{platform}/{identity}"


def device_of_event(event: DeviceEvent) -> str | None:
    """The device an event is about: a registered one, or an implied gateway. None when it names neither."""
    return event.device or (None if event.identity is None else _implied_name(event.platform, event.identity))
