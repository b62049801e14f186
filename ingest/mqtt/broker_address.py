"""MQTT broker address, parsed from `mqtt[s]://user:password@host:port`. The only parser of such URLs."""

from __future__ import annotations

from ssl import SSLContext
from urllib.parse import unquote, urlsplit

from msgspec import Struct

DEFAULT_PORTS = {"mqtt": 1883, "tcp": 1883, "mqtts": 8883, "ssl": 8883}
"""By URL scheme."""


class InvalidBrokerAddress(ValueError):
    """The URL cannot be used; the message says what to write instead."""


class BrokerAddress(Struct, frozen=True):
    """Host, port and credentials of a broker. `str` and `repr` contain no credentials.

    `context`: how TLS verifies the server, and our certificate; None: by the authorities of the system, without one.
    """

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: bytes | None = None
    context: SSLContext | None = None

    def __repr__(self) -> str:
        return f"BrokerAddress({self})"

    def __str__(self) -> str:
        return f"{self._scheme}://{self._host_and_port}"

    @property
    def without_password(self) -> str:
        """The URL with the user name, and `***` for the password."""
        login = f"{self.username}{':***' if self.password else ''}@" if self.username else ""
        return f"{self._scheme}://{login}{self._host_and_port}"

    @property
    def _scheme(self) -> str:
        return "mqtts" if self.tls else "mqtt"

    @property
    def _host_and_port(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_broker_address(url: str) -> BrokerAddress:
    """Parse a URL; without a scheme it is `mqtt`. Raises InvalidBrokerAddress.

    >>> parse_broker_address("mqtts://ward:s%40fe@broker.example")
    BrokerAddress(mqtts://broker.example:8883)
    """
    try:
        parts = urlsplit(url if "://" in url else f"mqtt://{url}")
        port = parts.port
    except ValueError as error:
        raise InvalidBrokerAddress(f"{error}: write mqtt://host:port") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise InvalidBrokerAddress("not an MQTT address: write mqtt://host:port or mqtts://user:password@host:port")
    password = unquote(parts.password).encode() if parts.password else None
    username = unquote(parts.username) if parts.username else None
    tls = DEFAULT_PORTS[parts.scheme] == DEFAULT_PORTS["mqtts"]
    return BrokerAddress(parts.hostname, port or DEFAULT_PORTS[parts.scheme], tls, username, password)
