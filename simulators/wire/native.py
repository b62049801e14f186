"""The native platform: one JSON object on the device's own topic."""

from __future__ import annotations

import msgspec

from simulators.events import Measurement
from simulators.wire import Message, MessageHeader


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """On `…/alarm` (the urgent lane) when the alarm bit has changed, else on `…/up`."""
    lane = "alarm" if measurement.urgent else "up"
    body = {"ts": header.at, "seq": header.seq, **measurement.values}
    return [Message(f"fengshao/v1/{header.identity}/{lane}", msgspec.json.encode(body))]
