"""The broker of `up --mqtt`: one that runs somewhere, or one that is started here."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from app.broker.tls import InvalidCertificate, certificate_user, check_listener, client_context
from app.config.addresses import (
    MQTT_PASSWORD,
    MQTT_USER,
    InvalidAddress,
    ListenAddress,
    is_url,
    parse_broker_url,
    parse_listen_address,
)
from app.config.mqtt_settings import MqttListenerSettings, MqttSettings, MqttTlsSettings
from app.config.unusable_settings import RAISING, UnusableSettings
from app.server.mosquitto import ListenerTls, Mosquitto, mosquitto_binary
from app.server.rumqttd import LIMITATIONS, Rumqttd
from ingest.mqtt.broker_address import BrokerAddress
from ingest.routing.broker_clients import BrokerClients, user_name_fault

log = logging.getLogger("fengshao.broker")
_NOT_IN_LOGIN_FILE: Final = ":\r\n"
"""Mosquitto's password file has one `user:password` a line."""


class Broker(Struct, frozen=True):
    """How to reach it, and where it was started here: what restarts it, and what gives it its clients."""

    address: BrokerAddress
    keep_alive: Coroutine[Any, Any, None] | None = None
    set_clients: Callable[[BrokerClients], None] | None = None
    service_user: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether it was started by this service."""
        return self.keep_alive is not None


class _Login(Struct, frozen=True):
    """User and password of the environment; empty where it has none."""

    user: str
    password: str

    @property
    def given(self) -> tuple[str, str] | None:
        return (self.user, self.password) if self.user and self.password else None


def broker_address(
    option: str, environ: Mapping[str, str], settings: MqttSettings | None = None, folder: Path | None = None
) -> BrokerAddress:
    """The address of a running broker by URL, with the environment's login and the site's TLS.

    Raises InvalidAddress, InvalidCertificate.
    """
    mqtt = settings or MqttSettings()
    context = client_context(mqtt.tls, folder or Path()) if option.lower().startswith("mqtts://") else None
    login = (environ.get(MQTT_USER, ""), environ.get(MQTT_PASSWORD, ""))
    return parse_broker_url(option, login, context, has_certificate=bool(mqtt.tls.certificate_file))


@contextlib.asynccontextmanager
async def open_broker(
    option: str,
    data: Path,
    environ: Mapping[str, str],
    settings: MqttSettings | None = None,
    folder: Path | None = None,
    unusable: UnusableSettings = RAISING,
) -> AsyncIterator[Broker]:
    """The broker of `--mqtt`; one that is started here is stopped at the end. `folder` is the site's.

    With `unusable` a listener without usable certificates does not stop the service: it is not opened, and a broker
    that an earlier start has left running is used.
    """
    mqtt, folder = settings or MqttSettings(), folder or Path()
    if is_url(option):
        yield Broker(_address_in_any_case(option, environ, mqtt, folder))
        return
    login = _Login(environ.get(MQTT_USER, ""), environ.get(MQTT_PASSWORD, ""))
    at = parse_listen_address(option, "--mqtt")
    _check_login(option, at, login, mqtt.listener)
    failed = Broker(_address_of_former(at, login, mqtt))
    part = f"mqtt.listener ({at.host}:{at.port})"
    found = unusable.attempt(part, lambda: _listener_tls(mqtt, folder, login), lambda _reason: None)
    if found is None:
        yield failed
        return
    tls, context = found
    process, port = _local_broker(at, data, login.given, tls)
    await process.start()
    try:
        host = _connected_host(at)
        address = _with_login(BrokerAddress(host, port, tls=tls is not None, context=context), login)
        set_clients = process.set_clients if isinstance(process, Mosquitto) and login.given else None
        yield Broker(address, process.keep_alive(), set_clients, login.user or None)
    finally:
        await process.stop()


def _connected_host(at: ListenAddress) -> str:
    return "127.0.0.1" if at.host in ("0.0.0.0", "::") else at.host  # noqa: S104 (compared, not bound)


def _with_login(address: BrokerAddress, login: _Login) -> BrokerAddress:
    return replace(address, username=login.user, password=login.password.encode()) if login.given else address


def _address_of_former(at: ListenAddress, login: _Login, mqtt: MqttSettings) -> BrokerAddress:
    """Where a broker of an earlier start may still listen. Its certificate is verified by the system's authorities, as
    long as ours cannot be read."""
    return _with_login(BrokerAddress(_connected_host(at), at.port, tls=bool(mqtt.listener.certificate_file)), login)


def _address_in_any_case(
    option: str, environ: Mapping[str, str], settings: MqttSettings, folder: Path
) -> BrokerAddress:
    """As `broker_address`; with a file that cannot be used the service starts all the same (docs/decisions/0077).

    It then verifies the broker by the authorities of the system and shows no certificate, so that it connects to no
    other broker than it should; maintenance is told of the file.
    """
    try:
        return broker_address(option, environ, settings, folder)
    except InvalidCertificate as error:
        log.error("the broker may refuse us: %s", error)
        return broker_address(option, environ, settings.model_copy(update={"tls": MqttTlsSettings()}), folder)


def _check_login(option: str, at: ListenAddress, login: _Login, listener: MqttListenerSettings) -> None:
    """Raises InvalidAddress for a broker that others could reach without credentials, and for a login that cannot be
    written into its files."""
    if not at.is_loopback and not login.given:
        raise InvalidAddress(
            f"--mqtt {option}: a broker that others can reach needs credentials; set {MQTT_USER} and {MQTT_PASSWORD}, "
            "or listen on 127.0.0.1"
        )
    if listener.certificate_file and not login.given:
        raise InvalidAddress(f"mqtt.listener: a broker with TLS has users: set {MQTT_USER} and {MQTT_PASSWORD}")
    if set(login.user + login.password) & set(_NOT_IN_LOGIN_FILE):
        raise InvalidAddress(
            f"--mqtt {option}: {MQTT_USER} and {MQTT_PASSWORD} of a broker that is started here must not contain ':' "
            "or a line break"
        )
    if login.user and (fault := user_name_fault(login.user)) is not None:
        raise InvalidAddress(f"--mqtt {option}: {MQTT_USER} cannot be a user of a broker: {fault}")


def _listener_tls(mqtt: MqttSettings, folder: Path, login: _Login) -> tuple[ListenerTls | None, SSLContext | None]:
    """The files of the listener, and how the service itself connects to it."""
    listener = mqtt.listener
    if not listener.certificate_file:
        return None, None
    check_listener(listener, folder)
    if listener.client_ca_file and not mqtt.tls.certificate_file:
        raise InvalidAddress(
            "mqtt.listener.client_ca_file: the service needs a certificate as well: write mqtt.tls.certificate_file"
        )
    if listener.client_ca_file and (user := certificate_user(folder / mqtt.tls.certificate_file)) != login.user:
        raise InvalidAddress(
            f"mqtt.tls.certificate_file: its common name is {user!r} and {MQTT_USER} is {login.user!r}: the broker "
            "would withhold every message; write the same"
        )
    files = ListenerTls(
        (folder / listener.certificate_file).resolve(),
        (folder / listener.key_file).resolve(),
        (folder / listener.client_ca_file).resolve() if listener.client_ca_file else None,
        (folder / listener.crl_file).resolve() if listener.crl_file else None,
    )
    return files, client_context(mqtt.tls, folder)


def _local_broker(
    at: ListenAddress, data: Path, credentials: tuple[str, str] | None, tls: ListenerTls | None
) -> tuple[Mosquitto | Rumqttd, int]:
    if mosquitto_binary() or credentials:
        return Mosquitto(data / "broker", at.host, at.port, credentials, tls), at.port
    print(LIMITATIONS, file=sys.stderr)
    rumqttd = Rumqttd(data / "broker", at.host, at.port)
    return rumqttd, rumqttd.port_v5
