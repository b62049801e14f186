"""Short-lived MQTT clients for everything but the intake: doctor, simulator, rebirth requests."""

from __future__ import annotations

import ssl
from typing import Any, Self

import aiomqtt

from app.errors import UserError
from ingest.mqtt.broker_address import BrokerAddress


class BrokerUnavailable(UserError):
    """The broker cannot be reached, is not installed, or did not start."""


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
    """A client that is not yet connected; `options` are those of aiomqtt.Client.

    With mqtts:// the server certificate is verified before the password is sent.
    """
    return MqttClient(
        address.host,
        address.port,
        username=address.username,
        password=address.password.decode() if address.password else None,
        tls_context=ssl.create_default_context() if address.tls else None,
        **options,
    )
