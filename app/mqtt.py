"""A short-lived MQTT client of ours beside the intake: TLS where the address says so. It parses nothing."""

from __future__ import annotations

import ssl

import aiomqtt

from ingest.address import Address


def client(address: Address) -> aiomqtt.Client:
    """Not yet connected. A password never goes to a server whose certificate was not verified."""
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.username,
        password=address.password.decode() if address.password else None,
        tls_context=ssl.create_default_context() if address.tls else None,
    )
