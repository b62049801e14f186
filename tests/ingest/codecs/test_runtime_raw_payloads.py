"""Raw payloads of devices, decoded by the codec of their model."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable

import pytest

from domain import Device, Identity, RefusalReason
from ingest.codecs.process import CodecProcess
from ingest.codecs.registry import BindingBook, build_registry, make_codec
from ingest.codecs.runtime import CodecRuntime
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import DeviceEventKind
from tests.ingest.codecs.codec_calls import FOLDER, NOW

LEAK = bytes.fromhex("01755c03673401050001")


def uplink(dev_eui: str, data: bytes, port: int = 85, counter: int = 1, **content: object) -> Frame:
    body = {"fPort": port, "fCnt": counter, "data": b64encode(data).decode(), **content}
    return Frame(f"application/a/device/{dev_eui}/event/up", json.dumps(body).encode(), NOW, "bulk")


@pytest.fixture
def decoder(build_decoder: Callable[..., Decoder], codecs: CodecRuntime) -> Decoder:
    decoder = build_decoder(
        Device("leak-1", "water_leak", "LK-1", identities=(Identity("chirpstack", "0101010101010101"),)),
        Device("meter-1", "water_meter", "Meter", identities=(Identity("chirpstack", "0202020202020202"),)),
        Device("button-1", "sos_button", None, identities=(Identity("chirpstack", "0303030303030303"),)),
        Device("smoke-1", "smoke_alarm", "SMOKE", identities=(Identity("chirpstack", "0404040404040404"),)),
    )
    decoder.codecs = codecs
    return decoder


def test_raw_bytes_become_readings_by_the_codec_of_the_model(decoder: Decoder) -> None:
    meter = bytes.fromhex("39300000190001")
    result = decoder.decode(
        [uplink("0101010101010101", LEAK, rxInfo=[{"rssi": -70}]), uplink("0202020202020202", meter, 1)]
    )

    assert [] == result.refusals
    assert [
        ("leak-1", {"rssi_dbm": -70, "battery_pct": 92, "temp_c": 30.8, "leak": True}),
        ("meter-1", {"volume_m3": 12.345, "flow_m3h": 0.25, "leak": True, "burst": False}),
    ] == [(reading.device, reading.values) for reading in result.readings]


def test_a_device_without_a_model_is_decoded_by_the_model_of_its_platform(decoder: Decoder) -> None:
    result = decoder.decode([uplink("0303030303030303", b"\1", deviceInfo={"deviceProfileName": "Button"})])

    assert [{"sos": True}] == [reading.values for reading in result.readings]


def test_raw_bytes_without_a_codec_are_refused_and_the_other_fields_are_decoded(decoder: Decoder) -> None:
    result = decoder.decode([uplink("0303030303030303", b"\1"), uplink("0101010101010101", LEAK)])

    assert [RefusalReason.NO_CODEC] == [refusal.reason for refusal in result.refusals]
    assert "button-1 has no model" in result.refusals[0].detail
    assert ["leak-1"] == [reading.device for reading in result.readings]
    decoder.codecs = None
    assert [RefusalReason.NO_CODEC] == [
        refusal.reason for refusal in decoder.decode([uplink("0101010101010101", LEAK)]).refusals
    ]


def test_a_failing_codec_gives_a_refusal_with_its_error_and_the_bytes(decoder: Decoder) -> None:
    result = decoder.decode([uplink("0202020202020202", b"\1", 9), uplink("0404040404040404", b"\1", 2)])

    assert [
        (RefusalReason.CODEC_FAILED, "meter.js: Error: no table for this port (line 21)"),
        (RefusalReason.CODEC_FAILED, "smoke.js: 1 bytes on port 2 are too few"),
    ] == [(refusal.reason, refusal.detail) for refusal in result.refusals]
    assert all(b"fPort" in refusal.payload for refusal in result.refusals)


def test_a_danger_beside_a_codec_error_is_reported(
    build_decoder: Callable[..., Decoder], codec_process: CodecProcess
) -> None:
    source = b"function decodeUplink(input) { return {errors: ['cut short'], data: {leak: input.bytes[0] === 1}}; }"
    decoder = build_decoder(
        Device("leak-3", "water_leak", "Cut", identities=(Identity("chirpstack", "0606060606060606"),))
    )
    decoder.codecs = CodecRuntime(build_registry({"cut.js": source}, BindingBook()), codec_process)
    result = decoder.decode([uplink("0606060606060606", b"\1"), uplink("0606060606060606", b"\0")])

    assert [] == result.readings
    assert [(RefusalReason.CODEC_FAILED, True), (RefusalReason.CODEC_FAILED, False)] == [
        (refusal.reason, refusal.danger) for refusal in result.refusals
    ]


def test_a_payload_that_measures_nothing_is_a_sign_of_life(decoder: Decoder) -> None:
    result = (
        decoder.decode([uplink("0101010101010101", b"")]),
        decoder.decode([uplink("0101010101010101", b"\x99\1")]),
    )

    assert [DeviceEventKind.LIFE] * 2 == [event.kind for item in result for event in item.events]


def test_raw_bytes_of_an_unregistered_device_are_refused_as_an_unknown_device(decoder: Decoder) -> None:
    [refusal] = decoder.decode([uplink("9999999999999999", LEAK)]).refusals

    assert RefusalReason.UNKNOWN_DEVICE is refusal.reason


def test_one_payload_may_hold_hours_of_readings(
    build_decoder: Callable[..., Decoder], codec_process: CodecProcess
) -> None:
    source = b"""function decodeUplink(input) { return {data: {leak: false, history: [
      {timestamp: 1767225000, leak: true}, {timestamp: 1767225300, leak: false}]}}; }"""
    decoder = build_decoder(
        Device("leak-2", "water_leak", "Past", identities=(Identity("chirpstack", "0505050505050505"),))
    )
    decoder.codecs = CodecRuntime(build_registry({"past.js": source}, BindingBook()), codec_process)
    result = decoder.decode([uplink("0505050505050505", b"\1")])

    assert [(1767225000000, True), (1767225300000, False), (NOW, False)] == [
        (reading.at, reading.values["leak"]) for reading in result.readings
    ]


def test_the_codec_is_among_the_versions(decoder: Decoder) -> None:
    assert decoder.versions["codec leak.js"] == make_codec("leak.js", (FOLDER / "leak.js").read_bytes()).version
