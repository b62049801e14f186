"""Sparkplug B: births define aliases, gaps in `seq` request rebirths, deaths end their session; any bytes are safe."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Device, Identity
from ingest.adapters import sparkplug
from ingest.adapters.sparkplug.payload import METRICS_MAX, Metric, apply_datatype, read_payload, shortest_float
from ingest.adapters.sparkplug.state import DEVICES_MAX, NODES_MAX, BirthDefinitions, SparkplugState
from ingest.decoding.decoder import Decoder
from ingest.formats.protobuf import Malformed, read_fields
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection

NOW = 1767225660000
AT = NOW - 1_000
GAS = Device("gas-1", "gas_alarm", identities=(Identity("sparkplug", "estate/edge/kitchen"),))


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def fixed32(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + pack("<f", value)


def fixed64(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + pack("<d", value)


def metric(name: str | None, value: bytes = b"", *, alias: int | None = None, datatype: int | None = None) -> bytes:
    """One metric of a payload; `value` is its value field as bytes."""
    parts = text(1, name) if name is not None else b""
    parts += number(2, alias) if alias is not None else b""
    parts += number(4, datatype) if datatype is not None else b""
    return text(2, parts + value)


def payload(*metrics: bytes, seq: int | None = None, at: int | None = AT) -> bytes:
    head = number(1, at) if at is not None else b""
    return head + b"".join(metrics) + (number(3, seq) if seq is not None else b"")


def boolean(value: bool) -> bytes:
    return number(14, int(value))


class Host:
    """A decoder, and the edge node `estate/edge` that sends to it."""

    def __init__(self, listener: Decoder) -> None:
        self.listener = listener

    def decode_message(self, word: str, message: bytes, device: str | None = "kitchen", at: int = NOW) -> Any:
        topic = f"spBv1.0/estate/{word}/edge" + (f"/{device}" if device else "")
        return self.listener.decode([Frame(topic, message, at, "bulk")])

    def born(self, bd_seq: int = 1) -> None:
        self.decode_message("NBIRTH", payload(metric("bdSeq", number(11, bd_seq), datatype=4), seq=0), None)
        alarm = metric("alarm", boolean(False), alias=7, datatype=11)
        level = metric("Sensors/lel_pct", fixed32(12, 12.1), alias=8, datatype=9)
        self.decode_message("DBIRTH", payload(alarm, level, seq=1))


@pytest.fixture
def host(listener: Callable[..., Decoder]) -> Host:
    return Host(listener(GAS))


def test_a_birth_is_a_reading_and_the_device_is_online(host: Host) -> None:
    host.decode_message("NBIRTH", payload(seq=0), None)
    result = host.decode_message(
        "DBIRTH", payload(metric("alarm", boolean(False)), metric("Data/lel_pct", fixed32(12, 12.1)), seq=1)
    )

    assert [{"alarm": False, "lel_pct": 12.1}] == [reading.values for reading in result.readings]
    assert [(DeviceEventKind.AVAILABILITY, "gas-1", True)] == [
        (event.kind, event.device, event.online) for event in result.events
    ]
    assert set() == host.listener.rebirth_requests


def test_data_by_alias_are_resolved_by_the_birth(host: Host) -> None:
    host.born()
    result = host.decode_message("DDATA", payload(metric(None, boolean(True), alias=7), seq=2))

    assert ([{"alarm": True}], [], []) == (
        [reading.values for reading in result.readings],
        result.refusals,
        result.events,
    )


def test_an_alias_that_no_birth_defined_is_refused_and_a_rebirth_requested(host: Host) -> None:
    host.born()
    result = host.decode_message(
        "DDATA", payload(metric(None, boolean(True), alias=99), metric(None, boolean(True)), seq=2)
    )

    assert ["no_codec"] == [refusal.reason for refusal in result.refusals]
    assert "alias 99, None" in result.refusals[0].detail
    assert {"estate/edge"} == host.listener.rebirth_requests

    host.born(bd_seq=2)
    assert set() == host.listener.rebirth_requests


def test_a_birth_defines_nothing_by_an_alias_without_a_name(host: Host) -> None:
    host.decode_message("NBIRTH", payload(seq=0), None)
    result = host.decode_message("DBIRTH", payload(metric(None, boolean(True), alias=7), seq=1))

    assert (["no_codec"], ["availability"]) == (
        [refusal.reason for refusal in result.refusals],
        [event.kind for event in result.events],
    )


def test_a_danger_is_recognised_by_its_last_level_in_any_folder(host: Host) -> None:
    host.decode_message("NBIRTH", payload(seq=0), None)
    content = (
        metric("Status/GasLeak", boolean(True)),
        metric("Battery/Alarm", boolean(False)),
        metric("Pump/CO", boolean(True)),
    )
    result = host.decode_message("DBIRTH", payload(*content, seq=1))

    assert [{"alarm": True, "battery_low": False}] == [reading.values for reading in result.readings]


def test_a_metric_in_folders_is_named_by_its_last_level_unless_two_share_it(host: Host) -> None:
    host.decode_message("NBIRTH", payload(seq=0), None)
    two = metric("Chip/temp_c", fixed32(12, 50.0)), metric("Room/temp_c", fixed32(12, 20.0))
    result = host.decode_message("DBIRTH", payload(metric("Kitchen/Detector/alarm", boolean(True)), *two, seq=1))

    assert [{"alarm": True}] == [reading.values for reading in result.readings]
    assert {("sparkplug", "gas_alarm", "Chip/temp_c"), ("sparkplug", "gas_alarm", "Room/temp_c")} == set(
        host.listener.unmapped_fields
    )


def test_a_lost_message_is_reported_and_a_rebirth_requested_and_later_messages_are_decoded(host: Host) -> None:
    host.born()
    result = host.decode_message("DDATA", payload(metric("alarm", boolean(True)), seq=4))

    assert [{"alarm": True}] == [reading.values for reading in result.readings]
    assert ["message 4 after 1: a rebirth is wanted"] == [event.detail for event in result.events]
    assert {"estate/edge"} == host.listener.rebirth_requests


def test_messages_that_were_only_overtaken_request_no_rebirth(host: Host) -> None:
    host.born()
    for seq in (4, 2, 3):
        host.decode_message("DDATA", payload(metric("alarm", boolean(seq == 4)), seq=seq, at=AT + seq))

    assert set() == host.listener.rebirth_requests


def test_a_late_message_does_not_withdraw_a_rebirth_requested_for_another_reason(host: Host) -> None:
    host.born()
    for seq, content in ((3, metric(None, boolean(True), alias=99)), (2, metric("alarm", boolean(True)))):
        host.decode_message("DDATA", payload(content, seq=seq))

    assert {"estate/edge"} == host.listener.rebirth_requests


def test_the_count_goes_on_at_zero_after_255_and_the_same_number_again_is_no_gap() -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.on_node_birth("n", BirthDefinitions(), 1, 0)
    numbers = [*range(1, 256), 0, 0, 1, 2, 250, None]

    wrong = [seq for seq in numbers if sparkplug_state.count_message("n", seq) is not None]

    assert [250] == wrong


def test_a_birth_without_a_sequence_number_starts_no_count() -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.on_node_birth("n", BirthDefinitions(), None, None)

    assert [None, None] == [sparkplug_state.count_message("n", 7), sparkplug_state.count_message("n", None)]


def test_a_death_ends_only_the_devices_of_its_own_session(host: Host) -> None:
    host.born(bd_seq=2)

    old = host.decode_message("NDEATH", payload(metric("bdSeq", number(11, 1), datatype=4)), None)
    assert [(DeviceEventKind.STATUS, None)] == [(event.kind, event.online) for event in old.events]

    own = host.decode_message("NDEATH", payload(metric("bdSeq", number(11, 2), datatype=4)), None)
    assert [("estate/edge", None, False), ("estate/edge/kitchen", "gas-1", False)] == [
        (event.identity, event.device, event.online) for event in own.events
    ]

    after = host.decode_message("DDATA", payload(metric(None, boolean(True), alias=7), seq=2))
    assert ["no_codec"] == [refusal.reason for refusal in after.refusals]
    assert {"estate/edge"} == host.listener.rebirth_requests

    second = host.decode_message("NDEATH", payload(metric("bdSeq", number(11, 2), datatype=4)), None)
    assert [DeviceEventKind.STATUS] == [event.kind for event in second.events]


def test_a_death_of_one_device(host: Host) -> None:
    host.born()
    result = host.decode_message("DDEATH", payload(seq=2))

    assert [("gas-1", False)] == [(event.device, event.online) for event in result.events]


def test_a_null_value_is_absent_and_a_message_without_metrics_is_a_sign_of_life(host: Host) -> None:
    host.born()
    null = host.decode_message("DDATA", payload(metric("lel_pct", number(7, 1)), seq=2))
    empty = host.decode_message("DDATA", payload(seq=3))

    assert [DeviceEventKind.LIFE, DeviceEventKind.LIFE] == [
        event.kind for result in (null, empty) for event in result.events
    ]
    assert [] == null.readings


def test_back_filled_values_have_their_own_times(host: Host) -> None:
    host.born()
    old = metric("lel_pct", number(3, AT - 3_600_000) + number(5, 1) + fixed64(13, 4.5))
    result = host.decode_message("DDATA", payload(old, metric("alarm", boolean(False)), seq=2))

    assert [(AT - 3_600_000, {"lel_pct": 4.5}), (AT, {"alarm": False})] == [
        (reading.at, reading.values) for reading in result.readings
    ]


def test_birth_definitions_survive_a_restart(host: Host, listener: Callable[..., Decoder]) -> None:
    host.born()
    host.decode_message("DDATA", payload(metric("alarm", boolean(False)), seq=5))
    restored = listener(GAS)
    restored.restore(host.listener.snapshot())

    result = Host(restored).decode_message("DDATA", payload(metric(None, boolean(True), alias=7), seq=6))

    assert [{"alarm": True}] == [reading.values for reading in result.readings]
    assert {"estate/edge"} == restored.rebirth_requests


def test_peeking_at_a_message_finds_its_danger_and_changes_no_state(host: Host) -> None:
    host.born()
    topic = "spBv1.0/estate/DDATA/edge/kitchen"
    alarm = Frame(topic, payload(metric(None, boolean(True), alias=7), seq=9), NOW, "bulk")
    before = host.listener.snapshot()

    assert host.listener.has_danger(alarm)
    assert before == host.listener.snapshot()


@pytest.mark.parametrize("topic", ["spBv1.0", "spBv1.0/estate", "fengshao/v1/gas-1/up", "spBv1.0/a/NBIRTH/other"])
def test_peeking_at_a_message_of_an_unknown_node_needs_no_state(topic: str) -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.on_node_birth("estate/edge", BirthDefinitions(), 1, 0)

    assert SparkplugState() == sparkplug_state.copy_for_peek(topic)


def test_metrics_that_are_no_measurements_are_ignored(host: Host) -> None:
    host.born()
    content = metric("Properties/OS", text(15, "Raspbian")), metric("Node Control/Rebirth", boolean(False))
    result = host.decode_message("DDATA", payload(*content, seq=2))

    assert [DeviceEventKind.LIFE] == [event.kind for event in result.events]


def test_a_template_is_its_members_and_a_template_definition_gives_none() -> None:
    inner = text(18, metric("lel_pct", fixed32(12, 3.0), datatype=9) + text(4, "Detector"))
    definition = text(18, metric("lel_pct", fixed32(12, 0.0)) + number(5, 1))
    read = read_payload(payload(metric("kitchen", inner), metric("Detector", definition), metric(None, inner)))

    assert [("kitchen/lel_pct", 3.0), ("lel_pct", 3.0)] == [(metric.name, metric.value) for metric in read.metrics]


def test_the_depth_of_nested_templates_is_bounded() -> None:
    deep = metric("a", boolean(True))
    for _ in range(6):
        deep = metric("a", text(18, deep))

    with pytest.raises(Malformed, match="deep"):
        read_payload(payload(deep))


@pytest.mark.parametrize("pack_up", [zlib.compress, gzip.compress])
def test_a_compressed_payload_is_read(pack_up: Callable[[bytes], bytes]) -> None:
    inner = payload(metric("alarm", boolean(True)), seq=3)
    read = read_payload(text(4, "SPBV1.0_COMPRESSED") + text(5, pack_up(inner)))

    assert (3, [True]) == (read.seq, [metric.value for metric in read.metrics])


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (text(4, "SPBV1.0_COMPRESSED"), "a number where text belongs"),
        (text(4, "SPBV1.0_COMPRESSED") + text(5, b"nothing"), "compressed payload that is none"),
        (text(4, "SPBV1.0_COMPRESSED") + text(5, zlib.compress(b"alarm")[:-2]), "compressed payload cut short"),
        (text(4, "SPBV1.0_COMPRESSED") + text(5, zlib.compress(bytes(5 * 2**20))), "more than 4194304 bytes"),
        (text(1, "yesterday"), "text where a number belongs"),
        (number(2, 7), "a number where text belongs"),
        (payload(metric("a", fixed64(12, 1.0))), "a float of more than 32 bits"),
        (payload(*[text(2, b"")] * (METRICS_MAX + 1)), "more than 20000 metrics"),
        (b"\x00", "a field without a number"),
        (b"\x0b", "wire type 3"),
        (b"\x08\x80", "in the middle of a field"),
        (b"\x08" + b"\xff" * 10, "a number of more than ten bytes"),
        (b"\x0a\x05abc", "in the middle of a field"),
    ],
)
def test_an_invalid_payload_is_refused_with_its_reason(message: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_payload(message)


@pytest.mark.parametrize(
    ("value", "datatype", "means"),
    [
        (number(10, 255), 1, -1),
        (number(10, 0xFFFF_FFFF), 3, -1),
        (number(11, 2**64 - 5), 4, -5),
        (number(10, 200), 5, 200),
        (number(10, 1), 11, True),
        (text(15, "gas"), 12, "gas"),
        (fixed64(13, 312.407), 10, 312.407),
        (text(16, b"\x00"), 17, "(bytes)"),
        (text(17, b""), 16, "(a data set)"),
        (b"", 9, None),
    ],
)
def test_a_value_is_converted_by_its_data_type(value: bytes, datatype: int, means: object) -> None:
    (read,) = read_payload(payload(metric("x", value, datatype=datatype))).metrics

    assert means == apply_datatype(read.value, read.datatype)


def test_a_data_type_is_remembered_from_the_birth(host: Host) -> None:
    host.decode_message("NBIRTH", payload(seq=0), None)
    host.decode_message("DBIRTH", payload(metric("temp_c", number(10, 20), alias=3, datatype=3), seq=1))
    result = host.decode_message("DDATA", payload(metric(None, number(10, 2**32 - 7), alias=3), seq=2))

    assert [{"temp_c": -7}] == [reading.values for reading in result.readings]


def test_without_a_state_a_message_is_decoded_on_its_own() -> None:
    message = payload(metric("alarm", boolean(True)), seq=9, at=None)
    content = sparkplug.decode(Frame("spBv1.0/estate/DDATA/edge/kitchen", message, NOW, "bulk"))

    assert isinstance(content, list)
    assert [DeviceEvent, RawReading] == [type(item) for item in content]
    assert isinstance(content[1], RawReading)
    assert content[1].at is None


def test_a_rebirth_command_is_decoded_as_a_command(host: Host) -> None:
    topic, message = sparkplug.rebirth_request("estate/edge", NOW)
    (requested,) = read_payload(message).metrics

    assert ("spBv1.0/estate/NCMD/edge", "Node Control/Rebirth", 11, True) == (topic, *asked_for(requested))
    assert [DeviceEventKind.REPLY] == [
        event.kind for event in host.listener.decode([Frame(topic, message, NOW, "bulk")]).events
    ]


def asked_for(metric: Metric) -> tuple[str | None, int, object]:
    return metric.name, metric.datatype, metric.value


def test_the_state_is_bounded() -> None:
    sparkplug_state = SparkplugState()
    sparkplug_state.request_rebirth("0")
    for index in range(1, NODES_MAX + 2):
        sparkplug_state.node(str(index))
    for index in range(DEVICES_MAX + 1):
        sparkplug_state.on_device_birth("9", str(index), BirthDefinitions())
    sparkplug_state.on_device_birth("9", "7", BirthDefinitions())

    assert (NODES_MAX, False, set()) == (
        len(sparkplug_state.nodes),
        "0" in sparkplug_state.nodes,
        sparkplug_state.rebirth_requests,
    )
    assert (DEVICES_MAX, False) == (len(sparkplug_state.nodes["9"].devices), "0" in sparkplug_state.nodes["9"].devices)


@given(st.floats(width=32))
def test_every_float_of_32_bits_comes_back_from_its_shortest_decimal(value: float) -> None:
    (bits,) = (int.from_bytes(pack("<f", value), "little"),)

    assert pack("<f", shortest_float(bits)) == pack("<f", value) or value != value


@given(st.lists(st.tuples(st.integers(1, 2**20), st.integers(0, 2**64 - 1) | st.binary())))
def test_encoded_fields_are_read_back(fields: list[tuple[int, int | bytes]]) -> None:
    encoded = b"".join(number(at, item) if isinstance(item, int) else text(at, item) for at, item in fields)

    assert fields == list(read_fields(encoded))


WORDS = st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "STATE", "NCMD", "X"])
PARTS = st.builds(number, st.integers(1, 20), st.integers(0, 2**64 - 1)) | st.builds(
    text, st.integers(1, 20), st.binary(max_size=40)
)
MESSAGES = st.binary() | st.lists(PARTS.map(lambda part: text(2, part)) | PARTS, max_size=6).map(b"".join)


@given(st.lists(st.tuples(WORDS, st.booleans(), MESSAGES), max_size=5))
def test_any_bytes_give_a_reading_an_event_or_a_rejection(frames: list[tuple[str, bool, bytes]]) -> None:
    sparkplug_state = SparkplugState()
    for word, device, message in frames:
        topic = f"spBv1.0/g/{word}/e" + ("/d" if device else "")
        content = sparkplug.decode(Frame(topic, message, NOW, "bulk"), sparkplug_state)

        assert content
        assert all(
            isinstance(item, RawReading | DeviceEvent | Rejection)
            for item in (content if isinstance(content, list) else [content])
        )
