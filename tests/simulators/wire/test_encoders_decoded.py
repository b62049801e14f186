"""What encoders write, read by the service's decoder: the values that were sent, in our units."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest

from app.config.catalog import load_kinds, load_mappings
from domain import HOUR, Device, Identity, Value
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from ingest.http_push import PUSH_SOURCES
from ingest.results import IngestResult
from simulators.events import Batch, Measurement, TimedValues
from simulators.wire import HttpPush, Message
from simulators.wire.encoders import ENCODERS, MessageEncoder

AT = 1_796_011_200_123
EUI = "70b3d57ed0060001"
WATCH = "6907919734"
STATION = "010000A8900016F000169DC0"
Values = Mapping[str, Value]

QUIET_GAS: Values = {"alarm": False, "lel_pct": 1.5, "co_ppm": 2, "fault": False, "valve_closed": False}
GAS_LEAK: Values = {"alarm": True, "lel_pct": 22.0, "co_ppm": 0, "fault": False, "valve_closed": True}
METER: Values = {"volume_m3": 312.407, "flow_m3h": 0.25, "backflow": False, "leak": False, "burst": True}
BAND: Values = {"heart_rate_bpm": 71, "spo2_pct": 97, "body_temp_c": 36.4, "steps": 1203, "battery_pct": 64}
OPEN_COVER: Values = {"opened": True, "tilt_deg": 35.5, "water_level_mm": 120, "ch4_pct": 0.4, "h2s_ppm": 3}
SMOKE: Values = {"alarm": True, "battery_pct": 80}

CASES: list[tuple[str, str, str | None, str, dict[str, Any], Values, frozenset[str]]] = [
    # Platform, kind, model, identity, attributes, values sent, quantities that the device has.
    ("native", "gas_alarm", None, "d", {}, GAS_LEAK, frozenset(GAS_LEAK)),
    ("native", "manhole", None, "d", {}, OPEN_COVER, frozenset(OPEN_COVER)),
    ("chirpstack", "gas_alarm", "GS101", EUI, {}, GAS_LEAK, frozenset({"alarm"})),
    ("chirpstack", "gas_alarm", "GS101", EUI, {}, QUIET_GAS, frozenset({"alarm"})),
    ("chirpstack", "gas_alarm", "GS101", EUI, {}, {"alarm": False, "fault": True}, frozenset({"alarm", "fault"})),
    ("chirpstack", "gas_alarm", "GS101", EUI, {}, {"fault": True}, frozenset()),
    ("chirpstack", "gas_alarm", "GS101", EUI, {}, {"fault": False}, frozenset()),
    ("chirpstack", "door", "EM300-MCS", EUI, {}, {"opened": True, "battery_pct": 90, "temp_c": -3.5}, frozenset()),
    ("chirpstack", "door", "LDS02", EUI, {}, {"opened": True, "battery_v": 2.952}, frozenset()),
    ("chirpstack", "door", "LDS02", EUI, {}, {"opened": False, "battery_v": 3.1}, frozenset()),
    ("chirpstack", "water_leak", "EM300-SLD", EUI, {}, {"leak": True, "battery_pct": 90}, frozenset()),
    ("chirpstack", "manhole", "EM310-TILT", EUI, {}, {"opened": True, "tilt_deg": 35.5}, frozenset()),
    ("chirpstack", "manhole", "EM310-TILT", EUI, {}, {"opened": False, "tilt_deg": 1.5}, frozenset()),
    ("chirpstack", "sos_button", "WS101", EUI, {}, {"sos": True, "battery_pct": 55}, frozenset()),
    ("chirpstack", "motion", "WS202", EUI, {}, {"occupied": True, "battery_pct": 55}, frozenset()),
    ("chirpstack", "smoke_alarm", "SD-1001", EUI, {}, {**SMOKE, "fault": False, "test": False}, frozenset()),
    ("chirpstack", "water_meter", None, EUI, {}, METER, frozenset()),
    ("chirpstack", "water_meter", "flowIQ", EUI, {}, METER, frozenset(METER) - {"flow_m3h"}),
    ("chirpstack", "smoke_alarm", "RA02A", EUI, {}, {"alarm": True, "temp_c": 68.5, "battery_v": 3.0}, frozenset()),
    ("chirpstack", "manhole", "DC413", EUI, {}, OPEN_COVER, frozenset({"opened", "tilt_deg"})),
    ("chirpstack", "manhole", "DC413", EUI, {}, {"opened": False, "flooded": True, "tilt_deg": 1}, frozenset()),
    ("tts", "water_meter", "Qalcosonic W1", "meter-1", {}, METER, frozenset({"volume_m3"})),
    ("tts", "bin", "DF702", "bin-1", {}, {"full": True, "temp_c": 31}, frozenset()),
    ("tts", "gas_alarm", "GS101", "eui-70b3d57ed0060001", {}, GAS_LEAK, frozenset({"alarm"})),
    ("tts", "water_leak", "EM300-SLD", "leak-1", {}, {"leak": False, "temp_c": 12.5}, frozenset()),
    ("zigbee2mqtt", "gas_alarm", None, "厨房 3-402", {}, GAS_LEAK, frozenset({"alarm"})),
    ("zigbee2mqtt", "smoke_alarm", None, "smoke", {}, {**SMOKE, "battery_low": False}, frozenset()),
    ("zigbee2mqtt", "door", None, "door", {}, {"opened": True, "battery_v": 2.985}, frozenset()),
    ("zigbee2mqtt", "motion", None, "hall", {}, {"occupied": True, "battery_pct": 90}, frozenset()),
    ("zigbee2mqtt", "water_leak", None, "sink", {}, {"leak": True}, frozenset()),
    ("zigbee2mqtt", "sos_button", None, "bed", {}, {"sos": True}, frozenset()),
    ("alink", "gas_alarm", None, "a1/gas-1", {}, GAS_LEAK, frozenset({"alarm"})),
    ("alink", "smoke_alarm", None, "a1/smoke-1", {}, SMOKE, frozenset()),
    ("alink", "water_leak", None, "a1/leak-1", {}, {"leak": True, "battery_pct": 77}, frozenset()),
    ("alink", "door", None, "a1/door-1", {}, {"opened": True, "temp_c": 21.5}, frozenset()),
    ("alink", "motion", None, "a1/pir-1", {}, {"occupied": True}, frozenset()),
    ("alink", "sos_button", None, "a1/sos-1", {}, {"sos": True}, frozenset()),
    ("alink", "lamp_post", None, "a1/lamp-1", {}, {"on": True, "tilt_deg": 0.5}, frozenset()),
    ("iotda", "water_meter", None, "wm-1", {}, METER, frozenset()),
    ("iotda", "water_meter", None, "wm-1", {"gateway": "gw-1"}, {**METER, "battery_pct": 88}, frozenset()),
    ("iotda", "manhole", None, "mh-1", {}, OPEN_COVER, frozenset()),
    ("ctwing", "gas_alarm", None, "860374051000000", {}, GAS_LEAK, frozenset(GAS_LEAK) - {"co_ppm"}),
    ("ctwing", "smoke_alarm", None, "860374051000000", {}, {"alarm": False, "battery_pct": 80}, frozenset()),
    ("ctwing", "smoke_alarm", None, "860374051000000", {}, {**SMOKE, "temp_c": 30, "rssi_dbm": -114}, frozenset()),
    ("ctwing", "smoke_alarm", None, "860374051000000", {}, {"alarm": False, "fault": False}, frozenset()),
    ("ctwing", "smoke_alarm", None, "860374051000000", {}, {"fault": True}, frozenset()),
    ("ctwing", "smoke_alarm", None, "860374051000000", {}, {"battery_low": True}, frozenset()),
    ("ctwing", "smoke_alarm", None, "860374051000000", {}, {"test": True}, frozenset()),
    ("ctwing", "water_meter", None, "860374051000000", {}, {**METER, "battery_pct": 100}, frozenset()),
    ("ctwing", "manhole", None, "860374051000000", {}, OPEN_COVER, frozenset()),
    ("thingsboard", "gas_alarm", None, "Gas 3-402", {}, GAS_LEAK, frozenset()),
    ("thingsboard", "bin", None, "Bin 7", {}, {"fill_pct": 61.5, "full": False}, frozenset()),
    ("jetlinks", "fire_panel", None, "fp-1", {}, {"alarm": True, "fault": False}, frozenset()),
    ("jetlinks", "ebike_lift", None, "cam-1", {"gateway": "nvr-1"}, {"present": True}, frozenset()),
    ("tasmota", "door", None, "0xCBA4", {}, {"opened": True, "battery_v": 2.995}, frozenset()),
    ("tasmota", "motion", None, "0x221C", {}, {"occupied": True, "battery_pct": 98}, frozenset()),
    ("tasmota", "water_leak", None, "0x099F", {}, {"leak": True, "temp_c": 21.01}, frozenset()),
    ("shelly", "gas_alarm", "shellygas-methane", "shellygas-1052", {}, GAS_LEAK, frozenset(GAS_LEAK) - {"co_ppm"}),
    ("shelly", "smoke_alarm", None, "shellysmoke-10521CF29E19", {}, {**SMOKE, "temp_c": 21.5}, frozenset()),
    ("shelly", "water_leak", None, "shellyflood-10521CF29E20", {}, {"leak": True, "battery_pct": 70}, frozenset()),
    ("shelly", "door", None, "shellydw2-10521CF29E21", {}, {"opened": True, "battery_pct": 70}, frozenset()),
    ("shelly", "sos_button", None, "shellybutton1-10521CF29E22", {}, {"sos": True}, frozenset()),
    ("hj212", "manhole", None, STATION, {}, OPEN_COVER, frozenset()),
    ("hj212", "gas_alarm", None, STATION, {}, {"co_ppm": 120, "temp_c": 22.5}, frozenset()),
    ("setracker", "wristband", None, WATCH, {}, BAND, frozenset()),
    ("setracker", "wristband", None, WATCH, {}, {"sos": True, "battery_pct": 60}, frozenset()),
    ("setracker", "wristband", None, WATCH, {}, {"fall": True, "lat": 30.31245, "lon": 120.12345}, frozenset()),
    ("setracker", "wristband", None, WATCH, {}, {"worn": False, "battery_pct": 60}, frozenset()),
    (
        "setracker",
        "wristband",
        None,
        WATCH,
        {},
        {"systolic_mmhg": 120, "diastolic_mmhg": 79, "heart_rate_bpm": 73},
        frozenset(),
    ),
    ("wmbusmeters", "water_meter", None, "12345678", {}, METER, frozenset({"volume_m3", "burst", "leak", "backflow"})),
    ("homeassistant", "motion", None, "motion_000007", {}, {"occupied": True, "battery_pct": 90}, frozenset()),
    ("homeassistant", "door", None, "door_000007", {}, {"opened": True, "temp_c": 21.5}, frozenset()),
    ("sparkplug", "lamp_post", None, "fengshu/road-1/lamp-7", {}, {"on": True, "tilt_deg": 1.25}, frozenset()),
    ("sparkplug", "manhole", None, "fengshu/road-1/mh-7", {}, OPEN_COVER, frozenset()),
]
_NUMBERS = count()
TOLERANCES = {"lel_pct": 0.5, "tilt_deg": 0.5, "h2s_ppm": 0.01, "co_ppm": 0.01}
"""Where the vendor's resolution is coarser than ours."""


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    kinds = load_kinds()
    return Decoder(kinds, load_mappings(kinds))


