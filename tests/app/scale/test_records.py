"""What a worker writes: the frame as it came, readings by key with their digest, presence, refusals, dangers."""

from __future__ import annotations

import msgspec
import pytest

from app.config.catalog import load_active_rulebooks, load_kinds, load_mappings
from app.scale.keys import KeyedRegistry
from app.scale.records import FINDINGS, FRAME_MAX_BYTES, FRAMES, READINGS, READINGS_MAX, REFUSALS, RecordBuilder
from domain import Device, Finding
from domain.people import community
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from rules.hosts.keyed.events import KeyedReadings, Presence, decode_keyed_event, split_record

GAS = Device("gas-1", "gas_alarm")
NOW = 1_790_000_000_000


@pytest.fixture
def builder() -> RecordBuilder:
    kinds = load_kinds()
    registry = KeyedRegistry(load_active_rulebooks(kinds), kinds)
    list(registry.update([GAS], community(), NOW))
    decoder = Decoder(kinds, load_mappings(kinds))
    decoder.device_index = DeviceIndex([GAS])
    return RecordBuilder(decoder, registry)


def frame(topic: str, payload: bytes, qos: int = 1, dup: bool = False) -> Frame:
    return Frame(topic, payload, NOW, "one", qos, 1 if qos else None, dup)


def test_a_message_is_kept_as_it_came_and_its_readings_go_to_their_key(builder: RecordBuilder) -> None:
    said = frame("fengshao/v1/gas-1/up", b'{"lel_pct": 3.5}')
    kept, reading = builder.records([said])
    assert (kept.topic, msgspec.msgpack.decode(kept.value, type=Frame)) == (FRAMES, said)
    assert (reading.topic, reading.key, reading.at) == (READINGS, "gas-1", NOW)
    event = decode_keyed_event(split_record(reading.value)[1])
    assert isinstance(event, KeyedReadings)
    assert (event.readings[0].values, event.redelivered) == ({"lel_pct": 3.5}, False)
    assert builder.readings == 1


def test_only_what_the_broker_may_deliver_again_has_a_digest(builder: RecordBuilder) -> None:
    payloads = (b'{"lel_pct": 1, "seq": 1}', b'{"lel_pct": 1, "seq": 2}')
    written = builder.records([frame("fengshao/v1/gas-1/up", payloads[0], qos=0)])
    written += builder.records([frame("fengshao/v1/gas-1/up", payloads[1], dup=True)])
    events = [decode_keyed_event(split_record(one.value)[1]) for one in written if one.topic == READINGS]
    assert [(bool(one.origin), one.redelivered) for one in events if isinstance(one, KeyedReadings)] == [
        (False, False),
        (True, True),
    ]


def test_a_last_will_says_that_the_device_is_offline(builder: RecordBuilder) -> None:
    offline, online = (
        decode_keyed_event(split_record(builder.records([frame("fengshao/v1/gas-1/status", body)])[1].value)[1])
        for body in (b'{"online": false}', b'{"online": true}')
    )
    assert (offline, online) == (Presence(NOW, offline=("gas-1",)), Presence(NOW, online=("gas-1",)))


def test_a_danger_of_an_unknown_device_is_a_finding_at_once(builder: RecordBuilder) -> None:
    written = builder.records([frame("fengshao/v1/stranger/alarm", b'{"alarm": true}')])
    assert [one.topic for one in written] == [FRAMES, REFUSALS, FINDINGS]
    assert msgspec.json.decode(written[2].value, type=Finding).severity.value in ("critical", "high")


def test_a_long_batch_is_several_records_of_which_none_is_taken_for_another(builder: RecordBuilder) -> None:
    """Kafka refuses a record above a megabyte, and its worker would try for ever: everything behind it would wait."""
    count = 2 * READINGS_MAX + 1
    batch = [{"ts": NOW - number * 1000, "lel_pct": 1.5} for number in range(count)]
    written = builder.records([frame("fengshao/v1/gas-1/up", msgspec.json.encode(batch), dup=True)])
    events = [decode_keyed_event(split_record(one.value)[1]) for one in written if one.topic == READINGS]
    parts = [event for event in events if isinstance(event, KeyedReadings)]
    assert [len(part.readings) for part in parts] == [READINGS_MAX, READINGS_MAX, 1]
    assert len({part.origin for part in parts}) == 3
    assert max(len(one.value) for one in written) < FRAME_MAX_BYTES
