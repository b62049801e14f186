"""Faults of single messages."""

from __future__ import annotations

from collections import Counter

from domain import MINUTE, SECOND
from simulators.faults.catalog import make_fault
from simulators.faults.fault import DeviceFacts, MessageFault
from simulators.wire import Message, Sent

NOON = 1_796_011_200_000
METER = DeviceFacts("m-1", "water_meter", "native")


def message(number: int, urgent: bool = False) -> Sent:
    at = NOON + number * SECOND
    return Sent(at, at, "m-1", Message("fengshao/v1/m-1/up", b"%d" % number), urgent)


def transmit(fault: object, sent: Sent) -> list[Sent]:
    transmitting: MessageFault = fault  # type: ignore[assignment]
    return list(transmitting.transmit(METER, sent))


def test_about_the_share_of_messages_arrives_twice_with_equal_bytes() -> None:
    duplicate = make_fault("duplicate", 7, {"share": 0.1})
    copies = [transmit(duplicate, message(number)) for number in range(2_000)]
    assert 150 < sum(len(sent) == 2 for sent in copies) < 250
    assert all(len({sent.message for sent in twice}) == 1 for twice in copies)
    assert all(0 <= sent.arrives_at - sent.sent_at <= 30 * SECOND for twice in copies for sent in twice)


def test_an_urgent_message_is_late_by_less_than_others() -> None:
    late = make_fault("late", 7, {"share": 1.0, "most_s": 600, "urgent_most_s": 20})
    delays = [transmit(late, message(number))[0].arrives_at - message(number).sent_at for number in range(500)]
    urgent = [transmit(late, message(number, True))[0].arrives_at - message(number).sent_at for number in range(500)]
    assert 20 * SECOND < max(delays) <= 10 * MINUTE
    assert max(urgent) <= 20 * SECOND


def test_the_same_messages_are_chosen_in_any_order() -> None:
    one, other = (make_fault("duplicate", 7, {"share": 0.2}) for _ in range(2))
    forward = Counter(len(transmit(one, message(number))) for number in range(300))
    assert forward == Counter(len(transmit(other, message(number))) for number in reversed(range(300)))
