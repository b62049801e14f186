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
