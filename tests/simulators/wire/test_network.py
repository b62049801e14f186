"""The time that networks take."""

from __future__ import annotations

from itertools import pairwise

from domain import SECOND, Device, Identity, Instant
from simulators.wire import Message, Sent
from simulators.wire.network import NetworkDelay

NB = Device("smoke-1", "smoke_alarm", identities=(Identity("ctwing", "1"),))
ZIGBEE = Device("door-1", "door", identities=(Identity("zigbee2mqtt", "0x1"),))
START: Instant = 1_795_795_200_000


def sent(device: str, count: int) -> list[Sent]:
    return [Sent(START + turn * SECOND, START + turn * SECOND, device, Message("t", b"")) for turn in range(count)]


def test_messages_of_one_device_arrive_later_and_in_the_order_in_which_they_were_sent() -> None:
    arriving = list(NetworkDelay([NB, ZIGBEE]).delayed(sent("smoke-1", 300)))
    assert all(one.arrives_at >= one.sent_at + 600 for one in arriving)
    assert max(one.arrives_at - one.sent_at for one in arriving) > 10 * SECOND
    assert all(before.arrives_at <= after.arrives_at for before, after in pairwise(arriving))


def test_a_zigbee_message_takes_parts_of_a_second_and_always_the_same() -> None:
    messages = sent("door-1", 50)
    arriving = list(NetworkDelay([NB, ZIGBEE]).delayed(messages))
    assert all(one.arrives_at - one.sent_at <= 400 for one in arriving)
    assert arriving == list(NetworkDelay([ZIGBEE]).delayed(messages))
