"""Copies on two sessions, packets sent again, streams cut anywhere: the pure parts around MQTT."""

from __future__ import annotations

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mqtt.broker_address import InvalidBrokerAddress, parse_broker_address
from ingest.mqtt.broker_drops import DROP_COUNTER_TOPICS, DropCounters
from ingest.mqtt.packet_stream import OVERSIZED_HEAD_BYTES, OversizedPublish, PacketStream, ProtocolError
from ingest.mqtt.redelivery import InflightPackets, Redelivery
from ingest.mqtt.session_copies import BULK_AHEAD_MS, COUNTERS_MAX, SessionCopies
from ingest.topics import Cover

NOW = 1767225660000


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1)), max_size=40))
def test_of_copies_that_come_on_both_sessions_the_journal_gets_as_many_as_the_fuller_one_brought(
    arrivals: list[tuple[bool, int]],
) -> None:
    twins, taken = SessionCopies(), [0, 0]
    for urgent, message in arrivals:
        takes = twins.keep_urgent(message, NOW) if urgent else twins.keep_bulk(message, NOW, urgent_is_certain=False)
        taken[message] += takes

    for message in (0, 1):
        brought = [arrivals.count((urgent, message)) for urgent in (True, False)]
        assert max(brought) == taken[message]


@given(st.lists(st.booleans(), max_size=20))
def test_a_bulk_copy_is_left_to_a_trusted_urgent_session_and_never_taken_twice(order: list[bool]) -> None:
    twins = SessionCopies()
    taken = [twins.keep_urgent(1, NOW) if urgent else twins.keep_bulk(1, NOW, urgent_is_certain=True) for urgent in order]

    assert order == taken


def test_a_bulk_copy_from_long_ago_does_not_swallow_a_new_alarm() -> None:
    twins = SessionCopies()
    assert twins.keep_bulk(1, NOW, urgent_is_certain=False)
    assert twins.keep_urgent(1, NOW + BULK_AHEAD_MS + 1)


def test_an_urgent_session_that_began_anew_brings_nothing_of_before() -> None:
    twins = SessionCopies()
    assert twins.keep_bulk(1, NOW, urgent_is_certain=False)
    twins.reset_bulk()
    assert twins.keep_urgent(1, NOW)


def test_what_is_remembered_of_copies_is_bounded() -> None:
    twins = SessionCopies()
    for message in range(COUNTERS_MAX + 1):
        assert twins.keep_urgent(message, NOW)
    assert twins.keep_bulk(0, NOW, urgent_is_certain=False)
    assert not twins.keep_bulk(1, NOW, urgent_is_certain=False)


def test_a_packet_sent_again_is_known_until_its_acknowledgement_surely_arrived() -> None:
    memory = InflightPackets()
    assert Redelivery.NEW is memory.classify(5, False, 77)
    memory.acknowledged([5, 6])
    memory.disconnected()
    assert Redelivery.REDELIVERED is memory.classify(5, True, 77)
    memory.acknowledged([5])
    memory.ping_sent()
    assert Redelivery.REDELIVERED is memory.classify(5, True, 77)
    memory.ping_answered()
    assert Redelivery.NEW is memory.classify(5, True, 77)


def test_other_bytes_under_a_known_number_are_another_packet() -> None:
    memory = InflightPackets()
    memory.classify(5, False, 77)
    assert Redelivery.NEW is memory.classify(5, True, 78)
    memory.acknowledged([5])
    memory.ping_sent()
    memory.classify(5, False, 79)
    memory.ping_answered()
    assert Redelivery.REDELIVERED is memory.classify(5, True, 79)


def test_a_packet_sent_again_that_this_process_never_had_is_for_the_journal_to_judge() -> None:
    memory = InflightPackets()
    assert Redelivery.UNKNOWN is memory.classify(5, True, 77)
    assert Redelivery.REDELIVERED is memory.classify(5, True, 77)
    memory.reset()
    assert Redelivery.UNKNOWN is memory.classify(5, True, 77)


def published(size: int, qos: mqtt5.QoS = mqtt5.QoS.AT_LEAST_ONCE, topic: str = "t/1") -> bytes:
    packet_id = 7 if qos is not mqtt5.QoS.AT_MOST_ONCE else None
    return mqtt5.PublishPacket(topic, b"x" * size, qos=qos, packet_id=packet_id, retain=True).write()


