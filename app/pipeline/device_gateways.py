"""Which gateway a platform's own names say that a device hangs on: Zigbee2MQTT has one bridge, and a Sparkplug device
bears its edge node's name. What a person wrote (attribute `gateway`) wins. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from domain import Device, Identity
from ingest.results import DeviceEvent

ATTRIBUTE: Final = "gateway"
ZIGBEE_BRIDGE: Final = Identity("zigbee2mqtt", "bridge")


def assign_gateways(devices: Iterable[Device]) -> list[Device]:
    """The devices, those of a platform that tells it with the name of their gateway."""
    known = list(devices)
    gateways = {identity: device.id for device in known for identity in device.identities if _may_be_gateway(identity)}
    return [_with_gateway(device, gateways) for device in known]


def _with_gateway(device: Device, gateways: dict[Identity, str]) -> Device:
    if not device.identities or ATTRIBUTE in device.attributes:
        return device
    found = (_gateway_of(identity, gateways) for identity in device.identities)
    above = next((each for each in found if each is not None), None)
    if above is None:
        return device
    name = gateways.get(above) or _name(above.platform, above.id)
    return replace(device, attributes={**device.attributes, ATTRIBUTE: name})


def _gateway_of(identity: Identity, gateways: dict[Identity, str]) -> Identity | None:
    if identity.platform == ZIGBEE_BRIDGE.platform:
        return None if _may_be_gateway(identity) else _bridge_of(identity, gateways)
    node, slash, _ = identity.id.rpartition("/")
    return Identity("sparkplug", node) if identity.platform == "sparkplug" and slash and "/" in node else None


def _bridge_of(identity: Identity, gateways: dict[Identity, str]) -> Identity:
    """Of a site's further bridges the registered one whose base topic the device bears (`z2m-b4/bridge`)."""
    levels = identity.id.split("/")
    bases = ("/".join(levels[:count]) for count in range(len(levels) - 1, 0, -1))
    own = (Identity(ZIGBEE_BRIDGE.platform, f"{base}/{ZIGBEE_BRIDGE.id}") for base in bases)
    return next((each for each in own if each in gateways), ZIGBEE_BRIDGE)


def _may_be_gateway(identity: Identity) -> bool:
    if identity.platform == ZIGBEE_BRIDGE.platform:
        return identity == ZIGBEE_BRIDGE or identity.id.endswith(f"/{ZIGBEE_BRIDGE.id}")
    return identity.platform == "sparkplug" and identity.id.count("/") == 1


def _name(platform: str, identity: str) -> str:
    return f"system/{platform}/{identity}"


def device_of_event(note: DeviceEvent) -> str | None:
    """Of whom a note speaks: a device of ours, or a gateway that nobody registered but that devices may hang on."""
    return note.device or (None if note.identity is None else _name(note.platform, note.identity))
