"""Tasmota's Zigbee gateway: `ZbReceived` in telemetry, keyed by short address or name.

Source: Tasmota's documentation (Zigbee.md, MQTT.md) and printed telemetry of contact and motion sensors. Leak sensors
report the raw status of their IAS zone: the first byte has the alarm bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from domain import Value
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.fields import BINARY, Field, by_fields

_BRIDGE: Final = "zbbridge"
_COMMON: Final = by_fields(
    {
        "battery_v": Field("Voltage", digits=3),
        "battery_pct": Field("Battery", digits=0),
        "temp_c": Field("Temperature", digits=2),
    }
)
_STATUS: Final[Mapping[str, tuple[str, str]]] = {
    # Quantity and attribute by kind; motion and contact are reported by name beside the zone status.
    "door": ("opened", "Contact"),
    "motion": ("occupied", "Occupancy"),
    "water_leak": ("leak", ""),
}


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """One telemetry message of the bridge (`gateway`). `identity`: the short address or the name."""
    body = dict(_COMMON(measurement.values)) | _zone_status(header.kind, measurement.values)
    body |= {"Endpoint": 1, "LinkQuality": 60 + header.seq % 120}
    payload = msgspec.json.encode({"ZbReceived": {header.identity: body}})
    return [Message(f"tele/{header.gateway or _BRIDGE}/SENSOR", payload, qos=0)]


def encode_online(bridge: str, online: bool) -> list[Message]:
    """The retained birth and last will of the bridge."""
    return [Message(f"tele/{bridge}/LWT", b"Online" if online else b"Offline", qos=1, retain=True)]


def _zone_status(kind: str, values: Mapping[str, Value]) -> dict[str, object]:
    quantity, attribute = _STATUS.get(kind, ("", ""))
    if quantity not in values:
        return {}
    bit = BINARY[0 if values[quantity] else 1]
    if not attribute:
        return {"0500!00": f"{bit:02X}0000FF0000"}
    return {"0500<00": f"{bit:02X}0000010000", "ZoneStatusChange": bit, "ZoneStatusChangeZone": 1, attribute: bit}
