"""A forged publish is refused by a real Mosquitto with certificates or passwords and an ACL written from a registry."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
import pytest
from aiomqtt import ProtocolVersion
from msgspec.structs import replace

from app.broker.certificates import CertificateAuthority
from app.broker.clients import client_rules
from app.broker.passwords import PASSWORD_FILE, generate_passwords, mosquitto_passwords, read_passwords
from app.cli.simulate_incident import Played, publish
from app.config.addresses import MQTT_PASSWORD, MQTT_USER, InvalidAddress
from app.config.mqtt_settings import MqttSettings
from app.mqtt_client import mqtt_client
from app.private_files import write_private
from app.server.broker import Broker, open_broker
from app.server.broker_access import BrokerAccess
from domain import Device, Identity
from ingest.mqtt.broker_address import BrokerAddress
from ingest.mqtt.consumer import MqttConsumer
from ingest.routing.routes import Routes
from simulators.events import Measurement, TimedEvent
from simulators.town.site_town import town_of_site
from tests.ingest.mqtt.consumer_events import RecordedEvents
from tests.ingest.mqtt.running_consumer import MemoryJournal, now_ms, until

V5 = ProtocolVersion.V5
NOT_AUTHORIZED = 0x87
EXERCISE = "exercise"
DEVICES = [
    Device("gas-001", "gas_alarm"),
    Device("gas-002", "gas_alarm"),
    Device("meter-7", "water_meter", identities=(Identity("iotda", "meter-7"),)),
    Device("gw-1", "gateway", identities=(Identity("sparkplug", "ward/edge1"),)),
    Device(
        "lamp-1", "lamp_post", identities=(Identity("sparkplug", "ward/edge1/lamp1"),), attributes={"gateway": "gw-1"}
    ),
]
SERVICE = {MQTT_USER: "fengshao", MQTT_PASSWORD: "maple-sentry"}
NOW = now_ms()


class Secured(NamedTuple):
    """A running broker with the registry DEVICES, and the service that listens to it."""

    broker: Broker
    registry: dict[str, Device]
    access: BrokerAccess
    journal: MemoryJournal
    consumer: MqttConsumer
    events: RecordedEvents
    folder: Path
    certificates: CertificateAuthority
    passwords: dict[str, str]

    @contextlib.asynccontextmanager
    async def client(
        self, user: str, version: ProtocolVersion = ProtocolVersion.V5, **options: Any
    ) -> AsyncIterator[Any]:
        """A client of a user with his certificate, or over the password listener with his password."""
        address = BrokerAddress("localhost", self.broker.address.port, self.broker.address.tls)
        if address.tls:
            address = replace(address, context=options.pop("tls", None) or _client_tls(self.certificates, user))
        else:
            password = options.pop("password", self.passwords.get(user, "guess"))
            address = replace(address, username=options.pop("username", user), password=password.encode())
        async with mqtt_client(address, protocol=version, timeout=30, **options) as client:
            yield client

    def heard(self) -> list[tuple[str, bytes]]:
        """Topics and payloads that ingest journaled, without the copies of its other session."""
        return [(frame.topic, frame.payload) for frame in self.journal.frames() if not frame.is_session_copy]


def _client_tls(authority: CertificateAuthority, user: str | None, ca: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2: with 1.3 a client learns after its handshake only that its certificate is refused."""
    context = ssl.create_default_context(cafile=ca or authority.certificate_file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if user is not None:
        certificate = authority.client_certificate(user)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    made = CertificateAuthority(tmp_path_factory.mktemp("ca"))
    made.create("枫树社区", NOW)
    made.issue_server(["localhost"], NOW)
    for user in ("fengshao", EXERCISE, *(device.id for device in DEVICES)):
        made.issue_client(user, NOW)
    return made


@pytest.fixture(params=["certificates", "passwords"])
async def secured(
    request: pytest.FixtureRequest, tmp_path: Path, free_port: Callable[[], int], authority: CertificateAuthority
) -> AsyncIterator[Secured]:
    """The broker that `up` would start, once with certificates and once with passwords."""
    settings = MqttSettings(exercise_user=EXERCISE)
    if request.param == "certificates":
        mine = authority.client_certificate("fengshao")
        settings = MqttSettings.model_validate(
            {
                "exercise_user": EXERCISE,
                "tls": {
                    "ca_file": str(authority.certificate_file),
                    "certificate_file": str(mine),
                    "key_file": str(mine.with_suffix(".key")),
                },
                "listener": {
                    "certificate_file": "server.crt",
                    "key_file": "server.key",
                    "client_ca_file": "ca.crt",
                    "crl_file": "revoked.crl",
                },
            }
        )
    hashes, passwords = generate_passwords({}, [EXERCISE, *(device.id for device in DEVICES)])
    passwords["fengshao"] = SERVICE[MQTT_PASSWORD]
    write_private(tmp_path / "broker" / PASSWORD_FILE, mosquitto_passwords(hashes))
    at = f"127.0.0.1:{free_port()}"
    async with open_broker(at, tmp_path, SERVICE, settings, authority.certificate_file.parent) as broker:
        registry = {device.id: device for device in DEVICES}
        access = BrokerAccess(lambda: registry, Routes(), client_rules(settings, "fengshao"), broker.set_clients)
        await access.update()
        journal = MemoryJournal()
        events = RecordedEvents()
        consumer = MqttConsumer(broker.address, journal, lambda _: None, now_ms, events)
        assert broker.keep_alive is not None
        tasks = [asyncio.create_task(consumer.run()), asyncio.create_task(broker.keep_alive)]
        await until(lambda: consumer.ready)
        yield Secured(broker, registry, access, journal, consumer, events, tmp_path, authority, passwords)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("secured", ["passwords"], indirect=True)
async def test_an_exercise_is_played_by_a_user_who_may_publish_nothing_else(secured: Secured) -> None:
    """`fengshao simulate SCENARIO --username exercise`."""
    forged = ["fengshao/v1/gas-001/alarm", "fengshao/v1/gas-001/down", "$oc/devices/meter-7/sys/properties/report"]
    async with secured.client(EXERCISE) as user:
        assert await _pubacks(user, forged) == [NOT_AUTHORIZED] * len(forged)
    town = town_of_site((), (), (), (), [replace(device, identities=()) for device in DEVICES], "Asia/Shanghai")
    values = {"alarm": True, "test": True}
    played = Played(
        [TimedEvent(NOW, Measurement(id, values, urgent=True)) for id in ("gas-001", "meter-7")],
        (Measurement("gas-001", {"alarm": False}, urgent=True),),
        on_exercise_topics=True,
    )
    password = secured.passwords[EXERCISE].encode()
    address = replace(secured.broker.address, username=EXERCISE, password=password)
    await publish(played, address, town, 1.0, now_ms, lambda _: None)
    await until(lambda: len(secured.heard()) >= 3)
    assert [topic.removeprefix("fengshao/v1/") for topic, _ in secured.heard()] == [
        "gas-001/exercise",
        "meter-7/exercise",
        "gas-001/exercise",
    ]


async def test_a_device_publishes_as_itself_and_a_forged_message_is_refused(secured: Secured) -> None:
    """Of gas-002, of an own command, of a platform, of Home Assistant's definitions, of the broker itself."""
    forged = [
        "fengshao/v1/gas-002/alarm",
        "fengshao/v1/gas-002/up",
        "fengshao/v1/gas-001/down",
        "$oc/devices/meter-7/sys/properties/report",
        "spBv1.0/ward/NDEATH/edge1",
        "homeassistant/sensor/gas-002/config",
        "application/a/device/0101010101010101/event/up",
    ]
    async with secured.client("gas-001") as device:
        acks = await _pubacks(device, [*forged, "fengshao/v1/gas-001/alarm"])
    assert acks == [NOT_AUTHORIZED] * len(forged) + [0]
    async with secured.client("meter-7", ProtocolVersion.V311) as meter:
        await meter.publish("fengshao/v1/gas-001/alarm", b"forged", qos=1)
        await meter.publish("$oc/devices/meter-7/sys/properties/report", b"mine", qos=1)
    async with secured.client("gw-1") as gateway:
        for topic in ("spBv1.0/ward/NBIRTH/edge1", "spBv1.0/ward/DDATA/edge1/lamp1"):
            await gateway.publish(topic, b"mine", qos=1)
    await until(lambda: len(secured.heard()) >= 4)
    assert sorted(topic for topic, _ in secured.heard()) == [
        "$oc/devices/meter-7/sys/properties/report",
        "fengshao/v1/gas-001/alarm",
        "spBv1.0/ward/DDATA/edge1/lamp1",
        "spBv1.0/ward/NBIRTH/edge1",
    ]


async def _pubacks(client: Any, topics: list[str]) -> list[int]:
    """The reason codes of the PUBACKs: aiomqtt does not tell them, the library beneath does."""
    codes: dict[int, int] = {}
    inner = client._client
    answered = inner.on_publish

    def on_publish(mqtt: Any, data: Any, packet_id: int, reason: Any, properties: Any) -> None:
        codes[packet_id] = int(reason.value)
        answered(mqtt, data, packet_id, reason, properties)

    inner.on_publish = on_publish
    for topic in topics:
        await client.publish(topic, b"mine", qos=1)
    return [codes[packet_id] for packet_id in sorted(codes)]


async def test_a_device_that_subscribes_to_all_hears_its_own_commands_only(secured: Secured) -> None:
    async with secured.client("gas-001") as listener, secured.client("fengshao") as service:
        await listener.subscribe([("#", 1), ("$SYS/#", 1), ("fengshao/v1/+/down", 1)])
        async with secured.client("gas-002") as other:
            await other.publish("fengshao/v1/gas-002/up", b"private", qos=1)
        for device in ("gas-002", "gas-001"):
            await service.publish(f"fengshao/v1/{device}/down", device, qos=1)
        async with asyncio.timeout(30):
            first = await anext(aiter(listener.messages))
        assert (str(first.topic), first.payload) == ("fengshao/v1/gas-001/down", b"gas-001")


async def test_a_lost_gateway_is_told_by_its_last_will(secured: Secured) -> None:
    will = aiomqtt.Will("spBv1.0/ward/NDEATH/edge1", b"dead", qos=1)
    with contextlib.suppress(aiomqtt.MqttError):
        async with secured.client("gw-1", will=will) as gateway:
            gateway._client._sock_close()  # the connection is lost, not closed
    await until(lambda: ("spBv1.0/ward/NDEATH/edge1", b"dead") in secured.heard())


async def test_the_service_reads_the_broker_s_drop_counters(secured: Secured) -> None:
    assert not secured.consumer.status().urgent.refused
    async with secured.client("fengshao") as service:
        await service.subscribe("$SYS/broker/publish/messages/dropped")
        async with asyncio.timeout(30):
            assert (await anext(aiter(service.messages))).payload.isdigit()  # type: ignore[union-attr]


async def test_a_device_removed_from_the_registry_loses_access_and_others_stay_connected(secured: Secured) -> None:
    async with secured.client("gas-001") as removed, secured.client("gas-002") as other:
        del secured.registry["gas-001"]
        await secured.access.update()
        await other.publish("fengshao/v1/gas-002/up", b"still here", qos=1)
        with contextlib.suppress(aiomqtt.MqttError):  # with a password its session ends
            await removed.publish("fengshao/v1/gas-001/up", b"gone", qos=0)
        await other.publish("fengshao/v1/gas-002/up", b"last", qos=1)
    await until(lambda: ("fengshao/v1/gas-002/up", b"last") in secured.heard())
    assert ("fengshao/v1/gas-001/up", b"gone") not in secured.heard()
    assert secured.events.connections == [True]


@pytest.mark.parametrize("secured", ["passwords"], indirect=True)
async def test_a_replaced_password_ends_that_session_only(secured: Secured) -> None:
    path = secured.folder / "broker" / PASSWORD_FILE
    known = read_passwords(path)
    hashes, made = generate_passwords(known, list(known), renew=["gas-001"])
    async with secured.client("gas-002") as other:
        async with secured.client("gas-001") as device:
            write_private(path, mosquitto_passwords(hashes))
            with pytest.raises(aiomqtt.MqttError):  # when the broker ends the session
                await asyncio.wait_for(anext(aiter(device.messages)), 30)
        await other.publish("fengshao/v1/gas-002/up", b"still here", qos=1)
        with pytest.raises(aiomqtt.MqttError):
            async with secured.client("gas-001"):
                pass
        async with secured.client("gas-001", password=made["gas-001"]) as device:
            await device.publish("fengshao/v1/gas-001/up", b"new password", qos=1)
    await until(lambda: {b"still here", b"new password"} <= {payload for _, payload in secured.heard()})


@pytest.mark.parametrize("secured", ["passwords"], indirect=True)
async def test_nobody_connects_without_a_password_or_by_guessing(secured: Secured) -> None:
    for options in ({"username": None, "password": ""}, {"password": "guess"}, {"password": ""}):
        with pytest.raises(aiomqtt.MqttError):
            async with secured.client("gas-001", **options):
                pass


@pytest.mark.parametrize("secured", ["certificates"], indirect=True)
async def test_nobody_connects_without_a_certificate_of_this_authority(secured: Secured, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path / "other")
    other.create("another", NOW)
    other.issue_client("gas-001", NOW)
    trusted = secured.certificates.certificate_file
    secured.certificates.issue_client("stolen", NOW)
    for tls in (_client_tls(secured.certificates, None), _client_tls(other, "gas-001", trusted)):
        with pytest.raises((aiomqtt.MqttError, ssl.SSLError, OSError)):
            async with secured.client("gas-001", tls=tls):
                pass


@pytest.mark.parametrize("secured", ["certificates"], indirect=True)
async def test_a_revoked_certificate_is_refused_after_the_broker_has_read_the_list(secured: Secured) -> None:
    secured.certificates.issue_client("stolen", NOW)
    tls = _client_tls(secured.certificates, "stolen")
    async with secured.client("stolen", tls=tls):
        pass
    assert secured.certificates.revoke("stolen", NOW) >= 1

    async def is_refused() -> bool:
        try:
            async with secured.client("stolen", tls=tls):
                return False
        except (aiomqtt.MqttError, ssl.SSLError, OSError):
            return True

    async with asyncio.timeout(30):
        while not await is_refused():
            await asyncio.sleep(0.1)
    async with secured.client("gas-001"):
        pass


async def test_a_broker_that_others_can_reach_is_not_started_without_a_login(tmp_path: Path) -> None:
    with pytest.raises(InvalidAddress, match=MQTT_USER):
        async with open_broker("0.0.0.0:1883", tmp_path, {}):
            pass


async def test_a_user_name_that_would_widen_the_acl_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidAddress, match="it contains '#'"):
        async with open_broker("127.0.0.1:1883", tmp_path, {MQTT_USER: "a#", MQTT_PASSWORD: "x"}):
            pass


async def test_a_file_that_cannot_be_read_stops_no_start_and_weakens_nothing(tmp_path: Path) -> None:
    """As any file of a site (decision 0077): the broker is then verified by the authorities of the system."""
    settings = MqttSettings.model_validate({"tls": {"ca_file": "none.pem"}})
    login = {MQTT_USER: "fengshao", MQTT_PASSWORD: "maple"}
    async with open_broker("mqtts://broker.example", tmp_path, login, settings, tmp_path) as broker:
        context = broker.address.context
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_a_certificate_of_another_name_than_the_service_s_user_is_refused(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    """Mosquitto would grant every subscription and withhold every message."""
    tls = {"ca_file": "ca.crt", "certificate_file": "clients/gas-001.crt", "key_file": "clients/gas-001.key"}
    listener = {"certificate_file": "server.crt", "key_file": "server.key", "client_ca_file": "ca.crt"}
    settings = MqttSettings.model_validate({"tls": tls, "listener": listener})
    with pytest.raises(InvalidAddress, match="its common name is 'gas-001' and FENGSHAO_MQTT_USER is 'fengshao'"):
        async with open_broker("127.0.0.1:1", tmp_path, SERVICE, settings, authority.certificate_file.parent):
            pass
