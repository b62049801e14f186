"""Zigbee2MQTT: a flat JSON state under the friendly name, no time, no number, the converter's own words.

It knows nothing of how it is read. Source: facts/domain.md A.4 and the HEIMAN gas detector's published states.
"""

from __future__ import annotations

from typing import Final

import msgspec

from domain import Value
from simulators.wire import Measurement, Message, MessageHeader

_WORDS: Final[dict[str, str]] = {
    "alarm": "gas",
    "battery_pct": "battery",
    "temp_c": "temperature",
    "opened": "contact",
    "occupied": "occupancy",
}
_OPPOSITE: Final = frozenset({"opened"})
"""The converter's `contact: true` means closed."""


def encode(said: Measurement, envelope: MessageHeader) -> list[Message]:
    """The state as the converter publishes it; link quality follows from the running number."""
    body: dict[str, Value] = {_WORDS.get(name, name): _value(name, value) for name, value in said.values.items()}
    body["linkquality"] = 60 + envelope.seq % 120
    return [Message(f"zigbee2mqtt/{envelope.identity}", msgspec.json.encode(body), qos=0)]


def encode_available(friendly_name: str) -> list[Message]:
    """The bridge says that the device answers: retained."""
    return [Message(f"zigbee2mqtt/{friendly_name}/availability", b'{"state":"online"}', qos=1, retain=True)]


def encode_bridge_online() -> list[Message]:
    """The bridge itself is there: retained."""
    return [Message("zigbee2mqtt/bridge/state", b'{"state":"online"}', qos=1, retain=True)]


def _value(name: str, value: Value) -> Value:
    return (not value) if name in _OPPOSITE else value
