"""Short-lived MQTT clients of our own, beside the intake: TLS where the address says so."""

from __future__ import annotations

import ssl
from typing import Any, Self

import aiomqtt

from app.errors import UserError
from ingest.mqtt.broker_address import BrokerAddress


class BrokerUnavailable(UserError):
    """Mosquitto is not on this machine, or did not start."""


class MqttClient(aiomqtt.Client):
    """An MQTT client that closes its socket when connecting is cancelled or fails.

    aiomqtt leaves the socket and its keep-alive task to the garbage collector then.
    """

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except BaseException:
            self._client._sock_close()  # disconnect() would only queue a packet
            raise


def mqtt_client(address: BrokerAddress, **options: Any) -> MqttClient:
    """Not yet connected; `options` are those of aiomqtt.Client. A password is sent to verified servers only."""
    return MqttClient(
        address.host,
        address.port,
        username=address.username,
        password=address.password.decode() if address.password else None,
        tls_context=ssl.create_default_context() if address.tls else None,
        **options,
    )
