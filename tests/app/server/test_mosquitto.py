"""A local Mosquitto: which daemon is adopted, and who may connect to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest

from app.mqtt_client import BrokerUnavailable
from app.server.mosquitto import Mosquitto, _alive


async def test_a_broker_left_behind_by_a_killed_service_is_adopted_with_its_queue(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    first = Mosquitto(tmp_path / "broker", "127.0.0.1", port)
    await first.start()
    second = Mosquitto(tmp_path / "broker", "127.0.0.1", port)
    await second.start()

    pid = int((tmp_path / "broker" / "mosquitto.pid").read_text())
    assert _alive(pid)
    await second.stop()
    assert not _alive(pid)


async def test_a_second_service_on_a_port_in_use_does_not_take_over_the_first_ones_broker(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Found by hand: the second took over the first one's sessions and acknowledged its gas alarms."""
    port = free_port()
    first = Mosquitto(tmp_path / "one", "127.0.0.1", port)
    await first.start()
    try:
        with pytest.raises(BrokerUnavailable, match="listens there already"):
            await Mosquitto(tmp_path / "two", "127.0.0.1", port).start()
    finally:
        await first.stop()


async def test_a_broker_left_behind_is_not_adopted_when_its_settings_have_changed(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Left open to everybody, it must not go on so once credentials are asked for."""
    port = free_port()
    await Mosquitto(tmp_path / "broker", "127.0.0.1", port).start()
    second = Mosquitto(tmp_path / "broker", "127.0.0.1", port, ("sentry", "maple"))
    await second.start()
    try:
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port):
                pass
    finally:
        await second.stop()


async def test_a_broker_with_credentials_refuses_an_anonymous_client(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    broker = Mosquitto(tmp_path / "broker", "127.0.0.1", port, ("sentry", "maple"))
    await broker.start()
    try:
        async with aiomqtt.Client("127.0.0.1", port, username="sentry", password="maple") as client:
            await client.publish("fengshao/v1/x/up", "{}", qos=1)
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port):
                pass
        assert "maple" not in (tmp_path / "broker" / "passwords").read_text()
    finally:
        await broker.stop()
