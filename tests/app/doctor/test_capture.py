"""A capture ends at its limits and truncates large payloads."""

from __future__ import annotations

import aiomqtt
import pytest

from app.doctor.capture import CaptureLimits, listen
from ingest.mqtt.broker_address import parse_broker_address
from tests.conftest import Broker


@pytest.mark.parametrize(
    ("limits", "ended", "count"),
    [(CaptureLimits(messages=2), "messages", 2), (CaptureLimits(bytes=12), "bytes", None), (None, "time", 3)],
)
async def test_a_capture_ends_at_the_first_limit(
    broker: Broker, limits: CaptureLimits | None, ended: str, count: int | None
) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for number in range(3):
            await client.publish(f"capture/{number}", b"x" * 10, qos=1, retain=True)

    capture = await listen(parse_broker_address(f"mqtt://127.0.0.1:{broker.port}"), 1, [], lambda: 7, limits)

    assert (capture.ended, capture.subscribed, capture.refused) == (ended, ["#"], {})
    assert count is None or count == len(capture.frames)


async def test_a_large_payload_is_truncated_and_its_size_kept(broker: Broker) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish("capture/large", b"x" * 100, qos=1, retain=True)

    address = parse_broker_address(f"mqtt://127.0.0.1:{broker.port}")
    capture = await listen(address, 5, [], lambda: 7, CaptureLimits(messages=1, message_bytes=10))

    (frame,) = capture.frames
    assert (frame.payload, frame.size, frame.retain) == (b"x" * 10, 100, True)
