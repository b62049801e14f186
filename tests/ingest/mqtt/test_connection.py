"""Connections to a broker whose packets the test decides: order of acknowledgement, DUP, refusals, TLS."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import mqtt5
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain import Lane
from ingest.frame import Frame
from ingest.mqtt.broker_address import parse_broker_address
from ingest.mqtt.consumer import ConsumerSettings, MqttConsumer
from tests.ingest.mqtt.consumer_events import RecordedEvents
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1767225660000
SUCCESS = mqtt5.ConnAckReasonCode.SUCCESS


class Broker:
    """A broker that answers as the test configures it and records what it receives."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: list[Any] = []
        self.lines: dict[str, asyncio.StreamWriter] = {}
        self.answer = SUCCESS
        self.session_present = False
        self.refuses: set[str] = set()
        self.pongs = True
        self.keep_alive: int | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer, name = b"", ""
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                buffer += data
                while buffer:
                    packet, size = mqtt5.read(memoryview(buffer))
                    buffer = buffer[size:]
                    name = getattr(packet, "client_id", name)
                    self.received.append((name, packet))
                    self._answer(name, packet, writer)
        writer.close()

    def _answer(self, name: str, packet: Any, writer: asyncio.StreamWriter) -> None:
        if isinstance(packet, mqtt5.ConnectPacket):
            self.lines[name] = writer
            present = self.session_present and self.answer == SUCCESS
            reply = mqtt5.ConnAckPacket(
                session_present=present, reason_code=self.answer, server_keep_alive=self.keep_alive
            )
            writer.write(reply.write())
        elif isinstance(packet, mqtt5.SubscribePacket):
            no, yes = mqtt5.SubAckReasonCode.NOT_AUTHORIZED, mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE
            codes = [no if topic_filter.pattern in self.refuses else yes for topic_filter in packet.topic_filters]
            writer.write(mqtt5.SubAckPacket(packet.packet_id, codes).write())
        elif isinstance(packet, mqtt5.PingReqPacket) and self.pongs:
            writer.write(mqtt5.PingRespPacket().write())

    def send(self, *packets: Any, to: str = "fengshao-bulk") -> None:
        self.lines[to].write(b"".join(packet.write() for packet in packets))

    def publish(self, *numbers: int, dup: bool = False, payload: bytes = b"{}") -> None:
        qos = mqtt5.QoS.AT_LEAST_ONCE
        self.send(
            *(
                mqtt5.PublishPacket("fengshao/v1/gas-1/up", payload, qos=qos, packet_id=number, duplicate=dup)
                for number in numbers
            )
        )

    def acknowledged(self) -> list[int]:
        return [packet.packet_id for _, packet in self.received if isinstance(packet, mqtt5.PubAckPacket)]


