"""A local Mosquitto: which daemon is adopted, and who may connect to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest

from app.mqtt_client import BrokerUnavailable
from app.server.mosquitto import Mosquitto, _alive
from ingest.routing.broker_clients import BrokerClient, BrokerClients, Omission
from tests.support.timeouts import LONG_TIMEOUT_S


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
    assert Path(f"/proc/{pid}/environ").read_bytes().split(b"=")[0] == b"PATH", "none of our secrets"
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


async def test_a_broker_left_behind_reads_passwords_that_were_changed_while_the_service_was_down(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """It refused the service itself after its password had been changed, and let in whose password had been renewed."""
    port, folder = free_port(), tmp_path / "broker"
    await Mosquitto(folder, "127.0.0.1", port, ("sentry", "maple")).start()
    second = Mosquitto(folder, "127.0.0.1", port, ("sentry", "birch"))
    await second.start()
    try:
        async with asyncio.timeout(LONG_TIMEOUT_S):
            while not await accepts(port, "birch"):
                continue
        assert not await accepts(port, "maple")
    finally:
        await second.stop()


def test_passwords_that_mosquitto_passwd_wrote_stop_no_start_and_go_with_their_users(tmp_path: Path) -> None:
    """Its salts are any bytes. The service refused to start, and each later change of the registry failed."""
    foreign, broken = "gas-1:$7$101$/////////////////////w==$AA==", "no hash at all"
    file = tmp_path / "passwords"
    file.write_text(f"{foreign}\n{broken}\nspare:$6$x$y\n")
    broker = Mosquitto(tmp_path, "127.0.0.1", 1, ("sentry", "maple"))
    broker._write_access_files()
    own, *others = file.read_text().splitlines()
    assert (own.split(":")[0], others) == ("sentry", [foreign, "spare:$6$x$y"])
    broker.set_clients(BrokerClients((BrokerClient("gas-1", "device", (), ()),)))
    assert file.read_text().splitlines() == [own, foreign]

    broker.set_clients(BrokerClients((), (Omission("gas-1", "identity '+'"),)))
    assert file.read_text().splitlines() == [own, foreign], "a mistyped identity costs no visit at the device"


async def accepts(port: int, password: str) -> bool:
    try:
        async with aiomqtt.Client("127.0.0.1", port, username="sentry", password=password):
            return True
    except aiomqtt.MqttError:
        return False
