"""Addresses given on the command line: HOST:PORT to listen on, and the broker's mqtt[s]:// URL."""

from __future__ import annotations

import re
from ipaddress import ip_address
from ssl import SSLContext
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.errors import UserError
from ingest.mqtt.broker_address import BrokerAddress, InvalidBrokerAddress, parse_broker_address

MQTT_USER = "FENGSHAO_MQTT_USER"
MQTT_PASSWORD = "FENGSHAO_MQTT_PASSWORD"  # noqa: S105 (a name, not a password)
_PASSWORD: Final = re.compile(r"(://[^:@/]*):.*@")


class InvalidAddress(UserError):
    """The address cannot be used; the message says what to write instead."""


class ListenAddress(Struct, frozen=True):
    """Host and TCP port to listen on."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("broker.example")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def parse_listen_address(text: str, option: str) -> ListenAddress:
    """Parse HOST:PORT; `option` is the command line option that the error names. Raises InvalidAddress.

    >>> parse_listen_address("127.0.0.1:8080", "--http")
    ListenAddress(host='127.0.0.1', port=8080)
    """
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise InvalidAddress(f"{option} {text}: write HOST:PORT, for example 127.0.0.1:8080")
    return ListenAddress(host.strip("[]"), int(port))


def is_url(text: str) -> bool:
    """Whether `--mqtt` is the URL of a running broker instead of an address where to start one."""
    return "://" in text


def parse_broker_url(
    text: str, login: tuple[str, str] = ("", ""), context: SSLContext | None = None, *, has_certificate: bool = False
) -> BrokerAddress:
    """Parse `--mqtt` with an mqtt[s]:// URL. Raises InvalidAddress.

    `login` (user and password from the environment, where no `ps` shows them) is used when the URL has no user. A
    broker that others can reach is not used without credentials: a password, or over TLS our own certificate. `context`
    is that of BrokerAddress.

    >>> broker = parse_broker_url("mqtts://broker.example", ("me", "p@ss"))
    >>> broker, broker.username, broker.password
    (BrokerAddress(mqtts://broker.example:8883), 'me', b'p@ss')
    """
    if text.partition("://")[0].lower() not in ("mqtt", "mqtts"):
        raise InvalidAddress(f"--mqtt {without_password(text)}: write mqtt://user:password@host:1883 or mqtts://...")
    try:
        broker = parse_broker_address(text)
    except InvalidBrokerAddress as error:
        raise InvalidAddress(f"--mqtt {without_password(text)}: {error}") from error
    if all(login) and not broker.username:
        broker = replace(broker, username=login[0], password=login[1].encode())
    if broker.tls:
        broker = replace(broker, context=context)
    if not is_loopback(broker.host) and not broker.username and not (broker.tls and has_certificate):
        raise InvalidAddress(
            f"--mqtt {without_password(text)}: a broker on the network is not used without credentials; "
            "write mqtt[s]://user:password@host:port, or mqtts:// and the setting mqtt.tls.certificate_file"
        )
    return broker


def without_password(url: str) -> str:
    """The URL with its password replaced by `***`, also when the URL is malformed.

    >>> without_password("mqtts://me:secret@broker.example:8883")
    'mqtts://me:***@broker.example:8883'
    """
    return _PASSWORD.sub(r"\1:***@", url)
