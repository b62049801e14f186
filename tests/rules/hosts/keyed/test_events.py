"""Records of a topic: what is encoded is decoded, and a clock has no key."""

from __future__ import annotations

from domain import Reading
from rules.hosts.keyed.events import CLOCK, KeyedReadings, decode_keyed_event, encode_event, readings_in, split_record


def test_a_record_is_its_key_and_its_event() -> None:
    event = KeyedReadings(5, (Reading("gas-1", "gas_alarm", 4, 5, {"lel_pct": 3.25, "alarm": True}),), 2**63 - 1, True)
    key, encoded = split_record(encode_event("household/3栋", event))
    assert (key, decode_keyed_event(encoded)) == ("household/3栋", event)
    assert readings_in(encode_event("household/3栋", event)) == event.readings


def test_a_clock_has_no_key() -> None:
    assert split_record(CLOCK)[0] == ""
