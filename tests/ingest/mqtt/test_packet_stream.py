"""A TCP stream gives the same packets wherever it is cut, and an oversized packet leaves its head."""

from __future__ import annotations

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mqtt.packet_stream import OVERSIZED_HEAD_BYTES, OversizedPublish, PacketStream, ProtocolError


def published(size: int, qos: mqtt5.QoS = mqtt5.QoS.AT_LEAST_ONCE, topic: str = "t/1") -> bytes:
    packet_id = 7 if qos is not mqtt5.QoS.AT_MOST_ONCE else None
    return mqtt5.PublishPacket(topic, b"x" * size, qos=qos, packet_id=packet_id, retain=True).write()


@given(st.lists(st.integers(1, 400), max_size=6), st.integers(1, 50))
def test_a_stream_gives_the_same_packets_wherever_it_is_cut(sizes: list[int], piece: int) -> None:
    whole = b"".join(published(size) for size in sizes)
    stream = PacketStream(1_000_000)
    packets = [packet for at in range(0, len(whole), piece) for packet in stream.feed(whole[at : at + piece])]

    assert sizes == [len(packet.payload) for packet in packets if isinstance(packet, mqtt5.PublishPacket)]


@pytest.mark.parametrize("qos", [mqtt5.QoS.AT_MOST_ONCE, mqtt5.QoS.AT_LEAST_ONCE])
@pytest.mark.parametrize("piece", [1_000, 65_536, 10_000_000])
def test_of_an_oversized_packet_the_head_is_kept_and_the_next_packets_are_parsed(qos: mqtt5.QoS, piece: int) -> None:
    whole = published(3) + published(300_000, qos, "long/" + "主" * 100) + published(4)
    stream = PacketStream(200_000)
    packets = [packet for at in range(0, len(whole), piece) for packet in stream.feed(whole[at : at + piece])]

    sizes = [packet.size if isinstance(packet, OversizedPublish) else len(packet.payload) for packet in packets]  # type: ignore[union-attr]
    assert [3, 300_000, 4] == sizes
    if piece < 10_000_000:
        cut = packets[1]
        assert isinstance(cut, OversizedPublish)
        assert ("long/" + "主" * 100, True) == (cut.topic, cut.retain)
        assert (7 if qos is mqtt5.QoS.AT_LEAST_ONCE else None) == cut.packet_id
        assert set(cut.payload) == {ord("x")}
        assert len(cut.payload) < OVERSIZED_HEAD_BYTES + 65_536


def test_bytes_that_are_not_mqtt_raise_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        PacketStream(1_000).feed(b"\x00\x05hello")


def test_a_control_packet_of_megabytes_raises_a_protocol_error() -> None:
    with pytest.raises(ProtocolError, match="control packet"):
        PacketStream(1_000).feed(b"\x90\xff\xff\x7f" + b"\x00" * OVERSIZED_HEAD_BYTES)
