"""Where the broker is and who we are there, from `mqtt[s]://user:password@host:port`. It opens no connection."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from msgspec import Struct

DEFAULT_PORTS = {"mqtt": 1883, "tcp": 1883, "mqtts": 8883, "ssl": 8883}


class InvalidBrokerAddress(ValueError):
    """The address cannot be used; the message says what to write."""


class BrokerAddress(Struct, frozen=True):
    """A broker's address; its password is never printed."""

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: bytes | None = None

    def __repr__(self) -> str:
        return f"Address({self})"

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse_broker_address(url: str) -> BrokerAddress:
    """The parts of a URL.

    >>> parse_broker_address("mqtts://ward:s%40fe@broker.example")
    Address(mqtts://broker.example:8883)
    """
    try:
        parts = urlsplit(url if "://" in url else f"mqtt://{url}")
        port = parts.port
    except ValueError as fault:
        raise InvalidBrokerAddress(f"{fault}: write mqtt://host:port") from fault
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise InvalidBrokerAddress("not an MQTT address: write mqtt://host:port or mqtts://user:password@host:port")
    password = unquote(parts.password).encode() if parts.password else None
    username = unquote(parts.username) if parts.username else None
    tls = DEFAULT_PORTS[parts.scheme] == DEFAULT_PORTS["mqtts"]
    return BrokerAddress(parts.hostname, port or DEFAULT_PORTS[parts.scheme], tls, username, password)