def frames(messages: Any, received: int = AT) -> list[Frame]:
    got: list[Frame] = []
    for message in messages:
        if isinstance(message, HttpPush):
            pushed = PUSH_SOURCES[message.platform](message.headers, message.query, message.body, received)
            assert isinstance(pushed, list), pushed
            got += pushed
        else:
            assert isinstance(message, Message)
            got.append(Frame(message.topic, message.payload, received, "bulk", message.qos))
    return got


def values_of(result: IngestResult) -> dict[str, Value]:
    return {name: value for reading in result.readings for name, value in reading.values.items()}


@pytest.mark.parametrize(
    ("platform", "kind", "model", "identity", "attributes", "sent", "has"),
    CASES,
    ids=[f"{case[0]} {case[2] or case[1]} {number}" for number, case in enumerate(CASES)],
)
def test_the_decoder_reads_the_values_that_were_sent(
    decoder: Decoder,
    platform: str,
    kind: str,
    model: str | None,
    identity: str,
    attributes: dict[str, Any],
    sent: Values,
    has: frozenset[str],
) -> None:
    # A device of its own for each case: the decoder drops duplicates.
    device = Device(
        f"d-{next(_NUMBERS)}", kind, model, identities=(Identity(platform, identity),), attributes=attributes
    )
    decoder.device_index = DeviceIndex((device,))
    encoder = MessageEncoder((device,), AT)

    result = decoder.decode(frames(encoder.encode(Measurement(device.id, sent, True), AT)))

    assert [] == [(refusal.reason, refusal.detail) for refusal in result.refusals]
    read = values_of(result)
    expected = {name: value for name, value in sent.items() if name in (has or sent)}
    got = {name: read.get(name) for name in expected}
    assert got == {name: pytest.approx(value, abs=TOLERANCES.get(name, 0)) for name, value in expected.items()}


