"""Sparkplug payloads."""

from __future__ import annotations

from base64 import b64decode

from domain import Device, Identity
from simulators.events import Measurement
from simulators.wire import Message, sparkplug
from simulators.wire.encoders import MessageEncoder

AT = 1_486_144_502_122
SPECIFICATION_NBIRTH = b64decode("COry9aigKxISCgViZFNlcRjq8vWooCsgBFgA")
"""Begin of the NBIRTH of the specification: timestamp, and bdSeq 0 as Int64."""


def lamp(number: int) -> Device:
    identity = Identity("sparkplug", f"fengshu/road-1/lamp-{number}")
    return Device(f"lamp-{number}", "lamp_post", identities=(identity,))


def send(encoder: MessageEncoder, device: str) -> list[Message]:
    messages = encoder.encode(Measurement(device, {"on": True}), AT)
    return [message for message in messages if isinstance(message, Message)]


def test_births_come_before_data_and_one_counter_counts_all_messages_of_the_edge_node() -> None:
    encoder = MessageEncoder((lamp(1), lamp(2)), AT)
    sent = [message for device in ("lamp-1", "lamp-1", "lamp-2", "lamp-1") for message in send(encoder, device)]
    assert [message.topic.split("/", 2)[2] for message in sent] == [
        "NBIRTH/road-1",
        "DBIRTH/road-1/lamp-1",
        "DDATA/road-1/lamp-1",
        "DBIRTH/road-1/lamp-2",
        "DDATA/road-1/lamp-1",
    ]
    assert [message.payload[-2:] for message in sent] == [bytes([0x18, seq]) for seq in range(5)]


def test_a_birth_of_an_edge_node_begins_as_that_of_the_specification() -> None:
    birth, *_ = send(MessageEncoder((lamp(1),), AT), "lamp-1")
    assert birth.payload.startswith(SPECIFICATION_NBIRTH)
    assert (birth.qos, birth.retain) == (0, False)


def test_data_has_aliases_and_no_names() -> None:
    encoder = MessageEncoder((lamp(1),), AT)
    _, born = send(encoder, "lamp-1")
    (data,) = send(encoder, "lamp-1")
    assert b"tilt_deg" in born.payload
    assert b"on" not in data.payload


def test_the_sequence_number_wraps_after_255() -> None:
    encoder = MessageEncoder((lamp(1),), AT)
    last = [send(encoder, "lamp-1")[-1] for _ in range(260)][-1]
    assert last.payload[-2:] == bytes([0x18, 260 % 256])


def test_a_death_carries_the_birth_sequence_number_only() -> None:
    (death,) = sparkplug.encode_death("fengshu/road-1", 3)
    assert (death.topic, death.qos) == ("spBv1.0/fengshu/NDEATH/road-1", 1)
    assert death.payload == b"\x12\x0b\x0a\x05bdSeq\x20\x04\x58\x03"
