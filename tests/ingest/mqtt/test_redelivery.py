"""Redelivered packets are recognised until their acknowledgement has certainly arrived."""

from __future__ import annotations

from ingest.mqtt.redelivery import InflightPackets, Redelivery


def test_a_redelivered_packet_is_recognised_until_its_acknowledgement_certainly_arrived() -> None:
    packets = InflightPackets()
    assert Redelivery.NEW is packets.classify(5, False, 77)
    packets.acknowledged([5, 6])
    packets.disconnected()
    assert Redelivery.REDELIVERED is packets.classify(5, True, 77)
    packets.acknowledged([5])
    packets.ping_sent()
    assert Redelivery.REDELIVERED is packets.classify(5, True, 77)
    packets.ping_answered()
    assert Redelivery.NEW is packets.classify(5, True, 77)


def test_other_bytes_with_a_known_packet_id_are_a_new_packet() -> None:
    packets = InflightPackets()
    packets.classify(5, False, 77)
    assert Redelivery.NEW is packets.classify(5, True, 78)
    packets.acknowledged([5])
    packets.ping_sent()
    packets.classify(5, False, 79)
    packets.ping_answered()
    assert Redelivery.REDELIVERED is packets.classify(5, True, 79)


def test_a_redelivered_packet_that_this_process_never_received_is_unknown() -> None:
    packets = InflightPackets()
    assert Redelivery.UNKNOWN is packets.classify(5, True, 77)
    assert Redelivery.REDELIVERED is packets.classify(5, True, 77)
    packets.reset()
    assert Redelivery.UNKNOWN is packets.classify(5, True, 77)


def test_a_payload_that_equals_its_topic_has_the_digest_zero_and_is_a_message_like_any_other() -> None:
    digest = hash("a/b") ^ hash(b"a/b")
    assert digest == 0
    packets = InflightPackets()
    assert packets.classify(7, True, digest) is Redelivery.UNKNOWN
    assert packets.classify(7, True, digest) is Redelivery.REDELIVERED
    packets.reset()
    assert packets.classify(7, True, digest) is Redelivery.UNKNOWN
    assert packets.classify(8, False, digest) is Redelivery.NEW
    assert packets.classify(8, True, 5) is Redelivery.NEW


def test_a_copy_on_the_same_connection_makes_no_confirmed_packet_doubtful_again() -> None:
    packets = InflightPackets()
    packets.classify(1, False, 10)
    packets.acknowledged([1])
    assert packets.classify(1, True, 10) is Redelivery.REDELIVERED
    packets.ping_sent()
    packets.ping_answered()
    packets.acknowledged([1])
    packets.disconnected()
    assert packets.classify(1, True, 10) is Redelivery.NEW


def test_a_packet_of_the_journal_is_recognised_in_the_next_process() -> None:
    packets = InflightPackets()
    packets.resume({3: 30})
    assert packets.classify(3, True, 30) is Redelivery.REDELIVERED
    assert packets.classify(3, True, 31) is Redelivery.NEW
