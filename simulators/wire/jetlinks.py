"""JetLinks: properties of a product's thing model, of a device or of a gateway's child.

Source: README of JetLinks' official protocol (properties/report, event/{id}, child/{id}/…, online, offline); its tests
print `{"messageId", "data"}` of an event. Properties have the names of the operator's thing model: ours.
"""

from __future__ import annotations

from typing import Final

import msgspec

from simulators.events import Measurement
from simulators.wire import Message, MessageHeader

_PRODUCT: Final = "community"


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """A property report with the device's time; of a child on the topic of its gateway."""
    body = {
        "messageId": f"{header.identity}-{header.seq}",
        "timestamp": header.at,
        "properties": measurement.values,
    }
    return [Message(f"{_root(header)}/properties/report", msgspec.json.encode(body))]


def encode_online(header: MessageHeader, online: bool) -> list[Message]:
    """The device comes or goes."""
    body = {"messageId": f"{header.identity}-{header.seq}", "timestamp": header.at}
    return [Message(f"{_root(header)}/{'online' if online else 'offline'}", msgspec.json.encode(body))]


def _root(header: MessageHeader) -> str:
    if header.gateway:
        return f"/{_PRODUCT}/{header.gateway}/child/{header.identity}"
    return f"/{_PRODUCT}/{header.identity}"