class Journal:
    """Holds every append until the test lets it go."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.open = asyncio.Event()
        self.open.set()

    async def append(self, _lane: Lane, frames: Sequence[Frame]) -> int:
        await self.open.wait()
        self.frames.extend(frames)
        return len(self.frames)


async def until(happened: Callable[[], Any], seconds: float = LONG_TIMEOUT_S) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.002)


@pytest.fixture
async def broker(free_port: Callable[[], int]) -> AsyncIterator[Broker]:
    scripted = Broker(free_port())
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", scripted.port)
    yield scripted
    server.close()
    for line in scripted.lines.values():
        line.close()


@asynccontextmanager
async def consumer_at(broker: Broker, journal: Journal, **settings: Any) -> AsyncIterator[MqttConsumer]:
    url = settings.pop("url", f"mqtt://127.0.0.1:{broker.port}")
    consumer = MqttConsumer(
        parse_broker_address(url),
        journal,
        lambda _: None,
        lambda: NOW,
        RecordedEvents(),
        ConsumerSettings(**settings),
        tls=settings.pop("tls", None),
    )
    task = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        journal.open.set()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_acknowledgements_are_sent_in_order_of_receipt_and_only_after_the_append(broker: Broker) -> None:
    journal = Journal()
    async with consumer_at(broker, journal) as consumer:
        await until(lambda: consumer.ready)
        journal.open.clear()
        broker.publish(9, 3, payload=b"a")
        await until(lambda: consumer.status().bulk.pending_bytes)
        broker.publish(5, 1, payload=b"b")
        await until(lambda: consumer.status().bulk.pending_bytes > 2 * len("fengshao/v1/gas-1/up") + 3)
        assert [] == broker.acknowledged()
        journal.open.set()
        await until(lambda: len(broker.acknowledged()) == 4)

        assert [9, 3, 5, 1] == broker.acknowledged()


async def test_what_is_redelivered_after_a_disconnect_is_journaled_once_and_acknowledged_on_the_new_connection(
    broker: Broker,
) -> None:
    journal = Journal()
    async with consumer_at(broker, journal) as consumer:
        await until(lambda: consumer.ready)
        journal.open.clear()
        broker.publish(7, payload=b"press")
        await until(lambda: consumer.status().bulk.pending_bytes)
        broker.session_present = True
        broker.lines.pop("fengshao-bulk").close()
        await until(lambda: not consumer.ready)
        await until(lambda: consumer.ready)
        broker.publish(7, dup=True, payload=b"press")
        await until(lambda: consumer.status().redelivered == 1)
        broker.publish(8, payload=b"press")
        journal.open.set()
        await until(lambda: broker.acknowledged() == [7, 8])

        assert [(7, False), (8, False)] == [(frame.packet_id, frame.dup) for frame in journal.frames]


async def test_a_press_with_the_packet_id_of_an_acknowledged_press_is_another_press(broker: Broker) -> None:
    journal = Journal()
    async with consumer_at(broker, journal, keep_alive_s=1) as consumer:
        await until(lambda: consumer.ready)
        broker.publish(7, payload=b"press")
        await until(lambda: broker.acknowledged() == [7])
        pings = len(
            [0 for name, packet in broker.received if isinstance(packet, mqtt5.PingReqPacket) and "bulk" in name]
        )
        await until(
            lambda: (
                len([0 for name, p in broker.received if isinstance(p, mqtt5.PingReqPacket) and "bulk" in name])
                >= pings + 2
            )
        )
        broker.publish(7, dup=True, payload=b"press")
        await until(lambda: len(journal.frames) == 2)

        assert [False, False] == [frame.dup for frame in journal.frames]


async def test_a_refused_platform_filter_is_reported_and_a_refused_native_filter_is_not_ready(broker: Broker) -> None:
    broker.refuses = {"$oc/#"}
    async with consumer_at(broker, Journal()) as consumer:
        await until(lambda: consumer.ready)
        assert {"$oc/#": "NOT_AUTHORIZED"} == consumer.status().bulk.refused
        broker.refuses = {"fengshao/v1/#"}
        broker.lines.pop("fengshao-bulk").close()
        await until(lambda: "fengshao/v1/#" in consumer.status().bulk.refused)
        assert not consumer.ready


async def test_a_refused_connection_is_reported_with_the_brokers_reason(broker: Broker) -> None:
    broker.answer = mqtt5.ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD
    async with consumer_at(broker, Journal()) as consumer:
        await until(lambda: "BAD_USER_NAME_OR_PASSWORD" in consumer.status().urgent.last_error)
        broker.answer = SUCCESS
        await until(lambda: consumer.ready)


async def test_a_session_closed_by_the_broker_reports_the_reason(broker: Broker) -> None:
    async with consumer_at(broker, Journal()) as consumer:
        await until(lambda: consumer.ready)
        taken_over = mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER)
        broker.send(taken_over, to="fengshao-urgent")
        broker.lines.pop("fengshao-urgent").close()
        await until(lambda: "SESSION_TAKEN_OVER" in consumer.status().urgent.last_error)


async def test_a_server_that_is_not_mqtt_5_is_reported(broker: Broker) -> None:
    async with consumer_at(broker, Journal()) as consumer:
        await until(lambda: consumer.ready)
        broker.lines["fengshao-bulk"].write(b"\x00\x05hello")
        await until(lambda: "not MQTT 5" in consumer.status().bulk.last_error)


async def test_a_broker_that_answers_no_ping_is_disconnected(broker: Broker) -> None:
    broker.pongs, broker.keep_alive = False, 1
    async with consumer_at(broker, Journal()) as consumer:
        await until(lambda: "answers no ping" in consumer.status().urgent.last_error)


async def test_the_bulk_session_starts_without_an_urgent_session_that_cannot_connect(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.mqtt.consumer.BULK_START_DELAY_S", 0.05)
    journal = Journal()
    async with consumer_at(broker, journal) as consumer:
        await until(lambda: consumer.ready)
        broker.answer = mqtt5.ConnAckReasonCode.SERVER_BUSY
        broker.lines.pop("fengshao-urgent").close()
        await until(lambda: not consumer.status().urgent.connected)
        qos = mqtt5.QoS.AT_LEAST_ONCE
        alarm = mqtt5.PublishPacket("fengshao/v1/band-1/alarm", b"sos", qos=qos, packet_id=1)
        broker.send(alarm)
        await until(lambda: len(journal.frames) == 1)
        broker.answer, broker.session_present = SUCCESS, True
        await until(lambda: consumer.ready)
        broker.send(alarm, to="fengshao-urgent")
        await until(lambda: consumer.status().session_copies == 1)

        await until(lambda: len(journal.frames) == 2)
        assert [("bulk", False), ("urgent", True)] == [
            (frame.session, frame.is_session_copy) for frame in journal.frames
        ]


def certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1, made for this test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "broker.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    return path


async def test_tls_with_user_name_and_password(tmp_path: Path, free_port: Callable[[], int]) -> None:
    pem = certificate(tmp_path)
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(pem)
    broker = Broker(free_port())
    server = await asyncio.start_server(broker.serve, "127.0.0.1", broker.port, ssl=server_tls)
    client_tls = ssl.create_default_context(cafile=str(pem))
    url = f"mqtts://ward:s%40fe@localhost:{broker.port}"
    consumer = MqttConsumer(
        parse_broker_address(url), Journal(), lambda _: None, lambda: NOW, RecordedEvents(), tls=client_tls
    )
    task = asyncio.create_task(consumer.run())
    await until(lambda: consumer.ready)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    server.close()

    connect = next(packet for _, packet in broker.received if isinstance(packet, mqtt5.ConnectPacket))
    assert ("ward", b"s@fe", False) == (connect.username, connect.password, connect.clean_start)


async def test_a_flood_is_read_in_limited_bursts_and_in_order_also_after_a_pause(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.mqtt.connection.BURST_MESSAGES_MAX", 10)
    journal = Journal()
    async with consumer_at(broker, journal, max_pending_bytes=2_000) as consumer:
        await until(lambda: consumer.ready)
        journal.open.clear()
        broker.publish(*range(1, 30_001))
        await until(lambda: consumer.status().bulk.paused)
        journal.open.set()
        await until(lambda: len(broker.acknowledged()) == 30_000)

        assert list(range(1, 30_001)) == broker.acknowledged() == [frame.packet_id for frame in journal.frames]
