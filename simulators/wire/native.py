"""The native platform: one JSON object on the device's own topic. It knows nothing of how it is read."""

from __future__ import annotations

import msgspec

from simulators.wire import Measurement, Message, MessageHeader


def encode(said: Measurement, envelope: MessageHeader) -> list[Message]:
    """`…/alarm` when the alarm bit changes (the urgent lane), else `…/up`."""
    lane = "alarm" if said.urgent else "up"
    body = {"ts": envelope.at, "seq": envelope.seq, **said.values}
    return [Message(f"fengshao/v1/{envelope.identity}/{lane}", msgspec.json.encode(body))]
