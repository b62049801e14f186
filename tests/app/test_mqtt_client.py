"""A broker's address is read once, and a password never goes over the wire in clear where the address says mqtts."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest

from app.cli.simulate import simulate_site
from app.config.addresses import MQTT_PASSWORD, MQTT_USER, InvalidAddress, parse_broker_url
from app.mqtt_client import mqtt_client
from app.server.run import open_broker
from app.server.sparkplug_rebirth import request_rebirths
from ingest.decoding.decoder import Decoder
from ingest.mqtt.broker_address import parse_broker_address
from tests.deploy.test_deploy_files import certificate

BROKEN_HANDSHAKE = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The MQTT library leaves the socket of a handshake that failed to the garbage collector."""


class Line:
    """Somebody who listens on a port and keeps the first bytes that come, in clear or behind TLS."""

    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def open(self, tls: ssl.SSLContext | None = None) -> int:
        self.server = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=tls)
        return int(self.server.sockets[0].getsockname()[1])

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read(200)
        if not self.first.done():
            self.first.set_result(said)
        writer.close()

    async def heard(self, work: asyncio.Task[None]) -> bytes:
        async with asyncio.timeout(20):
            said = await self.first
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        self.server.close()
        return said


HELLO = b"\x16\x03"
"""How a TLS conversation begins."""


@BROKEN_HANDSHAKE
async def test_simulate_with_mqtts_connected_without_tls_and_the_password_went_in_clear() -> None:
    line = Line()
    port = await line.open()
    playing = asyncio.create_task(simulate_site(None, f"mqtts://me:s3cret-pass@127.0.0.1:{port}", 1, 1.0))
    said = await line.heard(playing)
    assert said.startswith(HELLO)
    assert b"s3cret-pass" not in said


async def test_a_server_with_a_trusted_certificate_is_told_who_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, there = certificate(tmp_path / "certs"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(authority, authority.with_name("server.key"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    line = Line()
    port = await line.open(there)
    playing = asyncio.create_task(simulate_site(None, f"mqtts://me:s3cret-pass@localhost:{port}", 1, 1.0))
    said = await line.heard(playing)
    assert b"MQTT" in said
    assert b"s3cret-pass" in said


async def test_a_broker_that_never_answers_leaves_no_socket_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connecting = mqtt_client(
            parse_broker_address(f"mqtt://me:pass@127.0.0.1:{silent.getsockname()[1]}"), timeout=0.1
        )
        with pytest.raises(aiomqtt.MqttError):
            await connecting.__aenter__()
    assert connecting._client.socket() is None


@BROKEN_HANDSHAKE
async def test_a_rebirth_is_asked_for_over_tls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.server.sparkplug_rebirth.REQUEST_EVERY_S", 0.01)
    listener, line = Decoder({}, []), Line()
    listener.rebirth_requests.add("group/edge")
    port = await line.open()
    address = parse_broker_address(f"mqtts://me:s3cret-pass@127.0.0.1:{port}")
    said = await line.heard(asyncio.create_task(request_rebirths(listener, address, lambda: 0)))
    assert said.startswith(HELLO)


async def test_mqtts_without_a_port_is_8883_everywhere() -> None:
    address = parse_broker_url("mqtts://me:pass@broker.example")
    assert ("broker.example", 8883, True) == (address.host, address.port, address.tls)
    made = mqtt_client(address)
    assert (made._hostname, made._port) == ("broker.example", 8883)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("mqtts://me:s3cret@broker.example:99999", "Port out of range"),
        ("mqtts://me:s3cret@broker.example:abc", "write mqtt://host:port"),
        ("http://me:s3cret@broker.example", "write mqtt://user:password@host:1883"),
        ("mqtts://:8883", "not an MQTT address"),
        ("mqtts://me:s3cret@[broker.example", "write mqtt://host:port"),
        ("mqtt://broker.example", "not used without credentials"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(written: str, why: str) -> None:
    with pytest.raises(InvalidAddress, match=why) as refused:
        parse_broker_url(written)
    assert "s3cret" not in str(refused.value)


async def test_the_password_of_a_broker_that_we_start_may_hold_characters_of_urls(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    login = {MQTT_USER: "sentry", MQTT_PASSWORD: "p@ss/w?%40#rd"}
    async with open_broker(f"127.0.0.1:{free_port()}", tmp_path, login) as (address, keep_alive):
        if keep_alive is not None:
            keep_alive.close()
        async with mqtt_client(address) as connection:
            await connection.publish("fengshao/v1/gas-1/up", b"{}", qos=1)
