"""ThingsBoard's gateway API: telemetry of several devices by name, with times in ms.

Source: ThingsBoard's MQTT gateway API reference (v1/gateway/telemetry, connect, disconnect). Keys are what the
gateway's connector is configured to write: our names.
"""

from __future__ import annotations

import msgspec

from simulators.events import Batch, Measurement
from simulators.wire import Message, MessageHeader


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    return [_telemetry(header, [{"ts": header.at, "values": measurement.values}])]


def encode_batch(batch: Batch, header: MessageHeader) -> list[Message]:
    """One message; every entry has its own time."""
    clock_offset_ms = header.at - batch.entries[-1].at
    return [_telemetry(header, [{"ts": entry.at + clock_offset_ms, "values": entry.values} for entry in batch.entries])]


def encode_connected(header: MessageHeader, connected: bool) -> list[Message]:
    """The gateway reports that a device of it is connected, or no longer."""
    body = {"device": header.identity} | ({"type": header.kind} if connected else {})
    return [Message(f"v1/gateway/{'connect' if connected else 'disconnect'}", msgspec.json.encode(body))]


def _telemetry(header: MessageHeader, points: list[dict[str, object]]) -> Message:
    return Message("v1/gateway/telemetry", msgspec.json.encode({header.identity: points}))
