"""The native platform: one JSON object, or an array of them, on the device's own topic."""

from __future__ import annotations

import msgspec

from simulators.events import Batch, Measurement
from simulators.wire import Message, MessageHeader


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """On `…/alarm` (the urgent lane) when the alarm bit has changed, else on `…/up`."""
    lane = "alarm" if measurement.urgent else "up"
    body = {"ts": header.at, "seq": header.seq, **measurement.values}
    return [Message(f"fengshao/v1/{header.identity}/{lane}", msgspec.json.encode(body))]


def encode_batch(batch: Batch, header: MessageHeader) -> list[Message]:
    """One array; every entry has its own time and sequence number, the last one that of the header."""
    lane = "alarm" if batch.urgent else "up"
    clock_offset_ms = header.at - batch.entries[-1].at
    first_seq = header.seq - len(batch.entries) + 1
    body = [
        {"ts": entry.at + clock_offset_ms, "seq": first_seq + index, **entry.values}
        for index, entry in enumerate(batch.entries)
    ]
    return [Message(f"fengshao/v1/{header.identity}/{lane}", msgspec.json.encode(body))]
