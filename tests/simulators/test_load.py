"""The load generator, on a real broker."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable

import aiomqtt
import pytest

from simulators.load import LoadConnection, LoadError, LoadMessages, LoadSettings, encode_length, run_load
from tests.conftest import Broker

DEVICES = [f"gas-{number:06d}" for number in range(10)]


def now_ms() -> int:
    return int(time.time() * 1000)


async def test_every_message_arrives_once_with_its_own_time_and_sequence_number(broker: Broker) -> None:
    settings = LoadSettings(rate=4_000, seconds=0.25, devices=DEVICES)
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("fengshao/v1/+/up", qos=1)
        connection = LoadConnection("127.0.0.1", broker.port, "load")
        before = now_ms()
        result = await asyncio.to_thread(run_load, connection, settings, now_ms, time.monotonic, time.sleep)
        connection.close()
        bodies = []
        async for message in client.messages:
            bodies.append((message.topic.value, json.loads(bytes(message.payload))))  # type: ignore[arg-type]
            if len(bodies) == 1_000:
                break
    assert (result.sent, result.acknowledged) == (1_000, 1_000)
    assert {topic for topic, _ in bodies} == {f"fengshao/v1/{device}/up" for device in DEVICES}
    assert [body["seq"] for _, body in bodies] == list(range(1_000_000_000, 1_000_001_000))
    assert all(before <= body["ts"] <= now_ms() for _, body in bodies)
    assert result.rate == pytest.approx(1_000 / result.elapsed_s)


class Clock:
    """Advances when the generator sleeps, so that the schedule is exact."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_the_rate_is_held_by_the_clock_and_a_stop_is_heeded(broker: Broker) -> None:
    clock, connection = Clock(), LoadConnection("127.0.0.1", broker.port, "load")
    settings = LoadSettings(rate=20_000, seconds=10, devices=DEVICES)
    result = run_load(connection, settings, now_ms, clock, clock.sleep, stopped=lambda: clock.at >= 0.5)
    connection.close()
    assert result.sent == pytest.approx(10_000, abs=100)
    assert result.behind_ms < 5


def test_blocks_of_packets_have_the_length_that_their_header_states() -> None:
    messages = LoadMessages(LoadSettings(1, 1, ["gas-1", "a-much-longer-device-id-that-needs-a-longer-packet"]))
    packets = messages.block(64_999, 3, 1_796_011_200_123)
    sizes = []
    while packets:
        assert packets[0] == 0x32
        size, at, shift = 0, 1, 0
        while True:
            size |= (packets[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if packets[at - 1] < 0x80:
                break
        sizes.append(size)
        packets = packets[at + size :]
    assert len(sizes) == 3
    assert encode_length(321) == b"\xc1\x02"


@pytest.fixture
def answering(free_port: Callable[[], int]) -> Callable[[bytes], int]:
    """A server that answers the first bytes with these and closes the connection."""

    def start(answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", free_port()))

        def serve() -> None:
            with server, server.accept()[0] as client:
                client.recv(1_000)
                client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    return start


def test_a_refused_connection_names_the_code(answering: Callable[[bytes], int]) -> None:
    with pytest.raises(LoadError, match="the broker refused the connection: code 5"):
        LoadConnection("127.0.0.1", answering(b"\x20\x02\x00\x05"), "load", ("user", b"wrong"))


def test_a_broker_that_goes_away_is_an_error(answering: Callable[[bytes], int]) -> None:
    connection = LoadConnection("127.0.0.1", answering(b"\x20\x02\x00\x00"), "load")
    with pytest.raises(LoadError, match="closed the connection"):
        connection.wait_for(1)
    connection.close()
