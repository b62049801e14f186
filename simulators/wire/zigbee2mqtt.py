"""Zigbee2MQTT: a flat JSON state under the friendly name, without time and sequence number, in the converter's words.

Source: facts/domain.md A.4 and the published states of the HEIMAN gas detector.
"""

from __future__ import annotations

from typing import Final

import msgspec

from domain import Value
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader

_PROPERTIES: Final[dict[str, str]] = {
    "alarm": "gas",
    "battery_pct": "battery",
    "temp_c": "temperature",
    "opened": "contact",
    "occupied": "occupancy",
}
_INVERTED: Final = frozenset({"opened"})
"""The converter's `contact: true` means closed."""


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """The state as the converter publishes it; link quality is derived from the sequence number."""
    body: dict[str, Value] = {
        _PROPERTIES.get(name, name): _value(name, value) for name, value in measurement.values.items()
    }
    body["linkquality"] = 60 + header.seq % 120
    return [Message(f"zigbee2mqtt/{header.identity}", msgspec.json.encode(body), qos=0)]


def encode_available(friendly_name: str) -> list[Message]:
    """Retained availability of a device."""
    return [Message(f"zigbee2mqtt/{friendly_name}/availability", b'{"state":"online"}', qos=1, retain=True)]


def encode_bridge_online() -> list[Message]:
    """Retained state of the bridge."""
    return [Message("zigbee2mqtt/bridge/state", b'{"state":"online"}', qos=1, retain=True)]


def _value(name: str, value: Value) -> Value:
    return (not value) if name in _INVERTED else value
