"""Faults of single messages."""

from __future__ import annotations

from collections import Counter

from domain import MINUTE, SECOND
from simulators.faults.catalog import make_fault
from simulators.faults.fault import DeviceFacts, MessageFault
from simulators.wire import HttpPush, Message, Sent

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


def test_a_lost_message_is_repeated_when_it_is_urgent() -> None:
    missing = make_fault("missing", 7, {"share": 1.0})
    assert transmit(missing, message(1)) == []
    (repeated,) = transmit(missing, message(1, urgent=True))
    assert repeated.arrives_at - repeated.sent_at == 10 * SECOND


def test_garbled_bytes_are_cut_off_or_no_text() -> None:
    malformed = make_fault("malformed", 7, {"share": 1.0})
    long = Message("fengshao/v1/m-1/up", b'{"ts": 1796011200000, "volume_m3": 312.407}')
    garbled = []
    for number in range(200):
        at = NOON + number
        (sent,) = transmit(malformed, Sent(at, at, "m-1", long))
        assert isinstance(sent.message, Message)
        garbled.append(sent.message.payload)
    assert all(payload != long.payload for payload in garbled)
    assert 50 < sum(b"\xff" in payload for payload in garbled) < 150
    push = HttpPush("ctwing", b'{"payload": {}}')
    (pushed,) = transmit(malformed, Sent(NOON, NOON, "m-1", push))
    assert pushed.message != push


def test_a_garbled_urgent_message_comes_again_unharmed() -> None:
    malformed = make_fault("malformed", 7, {"share": 1.0})
    garbled, repeated = transmit(malformed, message(1, urgent=True))
    assert garbled.message != repeated.message == message(1).message
    assert repeated.arrives_at == garbled.arrives_at + 10 * SECOND


def test_a_message_that_is_overtaken_is_seconds_late() -> None:
    out_of_order = make_fault("out_of_order", 7, {"share": 1.0, "most_s": 8})
    delays = [transmit(out_of_order, message(number))[0].arrives_at - message(number).sent_at for number in range(100)]
    assert 4 * SECOND < max(delays) <= 8 * SECOND