@pytest.mark.parametrize(
    ("platform", "model", "identity"),
    [
        ("native", None, "d"),
        ("iotda", None, "wm-1"),
        ("thingsboard", None, "Meter 1"),
        ("chirpstack", "flowIQ", EUI),
        ("tts", "Qalcosonic W1", "meter-1"),
    ],
)
def test_the_day_of_a_meter_is_read_hour_by_hour(
    decoder: Decoder, platform: str, model: str | None, identity: str
) -> None:
    device = Device(f"d-{next(_NUMBERS)}", "water_meter", model, None, (Identity(platform, identity),))
    decoder.device_index = DeviceIndex((device,))
    midnight = AT // HOUR * HOUR
    entries = tuple(TimedValues(midnight - (23 - hour) * HOUR, {"volume_m3": 7 + hour / 100}) for hour in range(24))

    messages = MessageEncoder((device,), AT).encode_batch(Batch(device.id, entries))
    result = decoder.decode(frames(messages, midnight + 60_000))

    assert [] == [(refusal.reason, refusal.detail) for refusal in result.refusals]
    read = {reading.at: reading.values["volume_m3"] for reading in result.readings if "volume_m3" in reading.values}
    assert read == {entry.at: pytest.approx(float(entry.values["volume_m3"])) for entry in entries}


def test_every_platform_with_an_encoder_is_decoded() -> None:
    assert {case[0] for case in CASES} == set(ENCODERS)
