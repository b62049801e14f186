"""Addresses as people write them on the command line: HOST:PORT and mqtt[s]:// URLs. It opens nothing."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from msgspec import Struct

from app.errors import UserError
from ingest.mqtt.broker_address import parse_broker_address

MQTT_USER = "FENGSHAO_MQTT_USER"
MQTT_PASSWORD = "FENGSHAO_MQTT_PASSWORD"  # noqa: S105 (a name, not a password)


class InvalidAddress(UserError):
    """An address that cannot be used, with what to write instead."""


class ListenAddress(Struct, frozen=True):
    """A host and a port to listen on."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("broker.example")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def parse_listen_address(written: str, option: str) -> ListenAddress:
    """HOST:PORT.

    >>> parse_listen_address("127.0.0.1:8080", "--http")
    ListenAddress(host='127.0.0.1', port=8080)
    """
    host, colon, port = written.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise InvalidAddress(f"{option} {written}: write HOST:PORT, for example 127.0.0.1:8080")
    return ListenAddress(host.strip("[]"), int(port))


def is_url(written: str) -> bool:
    """Whether `--mqtt` names a broker that runs (a URL) instead of where to start one."""
    return "://" in written


def parse_broker_url(written: str, login: tuple[str, str] = ("", "")) -> str:
    """A checked mqtt[s]:// URL. A broker that others can reach is not used without credentials.

    `login` (from the environment, where no `ps` shows it) is used where the URL names nobody.

    >>> parse_broker_url("mqtts://broker.example:8883", ("me", "p@ss"))
    'mqtts://me:p%40ss@broker.example:8883'
    """
    parts = urlsplit(written)
    if all(login) and parts.hostname and not parts.username:
        user, password = (quote(part, safe="") for part in login)
        written = written.replace("://", f"://{user}:{password}@", 1)
        parts = urlsplit(written)
    if parts.scheme not in ("mqtt", "mqtts"):
        raise InvalidAddress(f"--mqtt {without_password(written)}: write mqtt://user:password@host:1883 or mqtts://...")
    try:
        broker = parse_broker_address(written)
    except ValueError as fault:
        raise InvalidAddress(f"--mqtt {without_password(written)}: {fault}") from fault
    if not is_loopback(broker.host) and not broker.username:
        raise InvalidAddress(
            f"--mqtt {without_password(written)}: a broker on the network is not used without credentials; "
            "write mqtt[s]://user:password@host:port"
        )
    return written


def without_password(url: str) -> str:
    """The URL without its password.

    >>> without_password("mqtts://me:secret@broker.example:8883")
    'mqtts://me:***@broker.example:8883'
    """
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@", 1) if password else url
