"""Short-lived MQTT clients: their port, and that a failed one leaves nothing open."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from pathlib import Path

import aiomqtt
import pytest

from app.config.addresses import parse_broker_url
from app.mqtt_client import mqtt_client
from ingest.mqtt.broker_address import parse_broker_address
from tests.deploy.test_deploy_files import certificate


async def test_a_broker_that_never_answers_leaves_no_socket_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = parse_broker_address(f"mqtt://me:pass@127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(aiomqtt.MqttError):
            await (connecting := mqtt_client(address, timeout=0.1)).__aenter__()
    await asyncio.sleep(0)  # the close is a callback of the loop
    assert connecting._client.socket() is None


async def test_a_connect_cancelled_during_the_tls_handshake_leaves_no_socket_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, server_tls = certificate(tmp_path / "certs"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(authority, authority.with_name("server.key"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = mqtt_client(parse_broker_url(f"mqtts://me:pass@localhost:{listener.getsockname()[1]}"))
        connecting = asyncio.create_task(client.__aenter__())
        accepted, _peer = await loop.run_in_executor(None, listener.accept)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        with await loop.run_in_executor(None, lambda: server_tls.wrap_socket(accepted, server_side=True)):
            await loop.shutdown_default_executor()  # the thread that connected ends
            await asyncio.sleep(0)
    assert client._client.socket() is None


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_a_broker_without_tls_leaves_no_socket_open(answer: bytes) -> None:
    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        client = mqtt_client(parse_broker_url(f"mqtts://me:pass@127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        with pytest.raises(aiomqtt.MqttError):
            await client.__aenter__()
    gc.collect()  # a socket left open is a warning, which fails the test


async def test_mqtts_without_a_port_is_8883_everywhere() -> None:
    address = parse_broker_url("mqtts://me:pass@broker.example")
    assert ("broker.example", 8883, True) == (address.host, address.port, address.tls)
    client = mqtt_client(address)
    assert (client._hostname, client._port) == ("broker.example", 8883)
