"""Short-lived MQTT clients: their port, and that a failed one leaves nothing open."""

from __future__ import annotations

import socket

import aiomqtt
import pytest

from app.config.addresses import parse_broker_url
from app.mqtt_client import mqtt_client
from ingest.mqtt.broker_address import parse_broker_address


async def test_a_broker_that_never_answers_leaves_no_socket_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connecting = mqtt_client(
            parse_broker_address(f"mqtt://me:pass@127.0.0.1:{silent.getsockname()[1]}"), timeout=0.1
        )
        with pytest.raises(aiomqtt.MqttError):
            await connecting.__aenter__()
    assert connecting._client.socket() is None


async def test_mqtts_without_a_port_is_8883_everywhere() -> None:
    address = parse_broker_url("mqtts://me:pass@broker.example")
    assert ("broker.example", 8883, True) == (address.host, address.port, address.tls)
    client = mqtt_client(address)
    assert (client._hostname, client._port) == ("broker.example", 8883)