@given(st.lists(st.integers(1, 400), max_size=6), st.integers(1, 50))
def test_a_stream_gives_the_same_packets_wherever_it_is_cut(sizes: list[int], piece: int) -> None:
    whole = b"".join(published(size) for size in sizes)
    stream = PacketStream(1_000_000)
    packets = [each for at in range(0, len(whole), piece) for each in stream.feed(whole[at : at + piece])]

    assert sizes == [len(each.payload) for each in packets if isinstance(each, mqtt5.PublishPacket)]


@pytest.mark.parametrize("qos", [mqtt5.QoS.AT_MOST_ONCE, mqtt5.QoS.AT_LEAST_ONCE])
@pytest.mark.parametrize("piece", [1_000, 65_536, 10_000_000])
def test_of_a_packet_too_large_the_head_is_kept_and_what_follows_is_read(qos: mqtt5.QoS, piece: int) -> None:
    whole = published(3) + published(300_000, qos, "long/" + "主" * 100) + published(4)
    stream = PacketStream(200_000)
    packets = [each for at in range(0, len(whole), piece) for each in stream.feed(whole[at : at + piece])]

    sizes = [each.size if isinstance(each, OversizedPublish) else len(each.payload) for each in packets]  # type: ignore[union-attr]
    assert [3, 300_000, 4] == sizes
    if piece < 10_000_000:
        cut = packets[1]
        assert isinstance(cut, OversizedPublish)
        assert ("long/" + "主" * 100, True) == (cut.topic, cut.retain)
        assert (7 if qos is mqtt5.QoS.AT_LEAST_ONCE else None) == cut.packet_id
        assert set(cut.payload) == {ord("x")}
        assert len(cut.payload) < OVERSIZED_HEAD_BYTES + 65_536


def test_bytes_that_are_no_mqtt_break_the_stream() -> None:
    with pytest.raises(ProtocolError):
        PacketStream(1_000).feed(b"\x00\x05hello")


def test_a_control_packet_of_megabytes_breaks_the_stream() -> None:
    with pytest.raises(ProtocolError, match="control packet"):
        PacketStream(1_000).feed(b"\x90\xff\xff\x7f" + b"\x00" * OVERSIZED_HEAD_BYTES)


def test_an_address_is_read_and_its_password_is_never_printed() -> None:
    address = parse_broker_address("mqtts://ward:s%40fe@broker.example:8884")
    assert ("broker.example", 8884, True, "ward", b"s@fe") == (
        address.host,
        address.port,
        address.tls,
        address.username,
        address.password,
    )
    assert "fe" not in repr(address) + str(address)
    assert 1883 == parse_broker_address("127.0.0.1").port


@pytest.mark.parametrize("url", ["http://x", "mqtt://", "mqtt://x:port", "mqtt://[x"])
def test_a_bad_address_says_what_to_write(url: str) -> None:
    with pytest.raises(InvalidBrokerAddress, match="write mqtt://host:port"):
        parse_broker_address(url)


def test_only_a_rise_of_the_brokers_counter_is_a_drop_and_a_lower_count_is_a_new_broker() -> None:
    counters = DropCounters()
    assert [0, 0, 5, 2, 0] == [
        counters.increase(DROP_COUNTER_TOPICS[0], said) for said in (b"7", b"7", b"12", b"2", b"what?")
    ]


def test_each_node_of_a_cluster_counts_for_itself() -> None:
    counters, topic = DropCounters(), "$SYS/brokers/emqx@{}/metrics/delivery/dropped/queue_full"
    said = [("a", b"100"), ("b", b"3"), ("a", b"101"), ("b", b"3"), ("b", b"7")]
    assert [0, 0, 1, 0, 4] == [counters.increase(topic.format(node), count) for node, count in said]


def test_a_plus_in_a_filter_stands_for_one_level_and_no_more() -> None:
    cover = Cover(["application/+/device/abcd/event/up"])
    assert "application/7/device/abcd/event/up" in cover
    assert "application/7/x/device/abcd/event/up" not in cover
