"""Sparkplug B: births define aliases, gaps in `seq` request rebirths, deaths end their session; any bytes are safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Device, Identity
from ingest.adapters import sparkplug
from ingest.adapters.sparkplug.payload import Metric, read_payload
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection
from tests.ingest.adapters.sparkplug_messages import AT, NOW, boolean, fixed32, fixed64, metric, number, payload, text

GAS = Device("gas-1", "gas_alarm", identities=(Identity("sparkplug", "estate/edge/kitchen"),))


class Host:
    """A decoder, and the edge node `estate/edge` that sends to it."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder

    def decode_message(self, word: str, message: bytes, device: str | None = "kitchen", at: int = NOW) -> Any:
        topic = f"spBv1.0/estate/{word}/edge" + (f"/{device}" if device else "")
        return self.decoder.decode([Frame(topic, message, at, "bulk")])

    def born(self, bd_seq: int = 1) -> None:
        self.decode_message("NBIRTH", payload(metric("bdSeq", number(11, bd_seq), datatype=4), seq=0), None)
        alarm = metric("alarm", boolean(False), alias=7, datatype=11)
        level = metric("Sensors/lel_pct", fixed32(12, 12.1), alias=8, datatype=9)
        self.decode_message("DBIRTH", payload(alarm, level, seq=1))


@pytest.fixture
def host(build_decoder: Callable[..., Decoder]) -> Host:
    return Host(build_decoder(GAS))


def test_a_birth_is_a_reading_and_the_device_is_online(host: Host) -> None:
    host.decode_message("NBIRTH", payload(seq=0), None)
    result = host.decode_message(
        "DBIRTH", payload(metric("alarm", boolean(False)), metric("Data/lel_pct", fixed32(12, 12.1)), seq=1)
    )

    assert [{"alarm": False, "lel_pct": 12.1}] == [reading.values for reading in result.readings]
    assert [(DeviceEventKind.AVAILABILITY, "gas-1", True)] == [
        (event.kind, event.device, event.online) for event in result.events
    ]
    assert set() == host.decoder.rebirth_requests


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
    assert {"estate/edge"} == host.decoder.rebirth_requests
    assert {"estate/edge"} == host.decoder.undecodable_nodes

    host.born(bd_seq=2)
    assert set() == host.decoder.rebirth_requests


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
        host.decoder.unmapped_fields
    )


def test_a_lost_message_is_reported_and_a_rebirth_requested_and_later_messages_are_decoded(host: Host) -> None:
    host.born()
    result = host.decode_message("DDATA", payload(metric("alarm", boolean(True)), seq=4))

    assert [{"alarm": True}] == [reading.values for reading in result.readings]
    assert ["message 4 after 1: a rebirth is wanted"] == [event.detail for event in result.events]
    assert {"estate/edge"} == host.decoder.rebirth_requests


def test_messages_that_were_only_overtaken_request_no_rebirth(host: Host) -> None:
    host.born()
    for seq in (4, 2, 3):
        host.decode_message("DDATA", payload(metric("alarm", boolean(seq == 4)), seq=seq, at=AT + seq))

    assert set() == host.decoder.rebirth_requests


def test_a_late_message_does_not_withdraw_a_rebirth_requested_for_another_reason(host: Host) -> None:
    host.born()
    for seq, content in ((3, metric(None, boolean(True), alias=99)), (2, metric("alarm", boolean(True)))):
        host.decode_message("DDATA", payload(content, seq=seq))

    assert {"estate/edge"} == host.decoder.rebirth_requests


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
    assert {"estate/edge"} == host.decoder.rebirth_requests

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


def test_birth_definitions_survive_a_restart(host: Host, build_decoder: Callable[..., Decoder]) -> None:
    host.born()
    host.decode_message("DDATA", payload(metric("alarm", boolean(False)), seq=5))
    restored = build_decoder(GAS)
    restored.restore(host.decoder.snapshot())

    result = Host(restored).decode_message("DDATA", payload(metric(None, boolean(True), alias=7), seq=6))

    assert [{"alarm": True}] == [reading.values for reading in result.readings]
    assert {"estate/edge"} == restored.rebirth_requests


def test_peeking_at_a_message_finds_its_danger_and_changes_no_state(host: Host) -> None:
    host.born()
    topic = "spBv1.0/estate/DDATA/edge/kitchen"
    alarm = Frame(topic, payload(metric(None, boolean(True), alias=7), seq=9), NOW, "bulk")
    before = host.decoder.snapshot()

    assert host.decoder.has_danger(alarm)
    assert before == host.decoder.snapshot()


def test_metrics_that_are_no_measurements_are_ignored(host: Host) -> None:
    host.born()
    content = metric("Properties/OS", text(15, "Raspbian")), metric("Node Control/Rebirth", boolean(False))
    result = host.decode_message("DDATA", payload(*content, seq=2))

    assert [DeviceEventKind.LIFE] == [event.kind for event in result.events]


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
        event.kind for event in host.decoder.decode([Frame(topic, message, NOW, "bulk")]).events
    ]


def asked_for(metric: Metric) -> tuple[str | None, int, object]:
    return metric.name, metric.datatype, metric.value


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
