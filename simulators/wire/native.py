"""The native platform: one JSON object, or an array of them, on the device's own topic."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

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


def exercise_of(message: Message) -> Message:
    """A native message on the device's topic of exercises, which the service notes and does not evaluate.

    >>> exercise_of(Message("fengshao/v1/gas-1/alarm", b"{}")).topic
    'fengshao/v1/gas-1/exercise'
    """
    return replace(message, topic=f"{message.topic.rpartition('/')[0]}/exercise")


def encode_status(identity: str, *, online: bool) -> list[Message]:
    """The last will on `…/status`, which the broker publishes when the connection is lost, and what the device
    publishes there when it is back."""
    return [Message(f"fengshao/v1/{identity}/status", b"online" if online else b"offline")]
