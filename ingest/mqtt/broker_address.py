"""Where the broker is and who we are there, from `mqtt[s]://user:password@host:port`. It opens no connection."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from msgspec import Struct

PORTS = {"mqtt": 1883, "tcp": 1883, "mqtts": 8883, "ssl": 8883}


class BadAddress(ValueError):
    """The address cannot be used; the message says what to write."""


class Address(Struct, frozen=True):
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


def read_address(url: str) -> Address:
    """The parts of a URL.

    >>> read_address("mqtts://ward:s%40fe@broker.example")
    Address(mqtts://broker.example:8883)
    """
    try:
        parts = urlsplit(url if "://" in url else f"mqtt://{url}")
        port = parts.port
    except ValueError as fault:
        raise BadAddress(f"{fault}: write mqtt://host:port") from fault
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadAddress("not an MQTT address: write mqtt://host:port or mqtts://user:password@host:port")
    password = unquote(parts.password).encode() if parts.password else None
    username = unquote(parts.username) if parts.username else None
    tls = PORTS[parts.scheme] == PORTS["mqtts"]
    return Address(parts.hostname, port or PORTS[parts.scheme], tls, username, password)
