"""Short-lived MQTT clients for everything but the intake: doctor, simulator, rebirth requests."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Any, Self

import aiomqtt

from app.errors import UserError
from ingest.mqtt.broker_address import BrokerAddress


class BrokerUnavailable(UserError):
    """The broker cannot be reached, is not installed, or did not start."""


class _HandshakeSocket(ssl.SSLSocket):
    """Closed when the handshake fails: paho-mqtt leaves it open then."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class MqttClient(aiomqtt.Client):
    """An MQTT client that closes its socket when connecting is cancelled or fails.

    aiomqtt leaves the socket and its keep-alive task to the garbage collector then. It connects in
    a thread that goes on after a cancellation, so the socket may be opened only after it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._abandoned = threading.Event()

    async def __aenter__(self) -> Self:
        self._abandoned.clear()
        try:
            return await super().__aenter__()
        except BaseException:
            self._abandoned.set()
            # After the callbacks of the thread, which register the socket with the event loop.
            asyncio.get_running_loop().call_soon(self._close_socket)
            raise

    def _client_connect(self) -> None:
        """Runs in a thread of the executor."""
        super()._client_connect()
        if self._abandoned.is_set():
            self._loop.call_soon_threadsafe(self._close_socket)

    def _close_socket(self) -> None:
        self._client._sock_close()  # disconnect() would only queue a packet


def mqtt_client(address: BrokerAddress, **options: Any) -> MqttClient:
    """A client that is not yet connected; `options` are those of aiomqtt.Client.

    With mqtts:// the server certificate is verified before the password is sent.
    """
    tls = (address.context or ssl.create_default_context()) if address.tls else None
    if tls:
        tls.sslsocket_class = _HandshakeSocket
    return MqttClient(
        address.host,
        address.port,
        username=address.username,
        password=address.password.decode() if address.password else None,
        tls_context=tls,
        **options,
    )
