"""The fallback broker carries messages between MQTT 3.1.1 devices and MQTT 5 sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiomqtt

from app.server.rumqttd import Rumqttd


async def test_without_mosquitto_the_broker_in_a_wheel_delivers_a_message(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    broker = Rumqttd(tmp_path / "broker", "127.0.0.1", free_port())
    await broker.start()
    try:
        async with (
            aiomqtt.Client("127.0.0.1", broker.port_v5, protocol=aiomqtt.ProtocolVersion.V5) as ours,
            aiomqtt.Client("127.0.0.1", broker._port) as device,
        ):
            await ours.subscribe("fengshao/v1/#", qos=1)
            await device.publish("fengshao/v1/gas-1/up", '{"lel_pct": 1}', qos=1)
            message = await anext(aiter(ours.messages))
        assert message.payload == b'{"lel_pct": 1}'
    finally:
        await broker.stop()
