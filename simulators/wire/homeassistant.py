"""Home Assistant's MQTT discovery: retained configurations of entities, then their states as bare words.

Source: Home Assistant's documentation of MQTT discovery (binary_sensor, sensor; device classes; the state topic of the
printed example lies beside the configuration).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from domain import Value
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader

_BINARY: Final[Mapping[str, str]] = {
    "occupied": "motion",
    "opened": "door",
    "leak": "moisture",
    "battery_low": "battery",
    "tamper": "tamper",
}
"""Device class of each verdict."""
_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "battery_pct": ("battery", "%"),
    "temp_c": ("temperature", "°C"),
}
"""Device class and unit of each number."""


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """States; before the first of them the configurations of all entities. `identity`: the device's identifier."""
    messages = _configurations(measurement.device, header) if header.is_first else []
    for quantity, value in measurement.values.items():
        if quantity in _BINARY or quantity in _NUMBERS:
            messages.append(Message(f"{_entity(quantity, header)}/state", _text(value), qos=0))
    return messages


def _configurations(device: str, header: MessageHeader) -> list[Message]:
    messages = []
    for quantity in (*_BINARY, *_NUMBERS):
        body: dict[str, object] = {
            "unique_id": f"{header.identity}_{quantity}",
            "state_topic": f"{_entity(quantity, header)}/state",
            "device": {"identifiers": [header.identity], "name": device, "manufacturer": "Community"},
        }
        if quantity in _BINARY:
            body |= {"device_class": _BINARY[quantity]}
        else:
            device_class, unit = _NUMBERS[quantity]
            body |= {"device_class": device_class, "unit_of_measurement": unit}
        messages.append(Message(f"{_entity(quantity, header)}/config", msgspec.json.encode(body), retain=True))
    return messages


def _entity(quantity: str, header: MessageHeader) -> str:
    component = "binary_sensor" if quantity in _BINARY else "sensor"
    return f"homeassistant/{component}/{header.identity}/{quantity}"


def _text(value: Value) -> bytes:
    if isinstance(value, bool):
        return b"ON" if value else b"OFF"
    return str(value).encode()
